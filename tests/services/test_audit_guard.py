"""No change goes unrecorded: what a unit of work refuses, and what it writes."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DatabaseError

from app.accounts import services as accounts
from app.accounts.models import RoleGrant, User
from app.audit.models import AuditEntry
from app.core.actions import Action
from app.core.errors import NotFound, Stale
from app.db.mixins import Audited
from app.db.uow import UnauditedChange, short_transaction, unit_of_work
from app.extensions import Model, db
from app.organisation.models import Department, OpeningHours, PatrolPoint, Zone
from app.permissions import Permission, system_actor
from tests.cast import NOW, actor
from tests.services.audit_tools import owner, run, verify

pytestmark = pytest.mark.both_databases
RENAMED = Action("department.renamed")
COUNTED = Action("department.counted", frozenset({"number"}))
NEW = {
    "kind": "authority",
    "name": "云栖市水务局",
    "short_name": "水务局",
    "sort_key": "swj",
    "initials": "swj",
    "opened_on": date(2024, 1, 2),
    "version": 1,
}


def unit() -> Any:
    return unit_of_work(actor("sysadmin", Permission.ORGANISATION_READ), NOW)


def count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def last(cast: Any) -> AuditEntry:
    db.session.rollback()
    newest = select(AuditEntry).where(AuditEntry.centre_id == cast.centre).order_by(AuditEntry.seq.desc())
    return db.session.scalars(newest.limit(1)).one()


def name_of(department_id: int) -> str:
    db.session.rollback()
    return db.session.get_one(Department, department_id).name


def test_a_change_is_one_entry_with_before_and_after(db_context, site, cast):
    before = count()
    with unit() as uow:
        row = uow.get(Department, cast.department_a)
        row.name = "甲"
        row.closed_on = date(2026, 12, 31)
        uow.record(RENAMED, row)
    assert count() == before + 1
    entry = last(cast)
    assert json.loads(entry.payload) == {
        "changes": {"name": ["云栖市市场监督管理局", "甲"], "closed_on": [None, "2026-12-31"]}
    }
    assert (entry.action, entry.result, entry.role) == ("department.renamed", "ok", "system_administrator")
    assert (entry.actor_id, entry.actor_name) == (cast.users["sysadmin"], "陈系")
    assert (entry.subject_type, entry.subject_id) == ("department", cast.department_a)
    assert entry.subject_name == "甲"
    assert verify(site).ok


def test_several_flushes_are_still_one_change(db_context, cast):
    with unit() as uow:
        row = uow.get(Department, cast.department_a)
        for name in ("甲", "乙"):
            row.name = name
            uow.session.flush()
        uow.record(RENAMED, row)
    assert json.loads(last(cast).payload)["changes"] == {"name": ["云栖市市场监督管理局", "乙"]}


def test_the_old_value_is_known_though_nobody_had_read_it(db_context, cast):
    with unit() as uow:
        row = uow.get(Department, cast.department_a)
        uow.session.expire(row, ["name"])
        row.name = "甲"
        uow.record(RENAMED, row)
    assert json.loads(last(cast).payload)["changes"]["name"][0] == "云栖市市场监督管理局"


def test_a_child_stands_in_the_entry_of_its_parent(db_context, cast):
    with unit() as uow:
        point = uow.get(PatrolPoint, cast.point_a)
        hours = OpeningHours(
            patrol_point=point,
            weekday=0,
            opens_at=NOW.time().replace(tzinfo=None),
            closes_at=NOW.time().replace(hour=9, tzinfo=None),
            from_on=date(2026, 1, 1),
        )
        uow.session.add(hours)
        uow.record(Action("patrol_point.hours_set"), point)
    entry = last(cast)
    assert (entry.subject_type, entry.subject_id) == ("patrol_point", cast.point_a)
    changes = json.loads(entry.payload)["changes"]
    assert changes[f"opening_hours#{hours.id}.weekday"] == [None, 0]


def test_a_change_without_a_record_is_undone(db_context, cast):
    before = count(), name_of(cast.department_a)
    with pytest.raises(UnauditedChange, match="no recorded action"), unit() as uow:
        uow.get(Department, cast.department_a).name = "甲"
    assert (count(), name_of(cast.department_a)) == before


def test_a_record_of_one_row_does_not_cover_another(db_context, cast):
    with pytest.raises(UnauditedChange, match="no recorded action"), unit() as uow:
        uow.get(Department, cast.department_a).name = "甲"
        uow.record(RENAMED, uow.get(Department, cast.department_b))


def test_a_failed_unit_leaves_neither_row_nor_entry(db_context, cast):
    before = count(), name_of(cast.department_a)
    with pytest.raises(ZeroDivisionError), unit() as uow:
        row = uow.get(Department, cast.department_a)
        row.name = "甲"
        uow.record(RENAMED, row)
        uow.session.flush()
        raise ZeroDivisionError
    assert (count(), name_of(cast.department_a)) == before


def test_if_the_entry_cannot_be_written_the_action_does_not_happen(db_context, site, cast):
    before = name_of(cast.department_a)
    db.session.remove()
    with owner(site, guarded=True) as connection:
        if site.kind == "sqlite":
            refuse = "BEGIN SELECT RAISE(ABORT, 'full'); END"
            run(connection, f"CREATE TRIGGER no_more BEFORE INSERT ON audit_entries {refuse}")
        else:
            role = connection.dialect.identifier_preparer.quote(db.engine.url.username)
            run(connection, f"REVOKE EXECUTE ON FUNCTION audit_append(integer, text) FROM {role}")
    with pytest.raises(DatabaseError), unit() as uow:
        row = uow.get(Department, cast.department_a)
        row.name = "甲"
        uow.record(RENAMED, row)
    assert name_of(cast.department_a) == before


def test_a_row_is_not_written_outside_a_unit_of_work(db_context, cast):
    db.session.add(Department(centre_id=cast.centre, **NEW))
    with pytest.raises(UnauditedChange, match="outside"):
        db.session.flush()
    db.session.rollback()
    db.session.get_one(Department, cast.department_a).name = "甲"
    with pytest.raises(UnauditedChange, match="outside"):
        db.session.flush()
    db.session.rollback()


def test_a_short_transaction_writes_no_ledger_row(db_context, cast):
    with pytest.raises(UnauditedChange, match="outside"), short_transaction() as session:
        session.add(Department(centre_id=cast.centre, **NEW))
    statement = update(Department).where(Department.id == cast.department_a).values(name="甲")
    with pytest.raises(UnauditedChange, match="bulk"), short_transaction() as session:
        session.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        lambda cast: insert(Department).values(centre_id=cast.centre, **NEW),
        lambda cast: insert(Department.__table__).values(centre_id=cast.centre, **NEW),
        lambda cast: update(Department).where(Department.id == cast.department_a).values(name="甲"),
        lambda cast: update(Department.__table__).values(name="甲"),
        lambda cast: delete(Department).where(Department.id == cast.department_a),
    ],
)
def test_bulk_statements_on_ledger_rows_are_refused(db_context, cast, statement):
    with pytest.raises(UnauditedChange, match="bulk statement"), unit() as uow:
        uow.session.execute(statement(cast))
    with pytest.raises(UnauditedChange, match="bulk statement"):
        db.session.execute(statement(cast))
    db.session.rollback()


def test_nothing_is_deleted(db_context, cast):
    with pytest.raises(UnauditedChange, match="never deleted"), unit() as uow:
        row = uow.get(Department, cast.department_a)
        uow.record(RENAMED, row)
        uow.session.delete(row)
    assert name_of(cast.department_a)


def test_rows_of_an_import_stand_in_the_entry_of_their_batch(db_context, cast):
    before = count()
    rows = [{**NEW, "centre_id": cast.centre, "name": f"第{n}局"} for n in range(50)]
    with unit() as uow:
        batch = uow.get(Zone, cast.zone)
        uow.bulk_insert(Department, rows, subject=batch)
        uow.record(COUNTED, batch, number=len(rows))
    assert count() == before + 1
    assert json.loads(last(cast).payload) == {"number": 50}
    with pytest.raises(UnauditedChange), unit() as uow:
        uow.bulk_insert(Department, [{**rows[0], "name": "漏网局"}], subject=uow.get(Zone, cast.zone))


def test_a_unit_of_work_keeps_to_one_centre(db_context, cast):
    before = count()
    with pytest.raises(UnauditedChange, match="one centre"), unit() as uow:
        for department_id in (cast.department_a, cast.other_department):
            row = uow.get(Department, department_id)
            row.name = "甲"
            uow.record(RENAMED, row)
    assert count() == before


def test_units_of_work_do_not_nest(db_context):
    with pytest.raises(RuntimeError, match="nest"), unit(), unit():
        pass
    with pytest.raises(RuntimeError, match="nest"), unit(), short_transaction():
        pass


def test_an_action_carries_the_keys_it_declares_and_no_other(db_context, cast):
    for extra in ({}, {"number": 1, "more": 2}, {"count": 1}):
        with pytest.raises(TypeError, match="takes"), unit() as uow:
            uow.record(COUNTED, uow.get(Department, cast.department_a), **extra)


def test_an_old_form_is_stale_and_a_missing_row_not_found(db_context, cast):
    with unit() as uow:
        row = uow.get(Department, cast.department_a, 1)
        row.name = "甲"
        uow.record(RENAMED, row)
    with pytest.raises(Stale), unit() as uow:
        uow.get(Department, cast.department_a, 1)
    with pytest.raises(NotFound), unit() as uow:
        uow.get(Department, 999_999)


def test_what_runs_after_the_commit_runs_only_if_there_was_one(db_context, cast):
    ran = []
    with unit() as uow:
        uow.after_commit(lambda: ran.append("kept"))
    with pytest.raises(UnauditedChange), unit() as uow:
        uow.after_commit(lambda: ran.append("lost"))
        uow.get(Department, cast.department_a).name = "甲"
    assert ran == ["kept"]


def test_protected_values_never_reach_the_log(db_context, cast):
    secret = accounts.hash_password("a password nobody else has")
    with unit_of_work(actor("wang", Permission.ACCOUNT_OWN), NOW) as uow:
        accounts.change_password(uow, cast.users["wang"], 1, secret)
    payload = last(cast).payload
    assert json.loads(payload)["changes"]["password_hash"] == ["***", "***"]
    assert secret not in payload
    everything = " ".join(db.session.scalars(select(AuditEntry.payload)))
    for kept in db.session.scalars(select(User.password_hash)):
        assert kept not in everything


def test_what_ought_to_be_protected_is(db_context):
    protected = {
        f"{mapper.local_table.name}.{column.key}"
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, Audited)
        for column in mapper.local_table.columns
        if column.info.get("protected")
    }
    assert protected >= {"users.password_hash", "documents.values", "document_files.content"}


def test_events_without_a_centre_go_to_the_chain_at_the_top(db_context, cast):
    with unit_of_work(system_actor("anonymous"), NOW) as uow:
        uow.record(Action("sign_in.tried"))
    entry = last(cast)
    assert (entry.centre_id, entry.action, entry.subject_type) == (cast.centre, "sign_in.tried", None)


def test_a_role_is_given_in_the_entry_of_its_user(db_context, cast):
    grants = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == cast.users["wang"])).all()
    entry = db.session.scalars(
        select(AuditEntry).where(
            AuditEntry.subject_type == "user", AuditEntry.subject_id == cast.users["wang"]
        )
    ).one()
    changes = json.loads(entry.payload)["changes"]
    assert changes[f"role_grant#{grants[0].id}.role"] == [None, "inspector"]


def test_concurrent_units_make_one_chain(db_context, app, site, cast):
    from threading import Thread

    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with app.app_context():
                for step in range(5):
                    with unit_of_work(system_actor(f"writer {number}"), NOW) as uow:
                        uow.record(COUNTED, number=step)
        except BaseException as error:
            errors.append(error)

    before = count()
    threads = [Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert count() == before + 30
    assert verify(site).ok


def test_the_log_takes_what_a_made_up_address_contains(db_context, site, cast):
    from app.audit.services import record_refusal
    from app.permissions import Origin

    origin = Origin(address="10.0.0.7", route="POST /\0\n\ud800", request_id="01")
    record_refusal(system_actor("anonymous", origin), NOW, permission="csrf")
    assert last(cast).route == "POST /" + "\N{REPLACEMENT CHARACTER}" * 3
    assert verify(site).ok
