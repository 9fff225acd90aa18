"""Reads of checklists, patrols and findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.core.errors import NotFound
from app.core.i18n import N_
from app.db import scope, search
from app.db.drafts import Draft
from app.db.listing import Order, Page, capped_count, fetch
from app.db.scope import row_id
from app.extensions import db
from app.inspections.models import Checklist, ChecklistItem, Finding, Patrol, PatrolCheck
from app.inspections.rules import FindingStatus, PatrolMode
from app.organisation import queries as organisation
from app.organisation.models import Department, PatrolPoint, Section, StaffMember, Zone
from app.permissions import Actor
from app.rectifications.models import Rectification, RectifiedFinding
from app.rectifications.rules import ENDED

EARLIER = timedelta(days=90)


# --- checklists -----------------------------------------------------------------------------------


def current_checklist(centre_id: int, on: date) -> Checklist | None:
    """Return the checklist in force at a centre on a day: the newest edition that has begun."""
    return db.session.scalar(
        select(Checklist)
        .where(
            Checklist.centre_id == centre_id,
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


# --- drafts ---------------------------------------------------------------------------------------


def own_drafts(actor: Actor) -> list[tuple[Draft, Zone]]:
    """Return the patrols that the actor has begun and not submitted, newest first."""
    statement = (
        select(Draft, Zone)
        .join(Zone, Zone.id == Draft.subject_id)
        .where(Draft.user_id == actor.user_id, Draft.kind == "patrol")
    )
    return [(draft, zone) for draft, zone in db.session.execute(statement.order_by(Draft.saved_at.desc()))]


def get_draft(actor: Actor, draft_id: int) -> Draft:
    """Return one's own patrol under way. Raise NotFound."""
    draft = db.session.get(Draft, draft_id) if 0 < draft_id < 2**31 else None
    if draft is None or draft.kind != "patrol" or draft.user_id != actor.user_id:
        raise NotFound(N_("这次巡查已经提交或放弃，或者是别人的草稿。"))
    return draft


def points_of_draft(draft: Draft, on: date) -> list[PatrolPoint]:
    """Return the points of the draft's zone in walking order."""
    return organisation.points_of_zone(db.session(), draft.subject_id, on)


def point_and_items(draft: Draft, point_id: int, on: date) -> tuple[PatrolPoint, list[ChecklistItem]]:
    """Return a point of the draft's zone and what is asked there. Raise NotFound for any other point."""
    for place in points_of_draft(draft, on):
        if place.id == point_id:
            return place, items_for(items_of(draft.content["checklist_id"]), place)
    raise NotFound(N_("这个巡查点不在本次巡查的区域内。"))


def submitted_patrol(form_key: str) -> int | None:
    """Return the patrol that a draft became, for a second tap on submit."""
    return db.session.scalar(select(Patrol.id).where(Patrol.form_key == form_key))


def zones_for(actor: Actor) -> list[Zone]:
    """Return the zones that the actor may patrol: those of his centre and the centres below."""
    statement = select(Zone).where(Zone.centre_id.in_(actor.centre_ids), Zone.closed_on.is_(None))
    return list(db.session.scalars(statement.order_by(Zone.centre_id, Zone.position)))


def get_zone(actor: Actor, zone_id: int) -> Zone:
    """Return a zone in sight. Raise NotFound, OutOfScope for a zone of another centre."""
    return scope.load(db.session(), organisation.visible_to(actor, Zone), Zone, zone_id)


# --- patrols --------------------------------------------------------------------------------------


def visible_patrols(actor: Actor) -> Select[Patrol]:
    """Return the patrols in sight: all of the centre and those below, for roles of the centre only."""
    if not actor.centre_wide:
        return select(Patrol).where(Patrol.id.is_(None))
    return select(Patrol).where(Patrol.centre_id.in_(actor.centre_ids))


PATROL_ORDER = Order(Patrol.started_at, Patrol.id, centre=Patrol.centre_id)


def filtered_patrols(actor: Actor, args: Mapping[str, str]) -> Select[Patrol]:
    """Return the patrols in sight that pass the filters `mode` and `zone`."""
    rows = visible_patrols(actor)
    if args.get("mode") in set(PatrolMode):
        rows = rows.where(Patrol.mode == PatrolMode(args["mode"]))
    zone_id = row_id(args.get("zone"))
    if zone_id is not None:
        rows = rows.where(Patrol.zone_id == zone_id)
    return rows


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
    return select(Finding).where(Finding.centre_id.in_(actor.centre_ids), or_(*own))


def _with_names(rows: Select[Finding]) -> Select[Finding]:
    return rows.options(
        joinedload(Finding.item),
        joinedload(Finding.patrol_point),
        joinedload(Finding.department),
        joinedload(Finding.section),
        joinedload(Finding.staff_member),
    )


@dataclass(frozen=True)
class FindingFilter:
    """The filters of the ledger as they stand in its address; what does not parse is left out."""

    status: FindingStatus | None = None
    red_line: bool = False
    recording: bool = False  # a recording of the hall that nobody has saved yet
    department_id: int | None = None
    point_id: int | None = None
    patrol_id: int | None = None
    words: str = ""

    @classmethod
    def read(cls, args: Mapping[str, str]) -> FindingFilter:
        return cls(
            status=FindingStatus(args["status"]) if args.get("status") in set(FindingStatus) else None,
            red_line=args.get("red_line") == "1",
            recording=args.get("recording") == "1",
            department_id=row_id(args.get("department")),
            point_id=row_id(args.get("point")),
            patrol_id=row_id(args.get("patrol")),
            words=args.get("q", "")[:60],
        )


def filtered(actor: Actor, wanted: FindingFilter) -> Select[Finding]:
    """Return the visible findings that pass the filters."""
    rows = visible_to(actor)
    if wanted.status:
        rows = rows.where(Finding.status == wanted.status)
    if wanted.red_line:
        rows = rows.where(Finding.item_id.in_(select(ChecklistItem.id).where(ChecklistItem.red_line > 0)))
    if wanted.recording:
        rows = rows.where(Finding.camera.is_not(None), Finding.recording_saved_at.is_(None))
    for column, value in (
        (Finding.department_id, wanted.department_id),
        (Finding.patrol_point_id, wanted.point_id),
        (Finding.patrol_id, wanted.patrol_id),
    ):
        if value is not None:
            rows = rows.where(column == value)
    found = search.found(db.session(), "findings_search", Finding.id, wanted.words)
    return rows if found is None else rows.where(found)


# A line of the ledger as plain columns: fifty objects with five others each would double the page's cost.
_LINE = (
    Finding.id,
    Finding.number,
    Finding.status,
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


def findings_of_patrol(patrol_id: int) -> list[Finding]:
    rows = _with_names(select(Finding).where(Finding.patrol_id == patrol_id))
    return list(db.session.scalars(rows.order_by(Finding.id)))


def earlier_findings(point_id: int, item_id: int, now: datetime) -> list[Finding]:
    """Return the findings of the same place and item in the last 90 days, newest first, at most five."""
    return list(
        db.session.scalars(
            select(Finding)
            .join(ChecklistItem, ChecklistItem.id == Finding.item_id)
            .where(
                Finding.patrol_point_id == point_id,
                ChecklistItem.code
                == select(ChecklistItem.code).where(ChecklistItem.id == item_id).scalar_subquery(),
                Finding.occurred_at > now - EARLIER,
                Finding.status != FindingStatus.VOID,
            )
            .order_by(Finding.occurred_at.desc(), Finding.id.desc())
            .limit(5)
        )
    )


def owner_name(session: Session, department_id: int | None, section_id: int | None) -> str:
    """Return the name of the responsible body."""
    if department_id:
        return session.get_one(Department, department_id).name
    return session.get_one(Section, section_id).name if section_id else ""


def owner_choices(centre_id: int, point: PatrolPoint, on: date) -> tuple[list[tuple[str, str]], str]:
    """Return the bodies that may be responsible at a point, its own first, and the one that is meant.

    None is meant, and has to be chosen, where several departments are served, or none.
    """
    near = organisation.departments_of_point(db.session(), point, on)
    departments = db.session.scalars(
        select(Department)
        .where(
            Department.centre_id == centre_id,
            or_(Department.closed_on.is_(None), Department.closed_on > on),
            Department.id.not_in([department.id for department in near]),
        )
        .order_by(Department.sort_key, Department.id)
    ).all()
    sections = db.session.scalars(
        select(Section)
        .where(Section.centre_id == centre_id, Section.closed_on.is_(None))
        .order_by(Section.id)
    ).all()
    choices = [
        *((f"department:{department.id}", department.name) for department in (*near, *departments)),
        *((f"section:{section.id}", section.name) for section in sections),
    ]
    return choices, choices[0][0] if len(near) == 1 else ""


def staff_choices(point: PatrolPoint, on: date) -> list[StaffMember]:
    """Return who is posted at a point today, the A-role first."""
    return [
        staff for staff, *_ in organisation.postings_today(db.session(), [point.id], on).get(point.id, [])
    ]


def rectification_of(actor: Actor, finding_id: int) -> Rectification | None:
    """Return the rectification that answers a finding; None to the person concerned who need not mend it."""
    statement = select(Rectification).join(
        RectifiedFinding, RectifiedFinding.rectification_id == Rectification.id
    )
    row = db.session.scalar(statement.where(RectifiedFinding.finding_id == finding_id).limit(1))
    if row is None or actor.centre_wide or row.department_id in actor.department_ids:
        return row
    return row if actor.staff_member_id and row.owner_id == actor.staff_member_id else None


def open_rectifications(point_id: int) -> int:
    """Return how many rectifications at a point are not yet struck off."""
    statement = (
        select(Rectification.id)
        .join(RectifiedFinding, RectifiedFinding.rectification_id == Rectification.id)
        .join(Finding, Finding.id == RectifiedFinding.finding_id)
        .where(Finding.patrol_point_id == point_id, Rectification.status.not_in(ENDED))
        .distinct()
    )
    return capped_count(db.session(), statement)
