"""Attendance out of a table: a row says who was late, left early, was absent or did not sign on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select
from wtforms import Form

from app.core.errors import Invalid, Stale
from app.core.i18n import N_, NN_
from app.core.on_behalf import NOBODY
from app.db.uow import UnitOfWork
from app.extensions import db
from app.organisation.models import Department, PatrolPoint, StaffMember
from app.permissions import Permission
from app.registers import entry_queries, rules, services
from app.registers.forms import EntryForm, RowForm
from app.registers.labels import LABELS
from app.registers.models import RegisterEntry
from app.registers.rules import KINDS, Content, EntryStatus, Kind, Register, kinds_of
from app.transfers.importing import MISSING, Cells, Field, Import, Judged, folded
from app.transfers.models import Batch
from app.transfers.rules import Outcome
from app.transfers.services import STALE

_ATTENDANCE = kinds_of(Register.ATTENDANCE)
# What other systems call them.
_ALSO = {
    Kind.LATE: ("上班迟到",),
    Kind.EARLY: ("下班早退",),
    Kind.ABSENT: ("旷工(半天)", "缺勤", "旷工半天"),
    Kind.UNSIGNED: ("缺卡", "缺签", "未签到", "未打卡", "漏打卡"),
}
NO_NUMBER = N_("没有工号为“%(value)s”的人员。")
NO_NAME = N_("没有名叫“%(value)s”的人员。")
SEVERAL = N_("叫“%(value)s”的不止一人，请填写工号。")
OTHER_NAME = N_("工号 %(number)s 是%(name)s，与姓名不符。")
GONE = N_("%(name)s %(day)s 起离岗。")
CONFIRMED = N_("%(number)s 已经确认，与这一行不同；确需更正的，请先作废再导入。")

_NAMED = {
    folded(word): kind for kind in _ATTENDANCE for word in (LABELS[Kind][kind], kind.value, *_ALSO[kind])
}


class AttendanceChecker:
    """A table of attendance by person, day and kind; what is there already stays as it is."""

    def __init__(self, centre_id: int, today: date) -> None:
        self.today = today
        form = EntryForm(meta={"today": today})
        form.ask(Kind.LATE)
        self.forms: Sequence[Form] = (RowForm(), form)
        self.words: Mapping[str, Mapping[str, Any]] = {"kind": _NAMED}
        self.choices: Mapping[str, Sequence[str]] = {"kind": [LABELS[Kind][kind] for kind in _ATTENDANCE]}
        people = entry_queries.people_of(centre_id)
        self.numbers = {person.staff_number.lower(): person for person in people if person.staff_number}
        self.names: dict[str, list[StaffMember]] = {}
        for person in people:
            self.names.setdefault(folded(person.name), []).append(person)
        since = today - rules.BACKDATING
        self.known: dict[tuple[int, date, Kind], list[Any]] = {}
        for row in db.session.execute(_known(centre_id, since)):
            self.known.setdefault((row.staff_member_id, row.happened_on, row.kind), []).append(row)

    def judge(self, number: int, given: Cells) -> Judged:
        judged = Judged(number, Outcome.NEW)
        for name in ("kind", "happened_on"):
            if given.get(name) in (None, ""):
                judged.faults.append((name, Invalid(MISSING)))
        person = self._person(judged, given)
        if judged.faults or person is None:
            return judged
        content = Content(
            kind=Kind(given["kind"]),
            happened_on=given["happened_on"],
            staff_member_id=person.id,
            department_id=person.department_id,
            quantity=given.get("quantity") or 1,
            minutes=given.get("minutes"),
            clause=given.get("clause") or "",
            text=given.get("text") or "",
        )
        self._check(judged, content, person)
        judged.key = f"{person.id} {content.happened_on} {content.kind}"
        judged.values = {"content": content, "name": person.name}
        self._compare(judged, content)
        return judged

    def _person(self, judged: Judged, given: Cells) -> StaffMember | None:
        """Return who is meant, by number before name; a number and a name that differ are a fault."""
        number, name = given.get("staff_number") or "", given.get("staff") or ""
        if number:
            person = self.numbers.get(number.lower())
            if person is None:
                judged.faults.append(("staff_number", Invalid(NO_NUMBER, value=number)))
            elif name and folded(name) != folded(person.name):
                other = Invalid(OTHER_NAME, number=number, name=person.name)
                judged.faults.append(("staff", other))
            return person
        found = self.names.get(folded(name), [])
        if len(found) == 1:
            return found[0]
        said = Invalid(SEVERAL if found else NO_NAME, value=name) if name else Invalid(MISSING)
        judged.faults.append(("staff" if name else "staff_number", said))
        return None

    def _check(self, judged: Judged, content: Content, person: StaffMember) -> None:
        try:
            rules.check(content, self.today, 0)
        except Invalid as error:
            judged.faults.append((error.field or "kind", error))
        if person.left_on and person.left_on <= content.happened_on:
            gone = Invalid(GONE, name=person.name, day=str(person.left_on))
            judged.faults.append(("happened_on", gone))
        if content.minutes and not KINDS[content.kind].asks("minutes"):
            judged.faults.append(("minutes", Invalid(N_("这一类不填分钟。"))))

    def _compare(self, judged: Judged, content: Content) -> None:
        """Find out whether the ledger says so already, says otherwise, or says nothing yet."""
        rows = self.known.get((content.staff_member_id or 0, content.happened_on, content.kind), [])
        if any((row.quantity, row.minutes) == (content.quantity, content.minutes) for row in rows):
            judged.outcome = Outcome.UNCHANGED  # refused or void, it does not come back by the same file
            return
        standing = next((row for row in rows if row.status in rules.STANDING), None)
        if standing is None:
            return
        if standing.status is EntryStatus.CONFIRMED:
            judged.faults.append(("quantity", Invalid(CONFIRMED, number=standing.number)))
            return
        judged.outcome = Outcome.CHANGED
        judged.row_id, judged.version = standing.id, standing.version


def _known(centre_id: int, since: date) -> Any:
    return select(
        RegisterEntry.id,
        RegisterEntry.version,
        RegisterEntry.number,
        RegisterEntry.staff_member_id,
        RegisterEntry.happened_on,
        RegisterEntry.kind,
        RegisterEntry.status,
        RegisterEntry.quantity,
        RegisterEntry.minutes,
    ).where(
        RegisterEntry.centre_id == centre_id,
        RegisterEntry.register == Register.ATTENDANCE,
        RegisterEntry.happened_on >= since,
    )


def prepare(judged: Sequence[Judged]) -> None:
    """Find the window that each person was posted to on the day, before the transaction opens."""
    wanted = [row.values["content"] for row in judged if row.outcome is Outcome.NEW]
    if not wanted:
        return
    days = [content.happened_on for content in wanted]
    people = {content.staff_member_id for content in wanted}
    points = entry_queries.posted_at(db.session(), people, min(days), max(days))
    departments = dict(db.session.execute(select(Department.id, Department.name)).all())
    for row in judged:
        if row.outcome is not Outcome.NEW:
            continue
        content: Content = row.values["content"]
        point: PatrolPoint | None = points.get((content.staff_member_id or 0, content.happened_on))
        if point:
            content = replace(
                content,
                patrol_point_id=point.id,
                department_id=content.department_id or point.department_id,
            )
        words = (
            point.audit_name if point else "",
            row.values["name"],
            departments.get(content.department_id or 0, ""),
        )
        row.values |= {"content": content, "words": " ".join(filter(None, words))}


def apply(uow: UnitOfWork, batch: Batch, judged: Sequence[Judged]) -> None:
    """Add the new entries in bulk, waiting for a second person, and correct those that still waited."""
    services.take_turn(uow, batch.centre_id)
    new = [row for row in judged if row.outcome is Outcome.NEW]
    _require_unknown(uow, batch.centre_id, [row.values["content"] for row in new])
    if new:
        services.add_many(uow, batch, [(row.values["content"], row.values["words"]) for row in new])
    for row in judged:
        if row.outcome is Outcome.CHANGED:
            entry = uow.get(RegisterEntry, row.row_id or 0, row.version)
            said: Content = row.values["content"]
            kept = replace(
                said,
                patrol_point_id=entry.patrol_point_id,
                department_id=entry.department_id,
                clause=said.clause or entry.clause,
                text=said.text or entry.text,
                represented=entry.represented or NOBODY,
            )
            services.correct_entry(uow, entry.id, row.version, kept, ())


def _require_unknown(uow: UnitOfWork, centre_id: int, contents: Sequence[Content]) -> None:
    """Raise Stale if one of these has been entered since the check: on PostgreSQL two tables can meet."""
    if not contents:
        return
    first = min(content.happened_on for content in contents)
    standing = _known(centre_id, first).where(RegisterEntry.status.in_(rules.STANDING))
    known = {(row.staff_member_id, row.happened_on, row.kind) for row in uow.session.execute(standing)}
    if any((each.staff_member_id, each.happened_on, each.kind) in known for each in contents):
        raise Stale(STALE)


IMPORTS = (
    Import(
        name="attendance",
        title=NN_("考勤"),
        page="registers.index",
        permission=Permission.REGISTER_RECORD,
        fields=(
            Field("staff_number", N_("工号"), ("编号", "人员编号", "胸牌号", "考勤号"), example="1001"),
            Field("staff", N_("姓名"), ("名字", "人员姓名", "工作人员", "员工"), example="张小明"),
            Field(
                "happened_on",
                N_("日期"),
                ("考勤日期", "发生日期", "时间"),
                required=True,
                example="2026-11-16",
            ),
            Field(
                "kind", N_("类别"), ("考勤结果", "异常类型", "类型", "情况"), required=True, example="迟到"
            ),
            Field("quantity", N_("次数或半天数"), ("次数", "半天数", "数量"), example="1"),
            Field("minutes", N_("分钟"), ("迟到分钟", "早退分钟", "时长", "分钟数"), example="12"),
            Field("clause", N_("依据条款"), ("条款",), width=24),
            Field("text", N_("情况说明"), ("说明", "备注", "原因"), width=40),
        ),
        watched=(RegisterEntry, StaffMember),
        check=AttendanceChecker,
        apply=apply,
        prepare=prepare,
    ),
)
