"""People from a table, by number, each with a first posting if one is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from wtforms import Form

from app.core.errors import Invalid
from app.core.i18n import N_
from app.db import search
from app.db.uow import UnitOfWork
from app.extensions import db
from app.organisation import change_services, checks, pinyin, queries, term_services
from app.organisation.common_imports import (
    check_day,
    departments,
    differing,
    in_chunks,
    insert,
    kinds,
    lacking,
    words_of,
)
from app.organisation.forms import PostingForm, StaffForm
from app.organisation.models import PatrolPoint, Posting, StaffMember
from app.organisation.rules import PostingRole, StaffKind
from app.organisation.term_rules import meet
from app.transfers.importing import Cells, Judged, folded
from app.transfers.models import Batch
from app.transfers.rules import Outcome

_STAFF = ("name", "kind", "department_id", "title", "joined_on")


class StaffChecker:
    """A table of people by their numbers, each with a first posting if one is named."""

    def __init__(self, centre_id: int, today: date) -> None:
        self.today = today
        named_departments, opened, called = departments(centre_id)
        form = StaffForm()
        form.offer([(each, "") for each in opened])
        self.forms: Sequence[Form] = (form, PostingForm())
        places = db.session.execute(
            select(PatrolPoint.id, PatrolPoint.number, PatrolPoint.opened_on).where(
                PatrolPoint.centre_id == centre_id, PatrolPoint.closed_on.is_(None)
            )
        ).all()
        self.places = {place.number: place for place in places}
        self.numbers = {place.id: place.number for place in places}
        self.words: Mapping[str, Mapping[str, Any]] = {
            "department_id": named_departments,
            "kind": kinds(StaffKind),
            "role": kinds(PostingRole),
            "point": {folded(place.number): place.number for place in places},
        }
        self.choices: Mapping[str, Sequence[str]] = {
            "kind": words_of(StaffKind),
            "department_id": called,
            "point": sorted(self.places),
            "role": words_of(PostingRole),
        }
        rows = db.session.execute(
            select(
                StaffMember.id,
                StaffMember.version,
                StaffMember.staff_number,
                StaffMember.left_on,
                *(getattr(StaffMember, name) for name in _STAFF),
            ).where(StaffMember.centre_id == centre_id)
        )
        self.people = {row.staff_number.lower(): row for row in rows if row.staff_number}
        self.postings: dict[int, list[Any]] = {}
        term = (Posting.patrol_point_id, Posting.post, Posting.role, Posting.from_on, Posting.to_on)
        for posting in db.session.execute(
            select(Posting.staff_member_id, *term)
            .join(StaffMember, StaffMember.id == Posting.staff_member_id)
            .where(StaffMember.centre_id == centre_id, or_(Posting.to_on.is_(None), Posting.to_on >= today))
        ):
            self.postings.setdefault(posting.staff_member_id, []).append(posting)
        self.seen: dict[str, tuple[int, Any]] = {}

    def judge(self, number: int, given: Cells) -> Judged:
        key = str(given.get("staff_number") or "").lower()
        row = self.people.get(key)
        if row is None:
            defaults: dict[str, Any] = {
                "kind": StaffKind.WINDOW_STAFF,
                "department_id": None,
                "title": "",
                "joined_on": self.today,
            }
            values = defaults | dict(given)
            judged = Judged(
                number, Outcome.NEW, key, values=values, faults=lacking(given, "staff_number", "name")
            )
            judged.faults += check_day(values["joined_on"], self.today, "joined_on")
        else:
            values = differing(row, given, _STAFF)
            outcome = Outcome.CHANGED if values else Outcome.UNCHANGED
            judged = Judged(number, outcome, key, row.id, row.version, values)
            if row.left_on:
                left = N_("这个工号的人员 %(day)s 起离岗，请先办理返岗。")
                judged.faults.append(("staff_number", Invalid(left, day=str(row.left_on))))
            judged.faults += check_day(values.get("joined_on", row.joined_on), self.today, "joined_on")
        self._judge_posting(judged, row, given)
        return judged

    def _judge_posting(self, judged: Judged, row: Any, given: Cells) -> None:
        """Find out whether a row asks for a posting, and whether the person is free for it."""
        point, post = given.get("point") or "", given.get("post") or ""
        if not point and not post:
            return
        if point and post:
            judged.faults.append(("post", Invalid(N_("窗口和岗位只填一个。"))))
            return
        joined = judged.values.get("joined_on") or (row.joined_on if row else self.today)
        from_on = given.get("from_on") or (joined if row is None else max(joined, self.today))
        role = given.get("role") or PostingRole.A
        place = self.places[point] if point else None
        judged.faults += check_day(from_on, self.today, "from_on")
        if from_on < joined:
            judged.faults.append(("from_on", Invalid(N_("%(day)s 才到岗。"), day=str(joined))))
        if place and from_on < place.opened_on:
            late = Invalid(N_("%(name)s %(day)s 才启用。"), name=point, day=str(place.opened_on))
            judged.faults.append(("from_on", late))
        before = self.seen.setdefault(judged.key, (judged.number, point or post))
        if before[1] != (point or post):
            said = N_("第 %(row)s 行已安排到 %(place)s，同一人不能同时在两处。")
            judged.faults.append(("point", Invalid(said, row=before[0], place=before[1])))
        posting = {
            "patrol_point_id": place.id if place else None,
            "post": post,
            "role": role,
            "from_on": from_on,
            "to_on": None,
        }
        held = self.postings.get(row.id, ()) if row else ()
        if any((each.patrol_point_id, each.post) == (posting["patrol_point_id"], post) for each in held):
            return
        for each in held:
            if each.role is role is PostingRole.A and meet(each.from_on, each.to_on, from_on, None):
                where = self.numbers.get(each.patrol_point_id or 0) or each.post
                said = N_("自 %(day)s 起是 %(place)s 的 A 角，不能同时在两处；请先在人员页面调岗。")
                judged.faults.append(("point", Invalid(said, day=str(each.from_on), place=where)))
                return
        judged.values["posting"] = posting
        if judged.outcome is Outcome.UNCHANGED:
            judged.outcome = Outcome.CHANGED


def prepare_staff(judged: Sequence[Judged]) -> None:
    """Spell the new people's names and cut them up for the search, before the transaction opens."""
    for row in judged:
        if row.outcome is Outcome.NEW:
            name, number = row.values["name"], row.values["staff_number"]
            initials = pinyin.initials(name, person=True)
            row.values |= {"sort_key": queries.name_key(name), "initials": initials}
            row.values["text"] = search.indexed(0, f"{name} {initials} {number}")


def apply_staff(uow: UnitOfWork, batch: Batch, judged: Sequence[Judged]) -> None:
    """Add the new people in bulk with their postings, and correct those that the table says otherwise."""
    checks.take_turn(uow, batch.centre_id)
    for new in in_chunks(judged):
        rows = [
            {name: row.values[name] for name in (*_STAFF, "staff_number", "sort_key", "initials")}
            | {"centre_id": batch.centre_id, "version": 1}
            for row in new
        ]
        ids = insert(uow, batch, StaffMember, StaffMember.staff_number, rows)
        texts = (row.values["text"]._replace(row_id=ids[row.values["staff_number"]]) for row in new)
        search.index_many(uow.session, StaffMember.__search_table__, texts)
        postings = [
            {"staff_member_id": ids[row.values["staff_number"]], "version": 1, **row.values["posting"]}
            for row in new
            if "posting" in row.values
        ]
        uow.bulk_insert(Posting, postings, subject=batch)
    for row in judged:
        if row.outcome is Outcome.CHANGED:
            _correct(uow, row)


def _correct(uow: UnitOfWork, row: Judged) -> None:
    values = {name: value for name, value in row.values.items() if name != "posting"}
    member = uow.get(StaffMember, row.row_id or 0, row.version)
    if values:
        whole = {name: getattr(member, name) for name in _STAFF} | values
        change_services.change_staff(uow, member.id, row.version, whole)
    if "posting" in row.values:
        term_services.post_staff(uow, Posting(staff_member_id=member.id, **row.values["posting"]))
