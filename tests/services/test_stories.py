"""Rows told in bulk: each is what its story says, and each step of it stands in the log."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.audit import verification
from app.audit.models import AuditEntry
from app.db import search
from app.db.stories import Ids, Part, Step, Story, prepare
from app.db.uow import UnauditedChange, end_reading, unit_of_work
from app.documents import rules as papers
from app.documents.models import Document, DocumentFile
from app.extensions import db
from app.organisation import rules as org
from app.organisation.models import Centre, Posting, StaffMember, Zone
from app.permissions import Actor, system_actor
from tests.cast import NOW, OPENED
from tests.sweeps import assert_unchanged, snapshot

pytestmark = pytest.mark.both_databases
ME = system_actor("tester")
LATER = NOW + timedelta(hours=3)


def last(model: Any) -> int:
    return db.session.scalar(select(func.max(model.id))) or 0


def ids() -> Ids:
    return Ids({model: last(model) for model in (Zone, StaffMember, Posting, Document, DocumentFile)})


def tell(*stories: Story) -> None:
    end_reading()
    with unit_of_work(ME, NOW) as uow:
        uow.tell(prepare(stories, db.engine.dialect))


def entries_of(kind: str, row_id: int) -> list[AuditEntry]:
    end_reading()
    rows = select(AuditEntry).where(AuditEntry.subject_type == kind, AuditEntry.subject_id == row_id)
    return list(db.session.scalars(rows.order_by(AuditEntry.seq)))


def zone(cast: Any, row_id: int, name: str = "北区", actor: Actor = ME) -> Story:
    added = {"centre_id": cast.centre, "name": name, "floor": "3F", "position": 9}
    steps = [Step(org.ZONE_ADDED, actor, NOW, added)]
    steps.append(Step(org.ZONE_ADDED, actor, LATER, {"name": f"{name}二", "floor": "3F"}))
    return Story(Zone, row_id, steps)


def member(cast: Any, taken: Ids, name: str) -> Story:
    row_id = taken.take(StaffMember)
    values = {
        "centre_id": cast.centre,
        "kind": org.StaffKind.GUIDE,
        "staff_number": f"t{row_id}",
        "name": name,
        "sort_key": "t",
        "initials": "t",
        "joined_on": OPENED,
    }
    posting = {"staff_member_id": row_id, "post": "导办", "role": org.PostingRole.A, "from_on": OPENED}
    parts = [Part(Posting, taken.take(Posting), posting)]
    return Story(StaffMember, row_id, [Step(org.STAFF_ADDED, ME, NOW, values, parts)])


def test_a_row_is_the_sum_of_its_steps_and_each_is_an_entry(db_context: Any, cast: Any) -> None:
    row_id = ids().take(Zone)
    tell(zone(cast, row_id))
    row = db.session.get_one(Zone, row_id)
    assert (row.name, row.floor, row.position, row.version, row.closed_on) == ("北区二", "3F", 9, 2, None)
    first, second = entries_of("zone", row_id)
    assert json.loads(first.payload)["changes"] == {
        "centre_id": [None, cast.centre],
        "name": [None, "北区"],
        "floor": [None, "3F"],
        "position": [None, 9],
    }
    # The floor was set to what it was.
    assert json.loads(second.payload)["changes"] == {"name": ["北区", "北区二"]}
    assert second.at_us - first.at_us == 3 * 3600 * 10**6
    assert (first.centre_id, first.actor_name, first.subject_name) == (cast.centre, "tester", "北区二")


def test_an_entry_is_what_the_same_change_would_have_left_alone(db_context: Any, cast: Any) -> None:
    taken = ids()
    story = member(cast, taken, "苗小岚")
    tell(story)
    with unit_of_work(ME, NOW) as uow:
        row = StaffMember(**{**story.steps[0].values, "staff_number": "t"})
        uow.session.add(row)
        uow.session.flush()
        uow.session.add(Posting(**{**story.steps[0].parts[0].values, "staff_member_id": row.id}))
        uow.record(org.STAFF_ADDED, row)
    assert row.id == story.row_id + 1  # the database goes on after what was told
    (told,), (alone,) = entries_of("staff_member", story.row_id), entries_of("staff_member", row.id)

    def changes(entry: AuditEntry, number: int, part: int) -> dict[str, Any]:
        said = json.loads(entry.payload)["changes"]
        del said["staff_number"]
        return {key.replace(f"posting#{part}.", ""): pair for key, pair in said.items() if pair[1] != number}

    part = story.steps[0].parts[0].row_id
    assert changes(told, story.row_id, part) == changes(alone, row.id, part + 1)


def test_told_rows_are_found_and_the_log_is_whole(site: Any, db_context: Any, cast: Any) -> None:
    taken = ids()
    tell(*(member(cast, taken, name) for name in ("鄢洛洛", "鄢子衿")))
    found = search.matching(db.session(), "staff_members_search", "鄢洛")
    assert found is not None
    assert db.session.scalars(found).all() == [last(StaffMember) - 1]
    end_reading()
    assert verification.verify(db.engine, site.settings).ok


def test_protected_values_are_not_told(db_context: Any, cast: Any) -> None:
    taken = ids()
    row_id = taken.take(Document)
    values = {
        "centre_id": cast.centre,
        "kind": papers.DocumentKind.RECTIFICATION_NOTICE,
        "year": 2019,
        "serial": 1,
        "number": "1",
        "status": papers.DocumentStatus.NUMBERED,
        "code": "A" * papers.CODE_LENGTH,
        "subject_type": "zone",
        "subject_id": 1,
        "template": "t",
        "template_version": "1",
        "values": {"name": "某人"},
        "evidence": [],
        "numbered_at": NOW,
    }
    file = Part(DocumentFile, taken.take(DocumentFile), {"document_id": row_id, "content": b"%PDF"})
    steps = [Step(papers.DOCUMENT_NUMBERED, ME, NOW, values)]
    steps.append(Step(papers.DOCUMENT_ISSUED, ME, NOW, {"sha256": "0" * 64}, [file]))
    tell(Story(Document, row_id, steps))
    numbered, issued = (json.loads(entry.payload)["changes"] for entry in entries_of("document", row_id))
    assert numbered["values"] == [None, "***"]
    assert issued[f"document_file#{file.row_id}.content"] == [None, "***"]
    assert db.session.get_one(Document, row_id).values == {"name": "某人"}


def test_undeclared_keys_are_refused(db_context: Any, cast: Any) -> None:
    step = Step(org.ZONE_ADDED, ME, NOW, {"centre_id": cast.centre}, extra={"whim": 1})
    with pytest.raises(TypeError, match="whim"):
        prepare([Story(Zone, 1, [step])], db.engine.dialect)


def test_ids_that_are_taken_are_refused(site: Any, db_context: Any, cast: Any) -> None:
    before = snapshot(site)
    with pytest.raises((IntegrityError, RuntimeError)):
        tell(zone(cast, last(Zone)))
    assert_unchanged(before, snapshot(site))


def test_one_unit_tells_of_one_centre(site: Any, db_context: Any, cast: Any) -> None:
    before = snapshot(site)
    first = last(Zone)
    other = db.session.scalar(select(Centre.id).where(Centre.id != cast.centre))
    values = {"centre_id": other, "name": "x", "floor": "", "position": 1}
    story = Story(Zone, first + 2, [Step(org.ZONE_ADDED, ME, NOW, values)])
    with pytest.raises(UnauditedChange, match="one centre"):
        tell(zone(cast, first + 1), story)
    assert_unchanged(before, snapshot(site))
