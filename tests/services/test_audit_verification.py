"""Verification is green on a real log and names the first bad row of a changed one."""

from __future__ import annotations

from typing import Any

import pytest

from app.audit import anchors, chain, checkpoints, keys, verification, witness_checks
from app.audit.append import draft
from app.audit.chain import Link, link_hash
from app.audit.keys import Checkpoint
from app.audit.models import AuditEntry, AuditHead
from app.db.uow import unit_of_work
from app.extensions import db
from app.organisation.models import Department
from app.organisation.rules import DEPARTMENT_ADDED
from app.permissions import system_actor
from tests.cast import NOW
from tests.services.audit_tools import found, owner, run, verify

pytestmark = pytest.mark.both_databases
BEFORE = "centre_id = :c AND seq = :s"


def rename(cast: Any, name: str) -> None:
    with unit_of_work(system_actor("test"), NOW) as uow:
        row = uow.get(Department, cast.department_a)
        row.name = name
        uow.record(DEPARTMENT_ADDED, row)


def head(cast: Any) -> AuditHead:
    db.session.rollback()
    return db.session.get_one(AuditHead, cast.centre)


def entry(cast: Any, seq: int) -> Link:
    db.session.rollback()
    row = db.session.get_one(AuditEntry, (cast.centre, seq))
    return Link(*(getattr(row, name) for name in Link._fields))


def test_a_log_that_nobody_touched_is_good(db_context, site, cast):
    checkpoints.sign(site.settings, NOW)
    rename(cast, "新名")
    report = verify(site)
    assert found(report) == []
    chains = {each.centre_id: each for each in report.chains}
    here = chains[cast.centre]
    assert here.entries == here.last_seq + 1 == head(cast).seq + 1
    assert here.checkpoint_seq == here.anchored_seq == here.last_seq - 1
    assert here.unanchored == 1
    assert set(chains) >= {cast.centre, cast.other_centre}
    assert report.checkpoints == report.anchors == len(report.chains)


def test_a_short_check_reads_only_what_is_new(db_context, site, cast):
    checkpoints.sign(site.settings, NOW)
    for name in ("甲", "乙", "丙"):
        rename(cast, name)
    report = verify(site, full=False)
    assert report.ok
    assert report.entries == 3
    with db.engine.connect() as connection:
        assert verification.count_new(connection) == 3


@pytest.mark.parametrize("name", [name for name in Link._fields if name not in ("centre_id", "seq")])
def test_an_altered_value_is_named(db_context, site, cast, name):
    before = getattr(entry(cast, 5), name)
    number = AuditEntry.__table__.c[name].type.python_type is int
    with owner(site) as connection:
        value = (before or 0) + 1 if number else ("0" * 64 if len(before or "") == 64 else "x")
        run(connection, f"UPDATE audit_entries SET {name} = :v WHERE {BEFORE}", v=value, c=cast.centre, s=5)
    assert found(verify(site))[0].startswith(f"{cast.centre}/5 ")


def test_a_removed_entry_is_named(db_context, site, cast):
    with owner(site) as connection:
        run(connection, f"DELETE FROM audit_entries WHERE {BEFORE}", c=cast.centre, s=5)
    assert found(verify(site)) == [f"{cast.centre}/5 {chain.MISSING}"]


def test_a_removed_opening_is_named(db_context, site, cast):
    with owner(site) as connection:
        run(connection, f"DELETE FROM audit_entries WHERE {BEFORE}", c=cast.centre, s=0)
    assert found(verify(site)) == [f"{cast.centre}/0 {chain.MISSING}"]


def test_two_exchanged_entries_are_named(db_context, site, cast):
    with owner(site) as connection:
        for seq, new in ((5, 900_001), (8, 5), (900_001, 8)):
            run(
                connection,
                f"UPDATE audit_entries SET seq = :n WHERE {BEFORE}",
                n=new,
                c=cast.centre,
                s=seq,
            )
    assert found(verify(site)) == [f"{cast.centre}/5 {chain.DETACHED}"]


def put(connection: Any, link: Link) -> None:
    names = ", ".join(Link._fields)
    values = ", ".join(f":{name}" for name in Link._fields)
    run(connection, f"INSERT INTO audit_entries ({names}) VALUES ({values})", **link._asdict())


def test_an_inserted_entry_is_named(db_context, site, cast):
    made_up = draft(system_actor("nobody"), NOW, cast.centre, "department.added")
    made_up = made_up._replace(seq=6, previous=entry(cast, 5).hash)
    made_up = made_up._replace(hash=link_hash(made_up))
    with owner(site) as connection:
        for shift in (1_000_000, -999_999):  # in two steps: the numbers are unique at every moment
            run(
                connection,
                "UPDATE audit_entries SET seq = seq + :n WHERE centre_id = :c AND seq >= 6",
                n=shift,
                c=cast.centre,
            )
        put(connection, made_up)
    assert found(verify(site))[0] == f"{cast.centre}/7 {chain.DETACHED}"


def test_an_entry_beyond_the_head_is_named(db_context, site, cast):
    last = entry(cast, head(cast).seq)
    made_up = last._replace(seq=last.seq + 1, previous=last.hash)
    with owner(site) as connection:
        put(connection, made_up._replace(hash=link_hash(made_up)))
    assert found(verify(site)) == [f"{cast.centre}/{last.seq + 1} {verification.HEAD_BEHIND}"]


def test_an_altered_head_is_named(db_context, site, cast):
    seq = head(cast).seq
    with owner(site) as connection:
        run(connection, "UPDATE audit_heads SET hash = :h WHERE centre_id = :c", h="0" * 64, c=cast.centre)
    assert found(verify(site)) == [f"{cast.centre}/{seq} {verification.HEAD_DIFFERS}"]


def test_a_removed_head_is_named(db_context, site, cast):
    seq = head(cast).seq
    with owner(site) as connection:
        run(connection, "DELETE FROM audit_heads WHERE centre_id = :c", c=cast.centre)
    assert found(verify(site)) == [f"{cast.centre}/{seq} {verification.NO_HEAD}"]


def test_a_removed_chain_is_named(db_context, site, cast):
    with owner(site) as connection:
        run(connection, "DELETE FROM audit_entries WHERE centre_id = :c", c=cast.centre)
    assert found(verify(site)) == [f"{cast.centre}/0 {verification.NO_ENTRIES}"]


def cut(site: Any, cast: Any, seq: int, *tables: str) -> None:
    """Cut a chain after an entry, with the traces the named tables keep of what followed."""
    kept = entry(cast, seq)
    with owner(site) as connection:
        for table in ("audit_entries", *(table for table in tables if table == "audit_checkpoints")):
            run(connection, f"DELETE FROM {table} WHERE centre_id = :c AND seq > :s", c=cast.centre, s=seq)
        if "audit_heads" in tables:
            run(
                connection,
                "UPDATE audit_heads SET seq = :s, hash = :h WHERE centre_id = :c",
                s=seq,
                h=kept.hash,
                c=cast.centre,
            )


@pytest.mark.parametrize("full", [True, False])
def test_a_cut_tail_is_named(db_context, site, cast, full):
    last = head(cast).seq
    cut(site, cast, last - 3)
    assert found(verify(site, full=full)) == [f"{cast.centre}/{last - 2} {verification.CUT}"]


@pytest.mark.parametrize("full", [True, False])
def test_a_tail_cut_together_with_the_head_is_caught_by_the_checkpoint(db_context, site, cast, full):
    last = head(cast).seq
    checkpoints.sign(site.settings, NOW)
    anchors.anchor_file(site.settings.instance).unlink()
    cut(site, cast, last - 3, "audit_heads")
    assert f"{cast.centre}/{last} {witness_checks.CHECKPOINT_WITHOUT_ENTRY}" in found(verify(site, full=full))


@pytest.mark.parametrize("full", [True, False])
def test_a_tail_cut_together_with_head_and_checkpoints_is_caught_by_the_anchor(db_context, site, cast, full):
    last = head(cast).seq
    checkpoints.sign(site.settings, NOW)
    cut(site, cast, last - 3, "audit_heads", "audit_checkpoints")
    assert found(verify(site, full=full)) == [f"{cast.centre}/{last} {witness_checks.ANCHOR_WITHOUT_ENTRY}"]


def test_a_chain_written_anew_is_caught_by_what_was_signed(db_context, site, cast):
    checkpoints.sign(site.settings, NOW)
    last = head(cast).seq
    links = [entry(cast, seq) for seq in range(last + 1)]
    links[4] = links[4]._replace(actor_name="someone else")
    with owner(site) as connection:
        previous = links[3].hash
        for link in links[4:]:
            link = link._replace(previous=previous)
            previous = link_hash(link)
            run(
                connection,
                f"UPDATE audit_entries SET actor_name = :n, previous = :p, hash = :h WHERE {BEFORE}",
                n=link.actor_name,
                p=link.previous,
                h=previous,
                c=cast.centre,
                s=link.seq,
            )
        run(connection, "UPDATE audit_heads SET hash = :h WHERE centre_id = :c", h=previous, c=cast.centre)
    assert found(verify(site)) == [
        f"{cast.centre}/{last} {witness_checks.ANCHOR_DIFFERS}",
        f"{cast.centre}/{last} {witness_checks.CHECKPOINT_DIFFERS}",
    ]
    assert not verify(site, full=False).ok


def test_a_checkpoint_of_another_key_is_named(db_context, site, cast, tmp_path):
    from dataclasses import replace

    elsewhere = replace(site.settings, signing_key="f" * 64, instance=tmp_path)
    checkpoints.sign(elsewhere, NOW)
    for full in (True, False):
        assert f"{cast.centre}/{head(cast).seq} {keys.FOREIGN_KEY}" in found(verify(site, full=full))


@pytest.mark.parametrize(("column", "value"), [("at_us", 1), ("signature", "00" * 64), ("signature", "?")])
def test_a_forged_checkpoint_is_named(db_context, site, cast, column, value):
    checkpoints.sign(site.settings, NOW)
    with owner(site) as connection:
        run(
            connection,
            f"UPDATE audit_checkpoints SET {column} = :v WHERE centre_id = :c",
            v=value,
            c=cast.centre,
        )
    for full in (True, False):
        assert f"{cast.centre}/{head(cast).seq} {keys.BAD_SIGNATURE}" in found(verify(site, full=full))


def test_a_checkpoint_moved_to_another_entry_is_named(db_context, site, cast):
    checkpoints.sign(site.settings, NOW)
    with owner(site) as connection:
        run(connection, "UPDATE audit_checkpoints SET seq = 3 WHERE centre_id = :c", c=cast.centre)
    assert f"{cast.centre}/3 {keys.BAD_SIGNATURE}" in found(verify(site))


def test_an_anchor_copied_from_elsewhere_is_compared_too(db_context, site, cast):
    checkpoints.sign(site.settings, NOW)
    file = anchors.anchor_file(site.settings.instance)
    file.rename(file.with_name("from-the-other-machine.jsonl"))
    last = head(cast).seq
    cut(site, cast, last - 1, "audit_heads", "audit_checkpoints")
    assert found(verify(site)) == [f"{cast.centre}/{last} {witness_checks.ANCHOR_WITHOUT_ENTRY}"]


def test_an_anchor_that_cannot_be_read_is_named(db_context, site, cast):
    checkpoints.sign(site.settings, NOW)
    file = anchors.anchor_file(site.settings.instance)
    lines = file.read_text().splitlines()
    file.write_text("\n".join(["{damaged", *lines[1:]]) + "\n")
    report = verify(site)
    assert [(fault.problem, fault.about) for fault in report.faults] == [
        (witness_checks.ANCHOR_UNREADABLE, "checkpoints.jsonl:1")
    ]


def test_a_line_that_a_power_cut_left_half_written_is_passed_over_and_mended(db_context, site, cast):
    checkpoints.sign(site.settings, NOW)
    file = anchors.anchor_file(site.settings.instance)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"centre_id":1,"se')
    assert verify(site).ok
    rename(cast, "新名")
    assert [each.centre_id for each in checkpoints.sign(site.settings, NOW)] == [cast.centre]
    assert file.read_bytes().startswith(whole + b'{"at_us"')
    assert verify(site).ok


def test_a_forged_anchor_is_named(db_context, site, cast):
    made_up = Checkpoint(cast.centre, 3, entry(cast, 3).hash, 1, keys.Verifier(site.settings).key_id, "00")
    anchors.add_anchors(site.settings.instance, [made_up])
    assert found(verify(site)) == [f"{cast.centre}/3 {keys.BAD_SIGNATURE}"]


def test_the_report_names_one_fault_a_chain_and_goes_on(db_context, site, cast):
    with owner(site) as connection:
        for centre_id in (cast.centre, cast.other_centre):
            run(connection, f"UPDATE audit_entries SET route = 'x' WHERE {BEFORE}", c=centre_id, s=1)
    assert found(verify(site)) == [
        f"{cast.centre}/1 {chain.ALTERED}",
        f"{cast.other_centre}/1 {chain.ALTERED}",
    ]
