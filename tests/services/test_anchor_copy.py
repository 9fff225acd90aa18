"""The copy of the anchor file elsewhere, and keys that were retired."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.audit import anchors, checkpoints, jobs, keys, verification
from app.config import SettingsError
from app.extensions import db
from tests.cast import NOW
from tests.services.audit_tools import found
from tests.services.exports import write_entries


@pytest.fixture
def share(db_context: Any, site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder elsewhere that the anchor file is copied to."""
    folder = tmp_path / "share"
    folder.mkdir()
    anchors.status_file(site.settings.instance).unlink(missing_ok=True)
    anchors.anchor_file(site.settings.instance).unlink(missing_ok=True)
    monkeypatch.setattr(site, "settings", replace(site.settings, anchor_copy=folder))
    return folder


def status(site: Any) -> dict[str, Any]:
    return anchors.copy_status(site.settings.instance)


def verify(site: Any, *, full: bool = True) -> Any:
    return verification.verify(db.engine, site.settings, full=full)


def unanchored(site: Any, centre: int, *, full: bool = True) -> int:
    return next(chain.unanchored for chain in verify(site, full=full).chains if chain.centre_id == centre)


def test_the_copy_grows_with_the_file_and_counts_as_anchored(site, cast, share):
    checkpoints.sign(site.settings, NOW)
    assert unanchored(site, cast.centre) > 1  # not there yet
    jobs.copy_anchors(site.settings, NOW)
    copy = share / "checkpoints.jsonl"
    assert copy.read_bytes() == anchors.anchor_file(site.settings.instance).read_bytes()
    assert (status(site)["problem"], status(site)["at"]) == ("", NOW.isoformat())
    assert unanchored(site, cast.centre) == 0
    first = copy.stat().st_ino
    write_entries(2)
    checkpoints.sign(site.settings, NOW)
    assert unanchored(site, cast.centre) == unanchored(site, cast.centre, full=False) == 2
    jobs.copy_anchors(site.settings, NOW)
    assert unanchored(site, cast.centre) == unanchored(site, cast.centre, full=False) == 0
    assert copy.stat().st_ino == first  # added to, never written anew


def test_an_addition_cut_short_is_gone_on_with(site, cast, share):
    checkpoints.sign(site.settings, NOW)
    source = anchors.anchor_file(site.settings.instance).read_bytes()
    (share / "checkpoints.jsonl").write_bytes(source[:-30])
    jobs.copy_anchors(site.settings, NOW)
    assert (share / "checkpoints.jsonl").read_bytes() == source
    assert verify(site).ok


def test_a_copy_that_is_not_the_beginning_is_left_alone_and_named(site, cast, share):
    checkpoints.sign(site.settings, NOW)
    jobs.copy_anchors(site.settings, NOW)
    path = anchors.anchor_file(site.settings.instance)
    kept = (share / "checkpoints.jsonl").read_bytes()
    path.write_bytes(path.read_bytes().replace(b'"at_us":1', b'"at_us":2', 1))
    later = NOW + timedelta(minutes=1)
    jobs.copy_anchors(site.settings, later)
    assert status(site)["problem"] == anchors.OTHER_FILE
    assert (status(site)["failing_since"], status(site)["at"]) == (later.isoformat(), NOW.isoformat())
    assert (share / "checkpoints.jsonl").read_bytes() == kept
    assert any(anchors.OTHER_FILE in fault for fault in found(verify(site)))


def test_who_rewrites_log_and_file_is_shown_up_by_the_copy(site, cast, share):
    """The anchor of the copy names an entry that the log no longer has as it was."""
    checkpoints.sign(site.settings, NOW)
    jobs.copy_anchors(site.settings, NOW)
    copy = share / "checkpoints.jsonl"
    other = replace(site.settings, signing_key="x" * 40)
    anchors.anchor_file(site.settings.instance).unlink()
    assert any(keys.FOREIGN_KEY in fault for fault in found(verification.verify(db.engine, other)))
    assert copy.exists()


def test_a_missing_share_is_said_retried_and_holds_nobody_up(site, cast, share):
    checkpoints.sign(site.settings, NOW)
    share.rename(share.with_name("away"))
    jobs.copy_anchors(site.settings, NOW)
    assert (status(site)["problem"], status(site)["at"]) == (anchors.NO_FOLDER, None)
    jobs.copy_anchors(site.settings, NOW + timedelta(minutes=1))
    assert status(site)["failing_since"] == NOW.isoformat()
    assert verify(site).ok
    share.with_name("away").rename(share)
    jobs.copy_anchors(site.settings, NOW + timedelta(minutes=2))
    assert (status(site)["problem"], status(site)["failing_since"]) == ("", None)


def test_a_share_that_hangs_holds_nobody_up(site, cast, share, monkeypatch):
    checkpoints.sign(site.settings, NOW)
    release = threading.Event()
    monkeypatch.setattr(anchors, "extend_copy", lambda *_: release.wait(30))
    monkeypatch.setattr(jobs, "COPY_PATIENCE", 0.05)
    jobs.copy_anchors(site.settings, NOW)
    jobs.copy_anchors(site.settings, NOW)
    assert status(site)["problem"] == anchors.HANGS
    assert anchors.readable_copy(site.settings) is None
    release.set()
    jobs._copying[0].join()
    assert status(site)["problem"] == ""


def test_without_a_folder_nothing_is_copied(db_context, site):
    jobs.copy_anchors(site.settings, NOW)
    assert anchors.copy_file(site.settings) is None


# --- retired keys --------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_checkpoints_of_a_retired_key_hold_up_to_its_retirement(db_context, site, cast):
    checkpoints.sign(site.settings, NOW)
    old = keys.public_key(site.settings).hex()
    renewed = replace(site.settings, signing_key="y" * 40)
    assert any(keys.FOREIGN_KEY in fault for fault in found(verification.verify(db.engine, renewed)))
    renewed = replace(renewed, retired_keys=f"{old}@2026-11-18T10:00:00+08:00")
    assert found(verification.verify(db.engine, renewed)) == []
    write_entries(1)
    checkpoints.sign(site.settings, NOW + timedelta(minutes=1))  # by whoever kept the old key
    assert any(keys.RETIRED_KEY in fault for fault in found(verification.verify(db.engine, renewed)))


@pytest.mark.parametrize("text", ["x", "00@2026-11-18", f"{'0' * 64}@2026-11-18T10:00", "a" * 64])
def test_a_retired_key_that_cannot_be_read_stops_with_its_name(site, text):
    with pytest.raises(SettingsError, match="DUBAN_RETIRED_KEYS"):
        keys.retired_keys(replace(site.settings, retired_keys=text))


def test_the_key_command_prints_what_retires_it(app, site):
    said = app.test_cli_runner().invoke(args=["audit", "key"]).output
    public = keys.public_key(site.settings)
    assert keys.grouped(keys.key_name(public)) in said
    line = said.split("：")[-1].strip()
    assert keys.retired_keys(replace(site.settings, retired_keys=line))[0].public == public
