"""Rounds of the demo: a zone walked point by point, submitted, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from app import clock
from app.db.drafts import Draft
from app.db.uow import unit_of_work
from app.extensions import db
from app.inspections import draft_rules as content_of
from app.inspections import services as patrols
from app.inspections import walk_queries as walks
from app.inspections.models import Finding, Patrol
from app.inspections.rules import Answer, ChecklistPurpose, Disposition, Followed, PatrolMode
from app.organisation.rules import PointKind
from app.permissions import Actor
from app.rectifications.rules import RectificationStatus
from app.seeding import demo_findings
from app.seeding.demo_findings import Found, Seen
from app.seeding.demo_stage import Event, Hall, Item, Spot, Stage, moment
from app.settings.rules import Round

STEP = timedelta(seconds=75)  # at a place
AS_TOLD = frozenset({PatrolMode.MYSTERY, PatrolMode.SPECIAL})  # chance adds nothing to them


@dataclass(frozen=True)
class Visit:
    """One walk through a zone: by whom, how, and what will be seen."""

    hall: Hall
    zone: str
    mode: PatrolMode
    actor: Actor
    begun: datetime
    planned: tuple[date, Round] | None  # the round of the plan that it covers
    seen: tuple[Seen, ...] = ()
    note: str = ""
    companions: str = ""
    leader: tuple[str, ...] = ("", "")
    released: int | None = None  # a mystery visit: working days until the inspected may know
    void: str = ""
    saved: bool = False  # stills of the recorders are kept as evidence

    @property
    def spots(self) -> tuple[Spot, ...]:
        return self.hall.zones[self.zone][1]

    @property
    def ends(self) -> datetime:
        return self.begun + (len(self.spots) + 1) * STEP

    @property
    def plan(self) -> dict[str, str]:
        day, one = self.planned or (None, None)
        return {
            "round_on": day.isoformat() if day else "",
            "round_name": one.name if one else "",
            "companions": self.companions,
            "on_behalf_name": self.leader[0],
            "on_behalf_capacity": self.leader[1],
        }


def walk(stage: Stage, visit: Visit) -> Event:
    """Return the event of a round being submitted."""

    def happen(ended: datetime) -> None:
        content, seen = _content(stage, visit)
        draft = Draft(
            kind=patrols.DRAFT,
            user_id=visit.actor.user_id,
            centre_id=visit.hall.centre_id,
            subject_id=content["zone_id"],
            content=content,
            begun_at=visit.begun,
            saved_at=ended,
        )
        with unit_of_work(visit.actor, ended) as uow:
            uow.session.add(draft)
            uow.session.flush()
            patrol_id = patrols.submit(uow, draft.id, visit.note).id
        rows = select(Finding.id).where(Finding.patrol_id == patrol_id).order_by(Finding.id)
        found = [
            Found(finding_id, *facts)
            for finding_id, facts in zip(db.session.scalars(rows), seen, strict=True)
        ]
        _follow(stage, visit, patrol_id, found, ended)

    return happen


def _content(
    stage: Stage, visit: Visit
) -> tuple[dict[str, Any], list[tuple[Seen, Item, Spot, str, int | None]]]:
    """Return the round as its draft keeps it, and what was found in the order in which it was found."""
    purpose = ChecklistPurpose.SPECIAL if visit.mode is PatrolMode.SPECIAL else ChecklistPurpose.ROUTINE
    checklist_id, items = visit.hall.checklists[purpose]
    zone_id, spots = visit.hall.zones[visit.zone]
    form_key = f"demo-{zone_id}-{visit.begun:%Y%m%d%H%M}"
    content = content_of.new(form_key, zone_id, checklist_id, visit.mode.value, visit.plan)
    waiting = walks.open_rectifications([spot.id for spot in spots], visit.begun)
    found = []
    for step, spot in enumerate(spots, 1):
        at = visit.begun + step * STEP
        asked = [item for item in items if spot.kind.value in item.kinds]
        seen = [one for one in visit.seen if one.place == spot.number]
        closed = not seen and spot.kind is PointKind.WINDOW and stage.chance("place_closed")
        given = {} if closed else {item.code: Answer.OK.value for item in asked}
        followed = {
            one.number: (
                Followed.MENDED if one.status is RectificationStatus.SUBMITTED else Followed.NOT_MENDED
            ).value
            for one in waiting[spot.id]
        }
        if given and stage.rng.random() < 0.02:
            given[stage.rng.choice(asked).code] = Answer.NOT_APPLICABLE.value
        content = content_of.with_point(content, spot.id, given, closed, at.isoformat(), followed)
        if given and not seen and visit.mode not in AS_TOLD and stage.chance("found"):
            seen = [demo_findings.by_chance(stage, spot, asked)]
        for one in seen:
            item = next(item for item in asked if item.code == one.item)
            content, owner, person = _with_finding(stage, visit, content, spot, item, one, at)
            found.append((one, item, spot, owner, person))
    return content, found


def _with_finding(
    stage: Stage,
    visit: Visit,
    content: dict[str, Any],
    spot: Spot,
    item: Item,
    seen: Seen,
    at: datetime,
) -> tuple[dict[str, Any], str, int | None]:
    rng = stage.rng
    owner, person = demo_findings.concerned(stage, visit.hall, spot, at)
    photos = []
    if item.scene:
        count = 2 if stage.chance("second_photo") else 1
        photos = stage.photos.before(item.scene, rng, count, recording=visit.saved)
        content = content_of.with_uploads(content, {photo.sha256: photo.to_dict() for photo in photos})
    on_spot = seen.fate == "on_spot"
    finding = {
        "point_id": spot.id,
        "item": item.code,
        "owner": owner,
        "staff": person,
        "occurred_at": at.isoformat(),
        "note": rng.choice(item.notes),
        "disposition": (Disposition.CORRECTED_ON_SPOT if on_spot else Disposition.RECTIFY).value,
        "camera": seen.camera,
        "photos": [photo.sha256 for photo in photos],
    }
    return content_of.with_finding(content, None, finding, at.isoformat()), owner, person


# --- afterwards -----------------------------------------------------------------------------------


def _follow(stage: Stage, visit: Visit, patrol_id: int, found: list[Found], ended: datetime) -> None:
    if visit.void:
        stage.at(ended + timedelta(minutes=40), partial(_void, stage, visit, patrol_id))
    elif visit.mode is not PatrolMode.MYSTERY:
        demo_findings.follow(stage, visit.hall, visit.actor, found, ended)
    elif visit.released is not None:
        day = stage.later(clock.local(ended).date(), visit.released)
        stage.at(moment(day, "10:00"), partial(_release, stage, visit, patrol_id, found))


def _void(stage: Stage, visit: Visit, patrol_id: int, at: datetime) -> None:
    version = db.session.get_one(Patrol, patrol_id).version
    with unit_of_work(visit.hall.head, at) as uow:
        patrols.void(uow, patrol_id, version, visit.void)


def _release(stage: Stage, visit: Visit, patrol_id: int, found: list[Found], at: datetime) -> None:
    version = db.session.get_one(Patrol, patrol_id).version
    with unit_of_work(visit.hall.head, at) as uow:
        patrols.release(uow, patrol_id, version)
    demo_findings.follow(stage, visit.hall, visit.actor, found, at)
