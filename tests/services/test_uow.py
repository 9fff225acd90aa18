"""One change, its audit entry and its number commit together, or not at all."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm.exc import StaleDataError

from app.accounts import rules as account_rules
from app.accounts.models import SignInFailure, User
from app.audit.models import AuditEntry
from app.core.errors import NotFound, Stale
from app.db import uow
from app.db.uow import UnauditedChange, end_reading, short_transaction, unit_of_work
from app.extensions import db
from app.organisation import rules as org
from app.organisation.models import Centre, Posting, StaffMember, Zone
from app.permissions import Permission, system_actor
from tests.cast import NOW, OPENED, actor
from tests.sweeps import assert_unchanged, snapshot

pytestmark = pytest.mark.both_databases
ME = system_actor("tester")


def zone(cast: Any, name: str = "二楼大厅") -> Zone:
    return Zone(centre_id=cast.centre, name=name, floor="2F", position=2)


def last_entry() -> AuditEntry:
    db.session.rollback()
    found = db.session.scalar(
        select(AuditEntry).order_by(AuditEntry.at_us.desc(), AuditEntry.seq.desc()).limit(1)
    )
    assert found is not None
    return found


def rename(unit: uow.UnitOfWork, cast: Any, name: str = "南区") -> Zone:
    row = unit.get(Zone, cast.zone)
    row.name = name
    unit.record(org.ZONE_ADDED, row)
    return row


# --- what a unit of work keeps ------------------------------------------------------------------


def test_a_row_and_its_entry_are_kept_together(db_context: Any, cast: Any) -> None:
    who = actor("wang", Permission.PATROL_CONDUCT)
    with unit_of_work(who, NOW) as unit:
        row = zone(cast)
        unit.session.add(row)
        unit.record(org.ZONE_ADDED, row)
    entry = last_entry()
    assert db.session.get(Zone, row.id) is not None
    assert (entry.action, entry.subject_type, entry.subject_id, entry.subject_name) == (
        "zone.added",
        "zone",
        row.id,
        "二楼大厅",
    )
    assert (entry.centre_id, entry.actor_id, entry.actor_name, entry.role) == (
        cast.centre,
        cast.users["wang"],
        "王巡",
        "inspector",
    )
    assert json.loads(entry.payload)["changes"] == {
        "centre_id": [None, cast.centre],
        "name": [None, "二楼大厅"],
        "floor": [None, "2F"],
        "position": [None, 2],
    }


def test_an_exception_keeps_neither(site: Any, db_context: Any, cast: Any) -> None:
    before = snapshot(site)
    with pytest.raises(ZeroDivisionError), unit_of_work(ME, NOW) as unit:
        rename(unit, cast)
        unit.session.flush()
        raise ZeroDivisionError
    assert_unchanged(before, snapshot(site))


def test_an_unrecorded_change_is_refused(site: Any, db_context: Any, cast: Any) -> None:
    before = snapshot(site)
    with pytest.raises(UnauditedChange, match="no recorded action"), unit_of_work(ME, NOW) as unit:
        unit.get(Zone, cast.zone).name = "无人知晓"
    assert_unchanged(before, snapshot(site))


def test_an_unrecorded_change_beside_a_recorded_one_is_refused(site: Any, db_context: Any, cast: Any) -> None:
    before = snapshot(site)
    with pytest.raises(UnauditedChange), unit_of_work(ME, NOW) as unit:
        rename(unit, cast)
        unit.get(StaffMember, cast.guide_staff).title = "班长"
    assert_unchanged(before, snapshot(site))


def test_a_change_of_a_column_never_read_has_its_old_value(db_context: Any, cast: Any) -> None:
    with unit_of_work(ME, NOW) as unit:
        row = unit.get(StaffMember, cast.guide_staff)
        unit.session.expire(row)
        row.name = "何引"
        unit.record(org.STAFF_ADDED, row)
    assert json.loads(last_entry().payload)["changes"] == {"name": ["何导", "何引"]}


def test_several_flushes_make_one_change(db_context: Any, cast: Any) -> None:
    with unit_of_work(ME, NOW) as unit:
        row = unit.get(Zone, cast.zone)
        for name in ("甲区", "乙区"):
            row.name = name
            unit.session.flush()
        unit.record(org.ZONE_ADDED, row)
    assert json.loads(last_entry().payload)["changes"] == {"name": ["一楼大厅", "乙区"]}


def test_a_child_s_change_stands_in_its_parent_s_entry(db_context: Any, cast: Any) -> None:
    with unit_of_work(ME, NOW) as unit:
        staff = unit.get(StaffMember, cast.window_a_staff)
        posting = Posting(
            staff_member=staff, patrol_point_id=cast.point_b, role=org.PostingRole.B, from_on=OPENED
        )
        unit.session.add(posting)
        unit.record(org.STAFF_POSTED, staff)
    changes = json.loads(last_entry().payload)["changes"]
    assert changes[f"posting#{posting.id}.role"] == [None, "B"]
    assert changes[f"posting#{posting.id}.from_on"] == [None, "2024-01-02"]


def test_protected_fields_are_named_but_not_told(db_context: Any, cast: Any) -> None:
    with unit_of_work(ME, NOW) as unit:
        user = unit.get(User, cast.users["wang"])
        user.password_hash = "$argon2id$secret"
        unit.record(account_rules.PASSWORD_CHANGED, user)
    entry = last_entry()
    assert json.loads(entry.payload)["changes"]["password_hash"] == ["***", "***"]
    assert "argon2" not in entry.payload


def test_two_services_in_one_unit_commit_together(db_context: Any, cast: Any) -> None:
    with unit_of_work(ME, NOW) as unit:
        rename(unit, cast)
        staff = unit.get(StaffMember, cast.guide_staff)
        staff.title = "班长"
        unit.record(org.STAFF_ADDED, staff)
    latest = db.session.scalars(
        select(AuditEntry.action).where(AuditEntry.centre_id == cast.centre).order_by(AuditEntry.seq.desc())
    )
    assert list(latest)[:2] == ["staff_member.added", "zone.added"]


def test_one_unit_belongs_to_one_centre(site: Any, db_context: Any, cast: Any) -> None:
    before = snapshot(site)
    with pytest.raises(UnauditedChange, match="one centre"), unit_of_work(ME, NOW) as unit:
        for zone_id in (cast.zone, cast.other_zone):
            row = unit.get(Zone, zone_id)
            row.floor = "9F"
            unit.record(org.ZONE_ADDED, row)
    assert_unchanged(before, snapshot(site))


def test_an_action_takes_exactly_its_declared_keys(site: Any, db_context: Any, cast: Any) -> None:
    before = snapshot(site)
    for extra in ({}, {"roles": [], "more": 1}, {"rolls": []}):
        with pytest.raises(TypeError), unit_of_work(ME, NOW) as unit:
            unit.record(account_rules.USER_ADDED, unit.get(User, cast.users["wang"]), **extra)
    assert_unchanged(before, snapshot(site))


def test_what_waits_for_the_commit_runs_after_it_only(db_context: Any, cast: Any) -> None:
    ran = []
    with unit_of_work(ME, NOW) as unit:
        rename(unit, cast)
        unit.after_commit(lambda: ran.append(db.session.get_one(Zone, cast.zone).name))
        assert not ran
    assert ran == ["南区"]
    with pytest.raises(ZeroDivisionError), unit_of_work(ME, NOW) as unit:
        unit.after_commit(lambda: ran.append("not kept"))
        raise ZeroDivisionError
    assert ran == ["南区"]


def test_a_session_is_usable_after_a_failure(db_context: Any, cast: Any) -> None:
    with pytest.raises(UnauditedChange), unit_of_work(ME, NOW) as unit:
        unit.get(Zone, cast.zone).name = "甲"
    with unit_of_work(ME, NOW) as unit:
        rename(unit, cast)
    assert last_entry().action == "zone.added"


# --- ways around it -----------------------------------------------------------------------------


def test_nothing_is_written_outside_a_unit(site: Any, db_context: Any, cast: Any) -> None:
    before = snapshot(site)
    db.session.add(zone(cast))
    with pytest.raises(UnauditedChange):
        db.session.flush()
    db.session.rollback()
    db.session.get_one(Zone, cast.zone).name = "改"
    with pytest.raises(UnauditedChange):
        db.session.flush()
    db.session.rollback()
    db.session.add(SignInFailure(username_hash="x", address="", at=NOW))
    with pytest.raises(UnauditedChange):
        db.session.flush()
    db.session.rollback()
    assert_unchanged(before, snapshot(site))


def test_a_short_transaction_takes_unaudited_rows_only(site: Any, db_context: Any, cast: Any) -> None:
    with short_transaction() as session:
        session.add(SignInFailure(username_hash="x", address="", at=NOW))
    before = snapshot(site)
    with pytest.raises(UnauditedChange), short_transaction() as session:
        session.add(zone(cast))
    with pytest.raises(UnauditedChange), short_transaction() as session:
        session.execute(update(Zone).values(floor="9F"))
    assert_unchanged(before, snapshot(site))


def test_ledger_rows_are_never_deleted(site: Any, db_context: Any, cast: Any) -> None:
    before = snapshot(site)
    with pytest.raises(UnauditedChange, match="never deleted"), unit_of_work(ME, NOW) as unit:
        row = unit.get(Zone, cast.zone)
        unit.record(org.ZONE_ADDED, row)
        unit.session.delete(row)
    assert_unchanged(before, snapshot(site))


@pytest.mark.parametrize(
    "statement",
    [
        update(Zone).values(floor="9F"),
        update(Zone.__table__).values(floor="9F"),
        delete(Posting),
        insert(Zone).values(centre_id=1, name="x", floor="1", position=1, version=1),
    ],
    ids=["orm update", "core update", "delete", "insert"],
)
def test_bulk_statements_on_ledgers_are_refused(
    site: Any, db_context: Any, cast: Any, statement: Any
) -> None:
    before = snapshot(site)
    with pytest.raises(UnauditedChange, match="bulk"), unit_of_work(ME, NOW) as unit:
        rename(unit, cast)
        unit.session.execute(statement)
    with pytest.raises(UnauditedChange, match="bulk"):
        db.session.execute(statement)
    db.session.rollback()
    assert_unchanged(before, snapshot(site))


def test_many_rows_need_a_recorded_subject(site: Any, db_context: Any, cast: Any) -> None:
    rows = [
        {"centre_id": cast.centre, "name": f"Z{n}", "floor": "1", "position": n, "version": 1}
        for n in range(3)
    ]
    before = snapshot(site)
    with pytest.raises(UnauditedChange), unit_of_work(ME, NOW) as unit:
        unit.bulk_insert(Zone, rows, subject=unit.get(Centre, cast.centre))
    assert_unchanged(before, snapshot(site))
    with unit_of_work(ME, NOW) as unit:
        centre = unit.get(Centre, cast.centre)
        unit.bulk_insert(Zone, rows, subject=centre)
        unit.record(org.CENTRE_OPENED, centre)
    assert db.session.scalar(select(func.count()).select_from(Zone).where(Zone.name.like("Z%"))) == 3


def test_units_do_not_nest(db_context: Any, cast: Any) -> None:
    for outer, inner in (
        (lambda: unit_of_work(ME, NOW), lambda: unit_of_work(ME, NOW)),
        (lambda: unit_of_work(ME, NOW), short_transaction),
        (short_transaction, lambda: unit_of_work(ME, NOW)),
        (short_transaction, short_transaction),
    ):
        with pytest.raises(RuntimeError, match="nest"), outer(), inner():
            pass


# --- stale and racing edits ---------------------------------------------------------------------


def test_a_form_older_than_its_row_is_stale(db_context: Any, cast: Any) -> None:
    with unit_of_work(ME, NOW) as unit:
        rename(unit, cast)
    with unit_of_work(ME, NOW) as unit:
        assert unit.get(Zone, cast.zone, 2).name == "南区"
        with pytest.raises(Stale):
            unit.get(Zone, cast.zone, 1)
        with pytest.raises(NotFound):
            unit.get(Zone, 999)


def test_two_live_edits_do_not_both_win(site: Any, db_context: Any, cast: Any) -> None:
    """The version is compared again in the statement itself."""
    with pytest.raises(StaleDataError), unit_of_work(ME, NOW) as unit:
        row = rename(unit, cast)
        # What another writer would have done meanwhile, where the database lets two of them in.
        unit.session.connection().execute(
            update(Zone.__table__).where(Zone.__table__.c.id == row.id).values(version=7)
        )
        unit.session.flush()
    assert db.session.get_one(Zone, cast.zone).name == "一楼大厅"


def test_writers_take_turns(site: Any, cast: Any) -> None:
    """Eight threads count one number up; every step is kept and recorded."""

    def step() -> None:
        for _ in range(4):
            with site.app.app_context(), unit_of_work(ME, NOW) as unit:
                row = unit.session.get_one(Zone, cast.zone, with_for_update=True)
                row.position += 1
                unit.record(org.ZONE_ADDED, row)

    threads = [threading.Thread(target=step) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with site.app.app_context():
        assert db.session.get_one(Zone, cast.zone).position == 33
        entries = select(func.count()).where(
            AuditEntry.action == "zone.added", AuditEntry.subject_id == cast.zone
        )
        assert db.session.scalar(entries) == 33


def test_a_reader_sees_one_moment_until_it_asks_anew(db_context: Any, site: Any, cast: Any) -> None:
    assert db.session.get_one(Zone, cast.zone).name == "一楼大厅"

    def write() -> None:
        with site.app.app_context(), unit_of_work(ME, NOW) as unit:
            rename(unit, cast)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    end_reading()
    assert db.session.get_one(Zone, cast.zone).name == "南区"
