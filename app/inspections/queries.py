"""Reads of checklists, patrols and findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from app import clock
from app.db import scope, search
from app.db.listing import Order, Page, capped_count, fetch
from app.db.scope import row_id
from app.extensions import db
from app.inspections.models import (
    Checklist,
    ChecklistItem,
    Finding,
    FindingStatement,
    Patrol,
    PatrolCheck,
)
from app.inspections.rules import (
    ChecklistPurpose,
    Confirmation,
    Finder,
    FindingSource,
    FindingStatus,
    PatrolMode,
    PatrolStatus,
    StatementFacts,
)
from app.organisation.models import Department, PatrolPoint, Section, StaffMember
from app.permissions import Actor
from app.rectifications.models import Rectification, RectifiedFinding

ONE_DAY = timedelta(days=1)


# --- checklists -----------------------------------------------------------------------------------


def current_checklist(
    centre_id: int, on: date, purpose: ChecklistPurpose = ChecklistPurpose.ROUTINE
) -> Checklist | None:
    """Return the checklist in force at a centre on a day: the newest edition that has begun."""
    return db.session.scalar(
        select(Checklist)
        .where(
            Checklist.centre_id == centre_id,
            Checklist.purpose == purpose,
            Checklist.effective_on <= on,
            or_(Checklist.retired_on.is_(None), Checklist.retired_on > on),
        )
        .order_by(Checklist.effective_on.desc(), Checklist.edition.desc())
        .limit(1)
    )


def items_of(checklist_id: int) -> list[ChecklistItem]:
    """Return the items of one edition in their order."""
    statement = select(ChecklistItem).where(ChecklistItem.checklist_id == checklist_id)
    return list(db.session.scalars(statement.order_by(ChecklistItem.position)))


def items_for(items: Sequence[ChecklistItem], point: PatrolPoint) -> list[ChecklistItem]:
    """Return the items that are asked at one kind of place."""
    return [item for item in items if point.kind.value in item.applies_to]


# --- patrols --------------------------------------------------------------------------------------


def visible_patrols(actor: Actor) -> Select[Patrol]:
    """Return the patrols in sight: all of the centre and those below, for roles of the centre only."""
    if not actor.centre_wide:
        return select(Patrol).where(Patrol.id.is_(None))
    return select(Patrol).where(Patrol.centre_id.in_(actor.centre_ids))


PATROL_ORDER = Order(Patrol.started_at, Patrol.id, centre=Patrol.centre_id)


def read_day(value: str | None) -> date | None:
    """Return a day out of an address; None if it is none."""
    try:
        day = date.fromisoformat(value or "")
    except ValueError:
        return None
    return day if 1900 < day.year < 2200 else None


def within(
    column: InstrumentedAttribute[Any], since: date | None, until: date | None
) -> list[ColumnElement[bool]]:
    """Return the conditions that an instant lies in a span of days of the office."""
    found = [] if since is None else [column >= midnight(since)]
    return found if until is None else [*found, column < midnight(until + ONE_DAY)]


def midnight(day: date) -> datetime:
    """Return the instant at which a day of the office begins."""
    return clock.at_office(datetime.combine(day, time()))


def filtered_patrols(actor: Actor, args: Mapping[str, str]) -> Select[Patrol]:
    """Return the visible patrols that pass the filters of the address."""
    rows = visible_patrols(actor)
    if args.get("mode") in set(PatrolMode):
        rows = rows.where(Patrol.mode == PatrolMode(args["mode"]))
    if args.get("valid") == "1":
        rows = rows.where(Patrol.status != PatrolStatus.VOID)
    if args.get("released") in ("0", "1"):
        rows = rows.where(unreleased() if args["released"] == "0" else ~unreleased())
    for column, wanted in (
        (Patrol.centre_id, row_id(args.get("centre"))),
        (Patrol.zone_id, row_id(args.get("zone"))),
    ):
        if wanted is not None:
            rows = rows.where(column == wanted)
    day = read_day(args.get("round_on"))
    if day is not None:
        rows = rows.where(Patrol.round_on == day)
    if args.get("round"):
        rows = rows.where(Patrol.round_name == args["round"][:20])
    if args.get("checklist") == ChecklistPurpose.SPECIAL:
        special = select(Checklist.id).where(Checklist.purpose == ChecklistPurpose.SPECIAL)
        rows = rows.where(Patrol.checklist_id.in_(special))
    return rows.where(*within(Patrol.started_at, read_day(args.get("from")), read_day(args.get("to"))))


def unreleased() -> ColumnElement[bool]:
    """Return the condition of a mystery visit that the inspected may not know of yet."""
    return and_(
        Patrol.mode == PatrolMode.MYSTERY, Patrol.status != PatrolStatus.VOID, Patrol.released_at.is_(None)
    )


def list_patrols(actor: Actor, args: Mapping[str, str]) -> tuple[Page[Patrol], int]:
    """Return one page of patrols by start, filtered, and their capped number."""
    rows = filtered_patrols(actor, args)
    shown = rows.options(joinedload(Patrol.zone), joinedload(Patrol.inspector))
    page = fetch(db.session(), shown, PATROL_ORDER, args.get("cursor"), centres=actor.centre_ids)
    return page, capped_count(db.session(), rows)


def get_patrol(actor: Actor, patrol_id: int) -> Patrol:
    rows = visible_patrols(actor).options(
        joinedload(Patrol.zone), joinedload(Patrol.inspector), joinedload(Patrol.checklist)
    )
    return scope.load(db.session(), rows, Patrol, patrol_id)


def checks_of(patrol_id: int) -> list[PatrolCheck]:
    """Return the points of a patrol in the order they were looked at."""
    statement = select(PatrolCheck).where(PatrolCheck.patrol_id == patrol_id)
    statement = statement.options(joinedload(PatrolCheck.patrol_point))
    return list(db.session.scalars(statement.order_by(PatrolCheck.checked_at, PatrolCheck.id)))


# --- findings -------------------------------------------------------------------------------------


def visible_to(actor: Actor) -> Select[Finding]:
    """Return the findings in sight: the centre's for its roles, else one's departments' and one's own."""
    if actor.centre_wide:
        return select(Finding).where(Finding.centre_id.in_(actor.centre_ids))
    own: list[ColumnElement[bool]] = [Finding.department_id.in_(actor.department_ids)]
    if actor.staff_member_id:
        # His own, and what he was named to mend: a notice leads to its findings and their evidence.
        named = select(RectifiedFinding.finding_id).join(
            Rectification, Rectification.id == RectifiedFinding.rectification_id
        )
        own.append(Finding.staff_member_id == actor.staff_member_id)
        own.append(Finding.id.in_(named.where(Rectification.owner_id == actor.staff_member_id)))
    return select(Finding).where(Finding.centre_id.in_(actor.centre_ids), or_(*own), released())


def released(finding: type[Finding] = Finding) -> ColumnElement[bool]:
    """Return the condition that no mystery visit stands behind a finding that is still to be released."""
    return ~exists().where(
        Patrol.id == finding.patrol_id,
        Patrol.mode == PatrolMode.MYSTERY,
        Patrol.released_at.is_(None),
    ).correlate(finding)


def _with_names(rows: Select[Finding]) -> Select[Finding]:
    return rows.options(
        joinedload(Finding.item),
        joinedload(Finding.patrol_point),
        joinedload(Finding.department),
        joinedload(Finding.section),
        joinedload(Finding.staff_member),
    )


Kind = TypeVar("Kind", bound=StrEnum)


def _member(kinds: type[Kind], value: str | None) -> Kind | None:
    return kinds(value) if value in {kind.value for kind in kinds} else None


@dataclass(frozen=True)
class FindingFilter:
    """The filters of the ledger as they stand in its address; what does not parse is left out."""

    status: FindingStatus | None = None
    confirmation: Confirmation | None = None
    source: FindingSource | None = None
    finder: Finder | None = None
    valid: bool = False  # without what was voided
    released: bool = False  # without those of mystery visits that nobody may know of yet
    red_line: bool = False
    recording: bool = False  # a recording of the hall that nobody has saved yet
    line: int | None = None  # which red line
    item: str = ""
    special: bool = False  # found by the list of special inspections
    since: date | None = None
    until: date | None = None
    centre_id: int | None = None
    department_id: int | None = None
    point_id: int | None = None
    patrol_id: int | None = None
    words: str = ""

    @classmethod
    def read(cls, args: Mapping[str, str]) -> FindingFilter:
        return cls(
            status=_member(FindingStatus, args.get("status")),
            confirmation=_member(Confirmation, args.get("confirmation")),
            source=_member(FindingSource, args.get("source")),
            finder=_member(Finder, args.get("finder")),
            valid=args.get("valid") == "1",
            released=args.get("released") == "1",
            red_line=args.get("red_line") == "1",
            recording=args.get("recording") == "1",
            line=row_id(args.get("line")),
            item=args.get("item", "")[:20],
            special=args.get("checklist") == ChecklistPurpose.SPECIAL,
            since=read_day(args.get("from")),
            until=read_day(args.get("to")),
            centre_id=row_id(args.get("centre")),
            department_id=row_id(args.get("department")),
            point_id=row_id(args.get("point")),
            patrol_id=row_id(args.get("patrol")),
            words=args.get("q", "")[:60],
        )


def filtered(actor: Actor, wanted: FindingFilter) -> Select[Finding]:
    """Return the visible findings that pass the filters."""
    rows = visible_to(actor).where(*within(Finding.occurred_at, wanted.since, wanted.until))
    if wanted.valid:
        rows = rows.where(Finding.status != FindingStatus.VOID)
    if wanted.released:
        rows = rows.where(released())
    item = _item_condition(wanted)
    if item:
        rows = rows.where(Finding.item_id.in_(select(ChecklistItem.id).where(*item)))
    if wanted.recording:
        rows = rows.where(Finding.camera.is_not(None), Finding.recording_saved_at.is_(None))
    for column, value in (
        (Finding.status, wanted.status),
        (Finding.confirmation, wanted.confirmation),
        (Finding.source, wanted.source),
        (Finding.finder, wanted.finder),
        (Finding.centre_id, wanted.centre_id),
        (Finding.department_id, wanted.department_id),
        (Finding.patrol_point_id, wanted.point_id),
        (Finding.patrol_id, wanted.patrol_id),
    ):
        if value is not None:
            rows = rows.where(column == value)
    found = search.found(db.session(), "findings_search", Finding.id, wanted.words)
    return rows if found is None else rows.where(found)


def _item_condition(wanted: FindingFilter) -> list[ColumnElement[bool]]:
    """Return what the filters ask of the item of a finding."""
    found: list[ColumnElement[bool]] = [ChecklistItem.red_line > 0] if wanted.red_line else []
    if wanted.line is not None:
        found.append(ChecklistItem.red_line == wanted.line)
    if wanted.item:
        found.append(ChecklistItem.code == wanted.item)
    if wanted.special:
        special = select(Checklist.id).where(Checklist.purpose == ChecklistPurpose.SPECIAL)
        found.append(ChecklistItem.checklist_id.in_(special))
    return found


# A line of the ledger as plain columns: fifty objects with five others each would double the page's cost.
_LINE = (
    Finding.id,
    Finding.number,
    Finding.status,
    Finding.confirmation,
    Finding.occurred_at,
    Finding.photos,
    ChecklistItem.wording,
    ChecklistItem.red_line,
    PatrolPoint.number.label("point_number"),
    PatrolPoint.name.label("point_name"),
    func.coalesce(Department.short_name, Section.name).label("owner"),
    StaffMember.name.label("staff_name"),
)
# Outer joins leave the database no choice but to walk the findings in their order.
_LINES = cast(
    "Select[Any]",
    select(*_LINE)
    .select_from(Finding)
    .outerjoin(Finding.item)
    .outerjoin(Finding.patrol_point)
    .outerjoin(Finding.department)
    .outerjoin(Finding.section)
    .outerjoin(Finding.staff_member),
)


def list_findings(actor: Actor, args: Mapping[str, str]) -> tuple[Page[Any], int]:
    """Return one page of findings by time, filtered, as lines of the ledger, and their capped number."""
    wanted = FindingFilter.read(args)
    rows = filtered(actor, wanted)
    lines = _LINES.where(rows.whereclause) if rows.whereclause is not None else _LINES
    order = Order(Finding.occurred_at, Finding.id, centre=Finding.centre_id)
    page = fetch(
        db.session(),
        lines,
        order,
        args.get("cursor"),
        centres=actor.centre_ids,
        searched=bool(wanted.words) or wanted.red_line,
    )
    return page, capped_count(db.session(), rows)


def get_finding(actor: Actor, finding_id: int) -> Finding:
    rows = _with_names(visible_to(actor)).options(joinedload(Finding.patrol), joinedload(Finding.recorded_by))
    return scope.load(db.session(), rows, Finding, finding_id)


def get_findings(actor: Actor, finding_ids: Sequence[int]) -> list[Finding]:
    """Return several findings in sight, in the order they occurred; unknown ids are left out."""
    rows = _with_names(visible_to(actor)).where(Finding.id.in_(finding_ids))
    return list(db.session.scalars(rows.order_by(Finding.occurred_at, Finding.id)))


def statement_of(finding_id: int) -> FindingStatement | None:
    """Return what was said to a finding, with who said it."""
    statement = select(FindingStatement).where(FindingStatement.finding_id == finding_id)
    return db.session.scalar(statement.options(joinedload(FindingStatement.said_by)))


def statement_facts(actor: Actor, finding: Finding) -> StatementFacts:
    """Return what decides whether the actor may confirm or dispute a finding."""
    concerned = (
        (finding.staff_member_id is not None and finding.staff_member_id == actor.staff_member_id)
        or finding.department_id in actor.department_ids
        or (finding.section_id is not None and finding.section_id == actor.section_id)
    )
    return StatementFacts(
        concerned, finding.recorded_by_id == actor.user_id, finding.confirmation, finding.status
    )


def findings_of_patrol(patrol_id: int) -> list[Finding]:
    rows = _with_names(select(Finding).where(Finding.patrol_id == patrol_id))
    return list(db.session.scalars(rows.order_by(Finding.id)))


def owner_name(session: Session, department_id: int | None, section_id: int | None) -> str:
    """Return the name of the responsible body."""
    if department_id:
        return session.get_one(Department, department_id).name
    return session.get_one(Section, section_id).name if section_id else ""


def rectification_of(actor: Actor, finding_id: int) -> Rectification | None:
    """Return the rectification that answers a finding; None to the person concerned who need not mend it."""
    statement = select(Rectification).join(
        RectifiedFinding, RectifiedFinding.rectification_id == Rectification.id
    )
    row = db.session.scalar(statement.where(RectifiedFinding.finding_id == finding_id).limit(1))
    if row is None or actor.centre_wide or row.department_id in actor.department_ids:
        return row
    return row if actor.staff_member_id and row.owner_id == actor.staff_member_id else None
