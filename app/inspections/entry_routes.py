"""Findings entered by hand: from paper, a complaint, the press, a superior, or from a round that is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.attachments import queries as attachments
from app.attachments.services import StoredFile
from app.core.errors import DomainError, Invalid, NotFound
from app.db.scope import row_id
from app.db.uow import short_transaction, unit_of_work
from app.extensions import db
from app.fields import refuse
from app.inspections import entry_queries, finding_services, plan_queries, queries, services, walk_queries
from app.inspections.finding_services import ByHand
from app.inspections.forms import HandForm
from app.inspections.models import ChecklistItem, Finding
from app.inspections.rules import Doubt, Finder, FindingSource, finder_of
from app.inspections.walk_queries import NO_DOUBTS, Doubts
from app.organisation import queries as organisation
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.files import ORIGINAL, send_evidence
from app.web.page import done, render
from app.web.settings import settings
from app.web.uploads import receive_files, status_of

entry = Blueprint("entry", __name__)
# What the next row takes over from the one before.
CARRIED = ("source", "finder", "on_behalf_name", "on_behalf_capacity", "disposition")


@entry.get("/findings/new")
@requires(Permission.FINDING_RECORD)
def new() -> Response:
    after = row_id(request.args.get("after"))
    return _page(_form(_carried(queries.get_finding(actor(), after)) if after else {}))


@entry.post("/findings")
@requires(Permission.FINDING_RECORD)
def record() -> Response:
    form, faults = _with_files(_form({}), _centre_id())
    done_before = entry_queries.entered_already(form.form_key.data)
    if done_before:
        return done(url_for(".new", after=done_before.id))
    doubts, status = NO_DOUBTS, status_of(faults)
    if form.validate() and not faults:
        try:
            meant = _read(form)
            doubts = meant.doubts
            if set(doubts.kinds) <= _accepted(form):
                return _record(form, meant, doubts)
            status = 409
        except DomainError as error:
            refuse(form, error)
    return _page(form, status, faults, doubts)


@entry.get("/findings/new/files/<sha256>")
@requires(Permission.FINDING_RECORD)
def file(sha256: str) -> Response:
    uploads = _uploads()
    if sha256 not in uploads:
        raise NotFound(attachments.MISSING)
    kept = StoredFile.from_dict(uploads[sha256])
    variant = "small" if kept.is_photo else ORIGINAL
    return send_evidence(settings().attachments, sha256, kept.media_type, variant)


def late(point_id: int) -> Response:
    """Answer a finding of a round that was submitted meanwhile: its words and files become an entry."""
    place = organisation.get_point(actor(), point_id)
    sent = request.form
    at = _moment(sent.get("occurred_at", ""))
    person = walk_queries.staff_member(place.centre_id, row_id(sent.get("staff")))
    given = {
        "point": place.number,
        "item": sent.get("item", ""),
        "staff": person.name if person else "",
        "owner": _owner_name(sent.get("owner", "")),
        "day": at.date() if at else clock.today(),
        "time": at.time() if at else None,
        "note": sent.get("note", ""),
        "disposition": sent.get("disposition"),
        "source": FindingSource.PATROL.value,
        "camera": sent.get("camera", ""),
        "photo": sent.getlist("photo"),
    }
    form = HandForm(None, data=given, meta={"today": clock.today()})
    form, faults = _with_files(form, place.centre_id)
    return _page(form, 409, faults, late=True, centre_id=place.centre_id)


def _moment(typed: str) -> datetime | None:
    try:
        return datetime.fromisoformat(typed.strip().replace(" ", "T"))
    except ValueError:
        return None


def _owner_name(sent: str) -> str:
    kind, _colon, owner_id = sent.partition(":")
    known, number = {"department", "section"}, row_id(owner_id)
    if kind not in known or number is None:
        return ""
    departments, sections = walk_queries.bodies(actor().centre_id or 0, clock.today())
    names = {("department", d.id): d.name for d in departments} | {
        ("section", s.id): s.name for s in sections
    }
    return names.get((kind, number), "")


# --- reading --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Meant:
    """What a form means, once every word of it is understood."""

    item: ChecklistItem
    kept: dict[str, Any]
    more: ByHand
    doubts: Doubts


def _centre_id() -> int:
    """Return the centre that an entry is for: the actor's own, or one below it."""
    wanted = row_id(request.values.get("centre"))
    return plan_queries.get_centre(actor(), wanted).id if wanted else actor().centre_id or 0


def _form(data: Mapping[str, Any]) -> HandForm:
    given = {"day": clock.today(), **data}
    sent = request.form if request.method == "POST" else None
    return HandForm(sent, data=given, meta={"today": clock.today()})


def _carried(before: Finding) -> dict[str, Any]:
    found = {name: getattr(before, name) for name in CARRIED if hasattr(before, name)}
    return {**found, "day": clock.local(before.occurred_at).date()}


def _uploads() -> dict[str, Any]:
    draft = entry_queries.find_draft(actor())
    uploads: dict[str, Any] = draft.content["uploads"] if draft else {}
    return uploads


def _with_files(form: HandForm, centre_id: int) -> tuple[HandForm, list[Invalid]]:
    """Keep the files that came with a form, good ones in its draft, bad ones as faults."""
    stored, faults = receive_files(centre_id)
    if stored:
        with short_transaction() as session:
            services.keep_entry_uploads(session, actor(), stored, clock.now())
    uploads = _uploads()
    photos = [*(form.photo.data or []), *(one.sha256 for one in stored)]
    form.photo.data = [sha for sha in dict.fromkeys(photos) if sha in uploads]
    return form, faults


def _accepted(form: HandForm) -> set[Doubt]:
    return {Doubt(value) for value in (form.despite.data or "").split(",") if value in set(Doubt)}


def _read(form: HandForm) -> _Meant:
    """Return what was typed as rows. Raise Invalid beside the field that is not understood."""
    centre_id, day = _centre_id(), form.day.data
    offer = entry_queries.offer(centre_id, day)
    point, item = offer.point(form.point.data), offer.item(form.item.data)
    near = entry_queries.near(point, day)
    person = offer.person(form.staff.data, near) if form.staff.data else None
    typed = form.owner.data
    owner = offer.owner(typed) if typed else entry_queries.owner_meant(point, person, day)
    kept = {
        "point_id": point.id,
        "owner": owner,
        "staff": person.id if person else None,
        "occurred_at": _instant(day, form.time.data).isoformat(),
        "ended_at": _instant(day, form.until.data).isoformat() if form.until.data else None,
        "note": form.note.data or "",
        "disposition": form.disposition.data,
        "camera": form.camera.data or "",
        "photos": form.photo.data,
    }
    finding_services.check_finding(item, kept, _chosen(form), clock.now())
    source = FindingSource(form.source.data)
    more = ByHand(
        form_key=form.form_key.data,
        centre_id=centre_id,
        source=source,
        finder=Finder(form.finder.data) if form.finder.data else finder_of(source),
        on_behalf_name=form.on_behalf_name.data or "",
        on_behalf_capacity=form.on_behalf_capacity.data or "",
    )
    at = datetime.fromisoformat(kept["occurred_at"])
    return _Meant(item, kept, more, walk_queries.doubts(point, item, kept["staff"], at))


def _chosen(form: HandForm) -> list[StoredFile]:
    uploads = _uploads()
    return [StoredFile.from_dict(uploads[sha]) for sha in form.photo.data or [] if sha in uploads]


def _instant(day: date, at: time) -> datetime:
    return clock.at_office(datetime.combine(day, at))


def _record(form: HandForm, meant: _Meant, doubts: Doubts) -> Response:
    kept = {**meant.kept, "doubts": [doubt.value for doubt in doubts.kinds]}
    with unit_of_work(actor(), clock.now()) as uow:
        item = uow.get(ChecklistItem, meant.item.id)
        finding = finding_services.record_by_hand(uow, item, kept, _uploads(), meant.more)
        services.end_entry(uow)
        finding_id, number = finding.id, finding.number
    flash(_("已录入 %(number)s。", number=number))
    return done(url_for(".new", after=finding_id, centre=request.form.get("centre") or None))


def _page(
    form: HandForm,
    status: int = 200,
    faults: list[Invalid] | None = None,
    doubts: Doubts = NO_DOUBTS,
    late: bool = False,
    centre_id: int | None = None,
) -> Response:
    centre = centre_id or _centre_id()
    return render(
        "inspections/entry.html",
        status=status,
        form=form,
        faults=faults or [],
        doubts=doubts,
        late=late,
        centre_id=centre,
        offer=entry_queries.offer(centre, form.day.data or clock.today()),
        initials=organisation.initials,
        uploads=_chosen(form),
        space=attachments.space(db.session(), centre),
        recent=entry_queries.entered_today(actor(), clock.now()),
    )
