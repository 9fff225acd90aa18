"""Whichever statement fails, and if it is the commit: nothing of a unit of work is kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.db.drafts import Draft
from app.db.uow import unit_of_work
from app.extensions import db
from app.organisation import rules as org
from app.organisation.models import StaffMember
from tests.cast import NOW, OPENED, actor
from tests.services.test_uow import ME, last_entry, rename
from tests.sweeps import assert_unchanged, snapshot

pytestmark = pytest.mark.both_databases


def test_whichever_statement_fails_nothing_is_kept(site: Any, db_context: Any, cast: Any) -> None:
    def change() -> None:
        with unit_of_work(actor("wang"), NOW) as unit:
            rename(unit, cast)
            staff = StaffMember(
                centre_id=cast.centre,
                kind=org.StaffKind.GUIDE,
                staff_number="N",
                name="新来",
                sort_key="xl",
                initials="xl",
                joined_on=OPENED,
            )
            unit.session.add(staff)
            unit.record(org.STAFF_ADDED, staff)
            unit.session.add(
                Draft(
                    kind="patrol",
                    user_id=cast.users["wang"],
                    centre_id=cast.centre,
                    subject_id=1,
                    content={},
                    begun_at=NOW,
                    saved_at=NOW,
                )
            )

    before = snapshot(site)
    for nth in range(1, 50):
        count = 0

        def fail(*_: object, nth: int = nth) -> None:
            nonlocal count
            count += 1
            if count == nth:
                raise OperationalError("injected", {}, Exception("injected"))

        event.listen(db.engine, "before_cursor_execute", fail)
        try:
            change()
        except OperationalError:
            db.session.rollback()
        else:
            break
        finally:
            event.remove(db.engine, "before_cursor_execute", fail)
        assert_unchanged(before, snapshot(site))
    assert nth > 8
    assert last_entry().action == "staff_member.added"


def test_a_commit_that_fails_keeps_nothing(site: Any, db_context: Any, cast: Any) -> None:
    def fail(_connection: object) -> None:
        raise OperationalError("injected", {}, Exception("disk full"))

    before = snapshot(site)
    event.listen(db.engine, "commit", fail)
    try:
        with pytest.raises(OperationalError), unit_of_work(ME, NOW) as unit:
            rename(unit, cast)
    finally:
        event.remove(db.engine, "commit", fail)
    assert_unchanged(before, snapshot(site))
    with unit_of_work(ME, NOW) as unit:
        rename(unit, cast)
