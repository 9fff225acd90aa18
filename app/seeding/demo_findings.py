"""Findings of the demo: what is seen by chance, whom it concerns, what he says, what is entered by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from app.db.uow import unit_of_work
from app.extensions import db
from app.inspections import finding_services, walk_queries
from app.inspections.finding_services import ByHand
from app.inspections.models import ChecklistItem, Finding
from app.inspections.rules import (
    ChecklistPurpose,
    Confirmation,
    Disposition,
    FindingSource,
    FindingStatus,
    finder_of,
)
from app.organisation.models import PatrolPoint
from app.permissions import Actor
from app.seeding import demo_notices
from app.seeding.demo_stage import Event, Hall, Item, Spot, Stage

ON_SPOT, LEFT_OPEN, VOID = "on_spot", "left_open", "void"  # fates without a notice
VOID_REASON = "与同日另一条记录重复。"


@dataclass(frozen=True)
class Seen:
    """What is to be seen at a place, and what becomes of it; `dispute` is a statement and a witness."""

    place: str
    item: str
    fate: str
    camera: str = ""
    dispute: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A finding of the ledger with what the story knows of it."""

    id: int
    seen: Seen
    item: Item
    spot: Spot
    owner: str
    person: int | None


def by_chance(stage: Stage, spot: Spot, asked: Sequence[Item]) -> Seen:
    """Return what is seen at a place by chance."""
    item = stage.rng.choices(asked, [item.weight for item in asked])[0]
    chance = stage.rng.random() * (0.6 if item.minor else 1.2)
    if chance < stage.story["habits"]["on_spot"] and not item.red_line:
        return Seen(spot.number, item.code, ON_SPOT)
    if stage.chance("left_open"):
        return Seen(spot.number, item.code, LEFT_OPEN)
    return Seen(spot.number, item.code, demo_notices.by_chance(stage))


def concerned(stage: Stage, hall: Hall, spot: Spot, at: datetime) -> tuple[str, int | None]:
    """Return the body that answers for a finding, and the person if one is named."""
    present = [one for one in spot.staff if not stage.is_away(one[0], at)]
    person, department = present[0] if present and stage.chance("named") else (None, None)
    if department in spot.departments:
        return f"department:{department}", person
    if spot.departments:
        return f"department:{stage.rng.choice(spot.departments)}", person
    return f"section:{hall.general}", person


# --- afterwards -----------------------------------------------------------------------------------


def follow(stage: Stage, hall: Hall, actor: Actor, found: Sequence[Found], at: datetime) -> None:
    """Plan what is said of findings and what is issued for them: one notice for a body and a fate."""
    notices: dict[tuple[str, str], list[Found]] = {}
    for one in found:
        if one.seen.fate == VOID:
            stage.at(at + timedelta(minutes=30), partial(_void, hall, one.id))
            continue
        if one.seen.dispute or stage.chance("confirmed"):
            pause = timedelta(minutes=stage.rng.randrange(35, 80))
            stage.at(at + pause, partial(_say, stage, actor, one))
        if one.seen.fate not in (ON_SPOT, LEFT_OPEN):
            notices.setdefault((one.owner, one.seen.fate), []).append(one)
    for (owner, fate), together in notices.items():
        issue = partial(demo_notices.issue, stage, hall, actor, owner, fate, tuple(together))
        stage.at(at + timedelta(minutes=20), issue)


def _void(hall: Hall, finding_id: int, at: datetime) -> None:
    version = db.session.get_one(Finding, finding_id).version
    with unit_of_work(hall.head, at) as uow:
        finding_services.void_finding(uow, finding_id, version, VOID_REASON)


def _say(stage: Stage, recorder: Actor, one: Found, at: datetime) -> None:
    """Let the person concerned, or who answers for the body, confirm a finding or dispute it."""
    accounts = {a.staff_member_id: a for a in stage.actors.values() if a.staff_member_id}
    answerer = stage.answerers[one.owner]
    speaker = accounts.get(one.person or 0) or (None if answerer.person.name else answerer.actor)
    finding = db.session.get_one(Finding, one.id)
    if speaker is None or speaker.user_id == recorder.user_id or finding.status is FindingStatus.VOID:
        return
    text, witness = one.seen.dispute or ("", "")
    outcome = Confirmation.DISPUTED if text else Confirmation.CONFIRMED
    version = finding.version
    with unit_of_work(speaker, at) as uow:
        finding_services.say(uow, one.id, version, outcome, text)
    if witness:
        stage.at(at + timedelta(minutes=20), partial(_witness, recorder, one.id, witness))


def _witness(recorder: Actor, finding_id: int, witness: str, at: datetime) -> None:
    version = db.session.get_one(Finding, finding_id).version
    with unit_of_work(recorder, at) as uow:
        finding_services.name_witness(uow, finding_id, version, witness)


# --- by hand --------------------------------------------------------------------------------------


def entry(stage: Stage, told: dict[str, Any]) -> Event:
    """Return the event of a finding being entered that no round has brought."""

    def happen(at: datetime) -> None:
        hall = stage.hall_of(told["point"])
        spot = next(s for _, spots in hall.zones.values() for s in spots if s.number == told["point"])
        _, items = hall.checklists[ChecklistPurpose.ROUTINE]
        item = next(one for one in items if one.code == told["item"])
        occurred = at - timedelta(minutes=75)
        owner, person = concerned(stage, hall, spot, occurred)
        if "owner" in told:
            owner, person = stage.names[told["owner"]], None
        photos = stage.photos.before(item.scene, stage.rng, 1, recording=False) if item.scene else []
        on_spot = told["fate"] == ON_SPOT
        kept = {
            "point_id": spot.id,
            "owner": owner,
            "staff": person,
            "occurred_at": occurred.isoformat(),
            "note": told.get("note") or stage.rng.choice(item.notes),
            "disposition": (Disposition.CORRECTED_ON_SPOT if on_spot else Disposition.RECTIFY).value,
            "camera": "",
            "photos": [photo.sha256 for photo in photos],
        }
        actor = stage.actors[told["by"]]
        name, capacity = told.get("behalf", ("", ""))
        source = FindingSource(told["source"])
        more = ByHand(f"demo-{at:%Y%m%d%H%M}", hall.centre_id, source, finder_of(source), name, capacity)
        point, row = db.session.get_one(PatrolPoint, spot.id), db.session.get_one(ChecklistItem, item.id)
        finding_services.check_finding(row, kept, photos, at)
        doubts = walk_queries.doubts(point, row, person, occurred).kinds
        kept["doubts"] = [doubt.value for doubt in doubts]
        with unit_of_work(actor, at) as uow:
            uploads = {photo.sha256: photo.to_dict() for photo in photos}
            finding = finding_services.record_by_hand(
                uow, uow.get(ChecklistItem, item.id), kept, uploads, more
            )
            finding_id = finding.id
        seen = Seen(spot.number, item.code, told["fate"])
        follow(stage, hall, actor, [Found(finding_id, seen, item, spot, owner, person)], at)

    return happen
