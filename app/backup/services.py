"""Back up a site while it runs, and restore it into an empty place."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from app import clock
from app.audit import verification
from app.audit.reports import Report
from app.backup import archive, databases
from app.backup.rules import BACKUP_CREATED
from app.config import Settings
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.db.uow import UnitOfWork

KEYS = ("secret_key", "field_key", "signing_key")
NEEDED_KEYS = ("field_key", "signing_key")  # without the third, people only have to sign in again
_PENDING = ".restoring"


@dataclass(frozen=True)
class Backup:
    """A finished backup; `problems` names evidence that is missing or no longer what it was."""

    path: Path
    sha256: str
    size: int
    files: int
    secrets: bool
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Restored:
    """A verified restoration: when its backup was made, and what the check of its log found."""

    made_at: str
    files: int
    secrets: bool
    report: Report


def create(settings: Settings, target: Path, now: datetime, *, with_secrets: bool = False) -> Backup:
    """Write database, evidence, anchors and fonts of one moment into one file; writers go on meanwhile.

    `target` is a folder, or a file ending in .tar or .tar.gz. Raise NotAllowed if the file exists.
    """
    if target.is_dir():
        target = target / f"duban-{clock.local(now):%Y%m%d-%H%M%S}.tar"
    if not target.name.endswith((".tar", ".tar.gz", ".tgz")):
        raise Invalid(N_("备份文件的名称应以 .tar 或 .tar.gz 结尾。"))
    if target.exists():
        raise NotAllowed(N_("文件已存在，不会覆盖：%(name)s"), name=target.name)
    with tempfile.TemporaryDirectory(prefix=".duban-backup-", dir=target.parent) as folder:
        part = Path(folder, "archive")
        with part.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            zipped = not target.name.endswith(".tar")
            with archive.Writer(file, int(now.timestamp()), zipped=zipped) as writer:
                problems = _fill(writer, settings, Path(folder), now, with_secrets)
            file.flush()
            os.fsync(file.fileno())
        size = part.stat().st_size
        part.rename(target)
    return Backup(target, writer.sha256(), size, len(writer.files), with_secrets, tuple(problems))


def _fill(
    writer: archive.Writer, settings: Settings, folder: Path, now: datetime, with_secrets: bool
) -> list[str]:
    # Anchors before the database: none may speak of an entry that the copy does not have.
    # Evidence after it: a file is in its place before a row names it.
    _add_folder(writer, settings.instance, "anchors")
    file, facts = databases.dump(settings, folder)
    wanted = databases.evidence(settings, file)
    with file.open("rb") as stream:
        writer.add(file.name, stream)
    file.unlink()
    problems = _add_evidence(writer, settings.attachments, wanted)
    _add_folder(writer, settings.instance, "fonts")
    if with_secrets:
        for name in KEYS:
            writer.add_text(f"secrets/{name}.secret", getattr(settings, name))
    kind = databases.kind_of(settings)
    writer.finish({"at": now.isoformat(), "kind": kind, "keys": _fingerprints(settings), **facts})
    return problems


def _add_folder(writer: archive.Writer, instance: Path, name: str) -> None:
    folder = instance / name
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            with path.open("rb") as stream:
                writer.add(f"{name}/{path.name}", stream)


def _add_evidence(writer: archive.Writer, root: Path, wanted: set[str]) -> list[str]:
    """Add every original; unfinished uploads and previews, made again at will, stay behind."""
    problems = []
    for path in sorted(root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
        with path.open("rb") as stream:
            found = writer.add(f"attachments/{path.relative_to(root).as_posix()}", stream)
        wanted.discard(path.name)
        if found != path.name:
            problems.append(path.name)
    return [*problems, *sorted(wanted)]


def _fingerprints(settings: Settings) -> dict[str, str]:
    """Return what tells two keys apart and nothing more."""
    return {
        name: hashlib.sha256(f"duban.backup\0{name}\0{getattr(settings, name)}".encode()).hexdigest()[:16]
        for name in NEEDED_KEYS
    }


def record_created(uow: UnitOfWork, backup: Backup) -> None:
    """Record that a copy of the data left the site."""
    uow.record(BACKUP_CREATED, None, files=backup.files, sha256=backup.sha256, secrets=backup.secrets)


def restore(settings: Settings, file: Path, into: Path) -> Restored:
    """Bring a backup back into an empty instance folder (and PostgreSQL database), verified.

    Raise NotAllowed if the target is not empty, Invalid if the backup is not whole; the folder is
    then as empty as before.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise NotAllowed(N_("目标文件夹不是空的；只能恢复到空文件夹：%(name)s"), name=str(into))
    if not settings.sqlite:
        databases.refuse_full(settings)
    with _pending(into) as folder:
        with file.open("rb") as stream:
            manifest = archive.unpack(stream, folder)
        if manifest["kind"] != databases.kind_of(settings):
            raise NotAllowed(
                N_("备份来自另一种数据库（%(kind)s），请核对 DATABASE_URL。"), kind=manifest["kind"]
            )
        site, secrets = _site(settings, folder, manifest["keys"])
        databases.load(site, folder / databases.MEMBERS[manifest["kind"]], manifest)
        engine = create_engine(site.owner_url)
        report = verification.verify(engine, site)
        engine.dispose()
        if not report.ok:
            fault = report.faults[0]
            raise Invalid(
                N_("恢复的审计日志未通过核对：%(place)s %(problem)s"),
                place=fault.place,
                problem=fault.problem,
            )
        os.sync()
    return Restored(manifest["at"], len(manifest["files"]), secrets, report)


@contextmanager
def _pending(into: Path) -> Iterator[Path]:
    """Give a folder inside the target; its content moves up if the block succeeds, else all is undone."""
    made = not into.exists()
    into.mkdir(mode=0o750, parents=True, exist_ok=True)
    folder = into / _PENDING
    folder.mkdir(mode=0o700)
    try:
        yield folder
        for path in sorted(folder.iterdir()):
            path.rename(into / path.name)
        folder.rmdir()
    except BaseException:
        shutil.rmtree(into if made else folder, ignore_errors=True)
        raise


def _site(settings: Settings, folder: Path, keys: dict[str, str]) -> tuple[Settings, bool]:
    """Return the settings of the restored site, with the backup's own keys where it carries them."""
    own: dict[str, Any] = {}
    for name in KEYS:
        path = folder / "secrets" / f"{name}.secret"
        if path.is_file():
            path.rename(folder / path.name)
            own[name] = (folder / path.name).read_text()
    if own:
        (folder / "secrets").rmdir()
    site = replace(settings, instance=folder, **own)
    if site.sqlite:
        url = f"sqlite:///{folder / 'duban.db'}"
        site = replace(site, database_url=url, owner_url=url)
    for name, mark in _fingerprints(site).items():
        if keys.get(name) != mark:
            raise NotAllowed(
                N_("DUBAN_%(name)s 与备份时的不同；请用原来的密钥：否则受保护的内容读不出，签名也核对不了。"),
                name=name.upper(),
            )
    return site, bool(own)
