"""Style sheets, scripts and drawings: vendor files out of their wheels, our own sheets as one file.

Every address carries a hash of its content, so that a browser keeps it for a year and a release
changes it at once. Vendor packages are found, never imported: django-htmx would ask for Django.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import click
from flask import Blueprint, Response, abort, current_app, request, url_for

from app.web.access import public

YEAR = 365 * 24 * 3600
VENDOR = {
    "bootstrap.css": ("flask_bootstrap", "static/bootstrap5/css/bootstrap.min.css"),
    "htmx.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
}
OWN = {
    "app.css": ("css/tokens.css", "css/app.css", "css/ledger.css", "css/forms.css", "css/record.css"),
    "app.js": ("js/app.js",),
}
MIMETYPES = {".css": "text/css", ".js": "text/javascript"}

bp = Blueprint("assets", __name__)


class Packed(NamedTuple):
    """A file as it is sent: plain, compressed, and the hash that its address carries."""

    plain: bytes
    zipped: bytes
    digest: str


@lru_cache(maxsize=32)
def _sources(name: str, static: str) -> tuple[Path, ...]:
    if name in OWN:
        return tuple(Path(static) / path for path in OWN[name])
    package, path = VENDOR[name]
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{package} is not installed: ./duban run installs it")
    return (Path(spec.submodule_search_locations[0]) / path,)


@lru_cache(maxsize=32)
def _pack(sources: tuple[Path, ...], _changed: tuple[int, ...]) -> Packed:
    plain = b"\n".join(path.read_bytes() for path in sources)
    # The map that a vendor names is not shipped; asking for it would only be a 404.
    plain = plain.split(b"/*# sourceMappingURL=")[0]
    return Packed(plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:10])


def _read(*sources: Path) -> Packed:
    return _pack(sources, tuple(path.stat().st_mtime_ns for path in sources))


def _packed(name: str) -> Packed:
    return _read(*_sources(name, str(current_app.static_folder)))


@bp.app_template_global()
def asset_url(name: str) -> str:
    """Return the address of a vendor file or of one of our own bundles."""
    return url_for("assets.send", name=name, v=_packed(name).digest)


@bp.app_template_global()
def static_url(path: str) -> str:
    """Return the address of a file under static/, with its hash."""
    digest = _read(Path(str(current_app.static_folder)) / path).digest
    return url_for("static", filename=path, v=digest)


@bp.get("/assets/<name>")
@public
def send(name: str) -> Response:
    """Send one white-listed file, compressed where the browser takes it."""
    if name not in VENDOR and name not in OWN:
        abort(404)
    packed = _packed(name)
    zipped = "gzip" in request.accept_encodings
    response = Response(packed.zipped if zipped else packed.plain, mimetype=MIMETYPES[Path(name).suffix])
    if zipped:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(packed.digest + ("-gz" if zipped else ""))
    if request.args.get("v") == packed.digest:
        response.cache_control.public = True
        response.cache_control.immutable = True
        response.cache_control.max_age = YEAR
    else:  # an old page during a release: never keep today's file under yesterday's address
        response.cache_control.no_cache = True
    return response.make_conditional(request)


@bp.cli.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(folder: Path) -> None:
    """Write the assets to FOLDER, for a web server in front that sends them itself."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*VENDOR, *OWN):
        packed = _packed(name)
        (folder / name).write_bytes(packed.plain)
        (folder / f"{name}.gz").write_bytes(packed.zipped)
