"""The findings of a round under way: noted, changed, taken out again; their files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _

from app import clock
from app.attachments import queries as attachments
from app.attachments.services import StoredFile
from app.core.errors import Invalid, NotFound
from app.core.i18n import N_
from app.db.drafts import Draft
from app.db.uow import short_transaction
from app.extensions import db
from app.fields import refuse
from app.inspections import entry_routes, finding_services, services, walk_queries
from app.inspections.forms import FindingForm
from app.inspections.rules import Doubt
from app.inspections.walk_queries import NO_DOUBTS, Doubts
from app.inspections.walk_routes import walk as walk
from app.organisation.queries import OnPost
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.files import ORIGINAL, send_evidence
from app.web.page import done, render
from app.web.settings import settings
from app.web.uploads import receive_files, status_of


@walk.get("/patrols/drafts/<int:draft_id>/points/<int:point_id>/findings/new")
@requires(Permission.PATROL_CONDUCT)
def new_finding(draft_id: int, point_id: int) -> Response:
    kept = walk_queries.get_draft(actor(), draft_id)
    return _finding_page(kept, point_id, None, _finding_form(kept, point_id, None))


@walk.post("/patrols/drafts/<int:draft_id>/points/<int:point_id>/findings")
@requires(Permission.PATROL_CONDUCT)
def add_finding(draft_id: int, point_id: int) -> Response:
    kept = walk_queries.find_draft(actor(), draft_id)
    return _save_finding(kept, point_id, None) if kept else entry_routes.late(point_id)


@walk.get("/patrols/drafts/<int:draft_id>/findings/<key>")
@requires(Permission.PATROL_CONDUCT)
def edit_finding(draft_id: int, key: str) -> Response:
    kept = walk_queries.get_draft(actor(), draft_id)
    point_id = _kept_finding(kept, key)["point_id"]
    return _finding_page(kept, point_id, key, _finding_form(kept, point_id, key))


@walk.post("/patrols/drafts/<int:draft_id>/findings/<key>")
@requires(Permission.PATROL_CONDUCT)
def change_finding(draft_id: int, key: str) -> Response:
    kept = walk_queries.find_draft(actor(), draft_id)
    if kept is None:
        return entry_routes.late(request.form.get("point", 0, int))
    return _save_finding(kept, _kept_finding(kept, key)["point_id"], key)


@walk.post("/patrols/drafts/<int:draft_id>/findings/<key>/remove")
@requires(Permission.PATROL_CONDUCT)
def remove_finding(draft_id: int, key: str) -> Response:
    point_id = _kept_finding(walk_queries.get_draft(actor(), draft_id), key)["point_id"]
    with short_transaction() as session:
        services.remove_finding(session, actor(), draft_id, key, clock.now())
    return done(url_for(".point", draft_id=draft_id, point_id=point_id))


@walk.get("/patrols/drafts/<int:draft_id>/files/<sha256>")
@requires(Permission.PATROL_CONDUCT)
def draft_file(draft_id: int, sha256: str) -> Response:
    uploads = walk_queries.get_draft(actor(), draft_id).content["uploads"]
    if sha256 not in uploads:
        raise NotFound(attachments.MISSING)
    file = StoredFile.from_dict(uploads[sha256])
    variant = "small" if file.is_photo else ORIGINAL
    return send_evidence(settings().attachments, sha256, file.media_type, variant)


# --- what the page shows --------------------------------------------------------------------------


def _kept_finding(kept: Draft, key: str) -> dict[str, Any]:
    if key not in kept.content["findings"]:
        raise NotFound(N_("这个问题已从草稿中删除。"))
    found: dict[str, Any] = kept.content["findings"][key]
    return found


def _finding_form(kept: Draft, point_id: int, key: str | None) -> FindingForm:
    place, items = walk_queries.point_and_items(kept, point_id)
    day = walk_queries.day_of(kept)
    owners, meant = walk_queries.owner_choices(kept.centre_id, place, day)
    data: dict[str, Any] = {
        "item": request.args.get("item"),
        "owner": meant,
        "occurred_at": clock.local(clock.now()),
    }
    if key:
        found = _kept_finding(kept, key)
        data = {**found, "staff": found["staff"] or 0, "photo": found["photos"]}
        for name in ("occurred_at", "ended_at"):
            data[name] = clock.local(datetime.fromisoformat(found[name])) if found.get(name) else None
        data["despite"] = ",".join(found.get("doubts", ()))
    form = FindingForm(request.form if request.method == "POST" else None, data=data)
    form.item.choices = [(item.code, f"{item.code} {item.wording}") for item in items]
    form.owner.choices = owners if meant else [("", _("请选择责任单位")), *owners]
    people = walk_queries.staff_choices(place, day)
    form.staff.choices = [(0, _("不涉及具体人员")), *((one.staff.id, _name(one)) for one in people)]
    _keep_the_moved(form, kept.centre_id)
    return form


def _name(one: OnPost) -> str:
    """Return a person posted here as the list names him, with his absence if he is away."""
    if one.absence is None:
        return one.staff.name
    since, until = clock.local(one.absence.begins_at), clock.local(one.absence.ends_at)
    return _(
        "%(name)s（经批准不在岗 %(since)s 至 %(until)s）",
        name=one.staff.name,
        since=f"{since:%m-%d %H:%M}",
        until=f"{until:%m-%d %H:%M}",
    )


def _keep_the_moved(form: FindingForm, centre_id: int) -> None:
    """Offer a person who was chosen and has been posted elsewhere since: what was noted stays."""
    if form.staff.data not in {value for value, _label in form.staff.choices}:
        moved = walk_queries.staff_member(centre_id, form.staff.data)
        if moved:
            form.staff.choices.append((moved.id, _("%(name)s（岗位已不在此处）", name=moved.name)))


def _finding_page(
    kept: Draft,
    point_id: int,
    key: str | None,
    form: FindingForm,
    status: int = 200,
    faults: Sequence[Invalid] = (),
    doubts: Doubts = NO_DOUBTS,
) -> Response:
    place, items = walk_queries.point_and_items(kept, point_id)
    item = next((item for item in items if item.code == form.item.data), None)
    return render(
        "inspections/finding_form.html",
        status=status,
        draft=kept,
        point=place,
        closed=kept.content["points"].get(str(point_id), {}).get("closed"),
        key=key,
        form=form,
        item=item,
        faults=faults,
        doubts=doubts,
        uploads=_chosen(kept, form),
        space=attachments.space(db.session(), kept.centre_id),
        earlier=walk_queries.earlier_findings(place.id, item.id, clock.now()) if item else [],
    )


def _save_finding(kept: Draft, point_id: int, key: str | None) -> Response:
    place, items = walk_queries.point_and_items(kept, point_id)
    stored, faults = receive_files(kept.centre_id)
    if stored:
        with short_transaction() as session:
            services.keep_uploads(session, actor(), kept.id, stored, clock.now())
        kept = walk_queries.get_draft(actor(), kept.id)
    form = _finding_form(kept, point_id, key)
    form.photo.data = list(dict.fromkeys(file.sha256 for file in (*_chosen(kept, form), *stored)))
    status = status_of(faults)
    doubts = NO_DOUBTS
    if form.validate() and not faults:
        finding = _finding_of(form, point_id)
        try:
            item = next(item for item in items if item.code == finding["item"])
            finding_services.check_finding(item, finding, _chosen(kept, form), clock.now())
            doubts = walk_queries.draft_doubts(kept, place, item, finding, key)
            if set(doubts.kinds) <= accepted(form.despite.data):
                finding["doubts"] = [doubt.value for doubt in doubts.kinds]
                draft_id = kept.id  # read before the commit: after it nothing more may fail
                with short_transaction() as session:
                    services.save_finding(session, actor(), draft_id, key, finding, clock.now())
                return done(url_for("inspections.walk.point", draft_id=draft_id, point_id=point_id))
            status = 409
        except Invalid as error:
            refuse(form, error)
    return _finding_page(kept, point_id, key, form, status, faults, doubts)


def _chosen(kept: Draft, form: FindingForm) -> list[StoredFile]:
    """Return the files that a finding is to have: those of the draft that were not unticked."""
    uploads = kept.content["uploads"]
    return [StoredFile.from_dict(uploads[sha]) for sha in form.photo.data or [] if sha in uploads]


def accepted(typed: str | None) -> set[Doubt]:
    """Return the doubts that were shown with the form and that it is sent in spite of."""
    return {Doubt(value) for value in (typed or "").split(",") if value in set(Doubt)}


def _finding_of(form: FindingForm, point_id: int) -> dict[str, Any]:
    """Return a finding as the draft keeps it."""
    return {
        "form_key": form.form_key.data,
        "point_id": point_id,
        "item": form.item.data,
        "owner": form.owner.data,
        "staff": form.staff.data or None,
        "occurred_at": clock.at_office(form.occurred_at.data).isoformat(),
        "ended_at": clock.at_office(form.ended_at.data).isoformat() if form.ended_at.data else None,
        "note": form.note.data or "",
        "disposition": form.disposition.data,
        "camera": form.camera.data or "",
        "photos": form.photo.data,
    }
