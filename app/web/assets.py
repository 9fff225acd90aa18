"""The style sheet, the script and the drawings: vendor files out of their wheels with our own after them.

Every address carries a hash of its content, so that a browser keeps it for a year and a release
changes it at once. Of a vendor's sheet only the rules are sent that a page of ours can show.
Vendor packages are found, never imported: django-htmx would ask for Django.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import click
from flask import Blueprint, abort, current_app, request
from werkzeug import Response

from app.config import ROOT
from app.web import pruning
from app.web.access import public
from app.web.page import address

YEAR = 365 * 24 * 3600
# One file of each kind keeps a cold page at four requests. A package's name, or "" for static/.
ASSETS = {
    "app.css": (
        ("flask_bootstrap", "static/bootstrap5/css/bootstrap.min.css"),
        ("", "css/tokens.css"),
        ("", "css/app.css"),
        ("", "css/ledger.css"),
        ("", "css/forms.css"),
        ("", "css/record.css"),
        ("", "css/tables.css"),
        ("", "css/home.css"),
    ),
    "app.js": (
        ("django_htmx", "static/django_htmx/htmx-2.min.js"),
        ("", "js/app.js"),
    ),
}
MIMETYPES = {"app.css": "text/css", "app.js": "text/javascript"}

bp = Blueprint("assets", __name__)


class Packed(NamedTuple):
    """A file as it is sent: plain, compressed, and the hash that its address carries."""

    plain: bytes
    zipped: bytes
    digest: str


@lru_cache(maxsize=8)
def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{package} is not installed: ./duban run installs it")
    return Path(spec.submodule_search_locations[0])


def _part(file: Path) -> bytes:
    vendors = file.suffix == ".css" and not file.is_relative_to(ROOT / "static")
    return pruning.prune(file.read_text(), _used()).encode() if vendors else file.read_bytes()


@lru_cache(maxsize=1)
def _used() -> frozenset[str]:
    """Return the words of all pages and of our own sheets and scripts, as they were at the start."""
    own = (*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/css/*.css"), *ROOT.glob("static/js/*.js"))
    return pruning.words(file.read_text() for file in own)


@lru_cache(maxsize=32)
def _pack(files: tuple[Path, ...], _changed: tuple[int, ...]) -> Packed:
    # The map that a vendor names is not shipped; asking for it would only be a 404.
    plain = b"\n".join(_part(file).split(b"/*# sourceMappingURL=")[0] for file in files)
    return Packed(plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:10])


@lru_cache(maxsize=32)
def _look(files: tuple[Path, ...], _second: int) -> Packed:
    return _pack(files, tuple(file.stat().st_mtime_ns for file in files))


def _read(*files: Path) -> Packed:
    # A page names four files out of ten; to look once a second whether they changed is enough.
    return _look(files, int(time.monotonic()))


def _static() -> Path:
    return Path(str(current_app.static_folder))


@lru_cache(maxsize=8)
def _files(static: str, name: str) -> tuple[Path, ...]:
    return tuple((_folder(package) if package else Path(static)) / path for package, path in ASSETS[name])


def _asset(name: str) -> Packed:
    return _read(*_files(str(current_app.static_folder), name))


@bp.app_template_global()
def asset_url(name: str) -> str:
    """Return the address of `app.css` or `app.js`."""
    return address("assets.send", name=name, v=_asset(name).digest)


@bp.app_template_global()
def static_url(path: str) -> str:
    """Return the address of a file under static/, with its hash."""
    return address("static", filename=path, v=_read(_static() / path).digest)


@bp.get("/assets/<name>")
@public
def send(name: str) -> Response:
    """Send one white-listed asset, compressed where the browser takes it."""
    if name not in ASSETS:
        abort(404)
    packed = _asset(name)
    zipped = request.accept_encodings.quality("gzip") > 0
    response = Response(packed.zipped if zipped else packed.plain, mimetype=MIMETYPES[name])
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
    for name in ASSETS:
        packed = _asset(name)
        (folder / name).write_bytes(packed.plain)
        (folder / f"{name}.gz").write_bytes(packed.zipped)
