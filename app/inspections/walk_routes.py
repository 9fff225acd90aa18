"""The round: from choosing a zone to submitting it, one saved step after another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app import clock
from app.attachments import queries as attachments
from app.attachments.services import StoredFile
from app.core.errors import DomainError, Invalid, NotAllowed, NotFound
from app.core.i18n import N_
from app.db.drafts import Draft
from app.db.uow import short_transaction, unit_of_work
from app.extensions import db
from app.fields import one_time_key, refuse
from app.inspections import draft_rules as content_of
from app.inspections import queries, services
from app.inspections.forms import FindingForm, PatrolForm, SubmitForm
from app.inspections.models import ChecklistItem
from app.inspections.rules import Answer, PatrolMode
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.files import ORIGINAL, send_evidence
from app.web.page import done, render
from app.web.settings import settings
from app.web.uploads import receive_files, status_of

walk = Blueprint("walk", __name__)


def register(bp: Blueprint) -> None:
    """Serve the round under the inspections' own blueprint."""
    bp.register_blueprint(walk)


@walk.get("/patrols/new")
@requires(Permission.PATROL_CONDUCT)
def new() -> Response:
    return render("inspections/new.html", form=_patrol_form(), drafts=queries.own_drafts(actor()))


@walk.post("/patrols")
@requires(Permission.PATROL_CONDUCT)
def begin() -> Response:
    form = _patrol_form()
    # Another centre's zone is no slip of the pen: not there for him, and a refusal in the log.
    zone = queries.get_zone(actor(), form.zone.data) if form.zone.data else None
    if form.validate() and zone:
        try:
            with short_transaction() as session:
                draft = services.begin_patrol(session, actor(), zone, PatrolMode(form.mode.data), clock.now())
                draft_id = draft.id
        except NotAllowed as error:
            refuse(form, error)
        else:
            return done(url_for(".draft", draft_id=draft_id))
    return render("inspections/new.html", form=form, drafts=queries.own_drafts(actor()), status=422)


@walk.get("/patrols/drafts/<int:draft_id>")
@requires(Permission.PATROL_CONDUCT)
def draft(draft_id: int) -> Response:
    return _draft_page(queries.get_draft(actor(), draft_id), SubmitForm())


@walk.get("/patrols/drafts/<int:draft_id>/points/<int:point_id>")
@requires(Permission.PATROL_CONDUCT)
def point(draft_id: int, point_id: int) -> Response:
    return _point_page(queries.get_draft(actor(), draft_id), point_id)


@walk.post("/patrols/drafts/<int:draft_id>/points/<int:point_id>")
@requires(Permission.PATROL_CONDUCT)
def answer(draft_id: int, point_id: int) -> Response:
    kept = queries.get_draft(actor(), draft_id)
    place, items = queries.point_and_items(kept, point_id, clock.today())
    given, closed = _answers(items, point_id)
    try:
        with short_transaction() as session:
            services.answer_point(session, actor(), draft_id, place.id, given, closed, clock.now())
    except NotAllowed as error:
        return _point_page(queries.get_draft(actor(), draft_id), point_id, error, given)
    kept = queries.get_draft(actor(), draft_id)
    return done(_problem(kept, point_id, given) or _after(kept, point_id))


@walk.get("/patrols/drafts/<int:draft_id>/points/<int:point_id>/findings/new")
@requires(Permission.PATROL_CONDUCT)
def new_finding(draft_id: int, point_id: int) -> Response:
    kept = queries.get_draft(actor(), draft_id)
    return _finding_page(kept, point_id, None, _finding_form(kept, point_id, None))


@walk.post("/patrols/drafts/<int:draft_id>/points/<int:point_id>/findings")
@requires(Permission.PATROL_CONDUCT)
def add_finding(draft_id: int, point_id: int) -> Response:
    return _save_finding(queries.get_draft(actor(), draft_id), point_id, None)


@walk.get("/patrols/drafts/<int:draft_id>/findings/<key>")
@requires(Permission.PATROL_CONDUCT)
def edit_finding(draft_id: int, key: str) -> Response:
    kept = queries.get_draft(actor(), draft_id)
    point_id = _kept_finding(kept, key)["point_id"]
    return _finding_page(kept, point_id, key, _finding_form(kept, point_id, key))


@walk.post("/patrols/drafts/<int:draft_id>/findings/<key>")
@requires(Permission.PATROL_CONDUCT)
def change_finding(draft_id: int, key: str) -> Response:
    kept = queries.get_draft(actor(), draft_id)
    return _save_finding(kept, _kept_finding(kept, key)["point_id"], key)


@walk.post("/patrols/drafts/<int:draft_id>/findings/<key>/remove")
@requires(Permission.PATROL_CONDUCT)
def remove_finding(draft_id: int, key: str) -> Response:
    point_id = _kept_finding(queries.get_draft(actor(), draft_id), key)["point_id"]
    with short_transaction() as session:
        services.remove_finding(session, actor(), draft_id, key, clock.now())
    return done(url_for(".point", draft_id=draft_id, point_id=point_id))


@walk.get("/patrols/drafts/<int:draft_id>/files/<sha256>")
@requires(Permission.PATROL_CONDUCT)
def draft_file(draft_id: int, sha256: str) -> Response:
    uploads = queries.get_draft(actor(), draft_id).content["uploads"]
    if sha256 not in uploads:
        raise NotFound(attachments.MISSING)
    file = StoredFile.from_dict(uploads[sha256])
    variant = "small" if file.is_photo else ORIGINAL
    return send_evidence(settings().attachments, sha256, file.media_type, variant)


@walk.post("/patrols/drafts/<int:draft_id>/submit")
@requires(Permission.PATROL_CONDUCT)
def submit(draft_id: int) -> Response:
    try:
        return _submitted_before() or _submit(draft_id)
    except NotFound:  # while this tap waited for its turn, the first one was served
        again = _submitted_before()
        if again is None:
            raise
        return again


def _submit(draft_id: int) -> Response:
    form = SubmitForm(request.form)
    if form.validate():
        try:
            with unit_of_work(actor(), clock.now()) as uow:
                patrol = services.submit(uow, draft_id, form.note.data)
                patrol_id, found = patrol.id, patrol.findings_count
        except NotAllowed as error:
            refuse(form, error)
        else:
            flash(
                ngettext("巡查已提交，记录了 %(num)d 个问题。", "巡查已提交，记录了 %(num)d 个问题。", found)
            )
            return done(url_for("inspections.patrol", patrol_id=patrol_id))
    return _draft_page(queries.get_draft(actor(), draft_id), form, 409 if form.form_errors else 422)


def _submitted_before() -> Response | None:
    """Answer a second tap, which finds the draft gone and the patrol there."""
    patrol_id = queries.submitted_patrol(one_time_key(request.form.get("form_key", "")))
    return done(url_for("inspections.patrol", patrol_id=patrol_id)) if patrol_id else None


@walk.post("/patrols/drafts/<int:draft_id>/discard")
@requires(Permission.PATROL_CONDUCT)
def discard(draft_id: int) -> Response:
    with short_transaction() as session:
        services.discard(session, actor(), draft_id)
    flash(_("已放弃这次巡查，没有记录任何内容。"))
    return done(url_for("inspections.patrols"))


# --- what the pages show --------------------------------------------------------------------------


def _patrol_form() -> PatrolForm:
    form = PatrolForm(request.form if request.method == "POST" else None)
    form.zone.choices = [(zone.id, f"{zone.floor} {zone.name}") for zone in queries.zones_for(actor())]
    return form


def _steps(kept: Draft) -> list[dict[str, Any]]:
    items = queries.items_of(kept.content["checklist_id"])
    return [
        {
            "point": place,
            "state": content_of.point_state(
                kept.content, place.id, [item.code for item in queries.items_for(items, place)]
            ),
        }
        for place in queries.points_of_draft(kept, clock.today())
    ]


def _draft_page(kept: Draft, form: SubmitForm, status: int = 200) -> Response:
    steps = _steps(kept)
    return render(
        "inspections/draft.html",
        status=status,
        draft=kept,
        mode=PatrolMode(kept.content["mode"]),
        steps=steps,
        complete=sum(step["state"].complete for step in steps),
        form=form,
    )


def _point_page(
    kept: Draft,
    point_id: int,
    error: DomainError | None = None,
    typed: Mapping[str, Answer] = MappingProxyType({}),
) -> Response:
    place, items = queries.point_and_items(kept, point_id, clock.today())
    steps = _steps(kept)
    here = next(index for index, step in enumerate(steps) if step["point"].id == point_id)
    findings = {k: f for k, f in kept.content["findings"].items() if f["point_id"] == point_id}
    return render(
        "inspections/point.html",
        status=409 if error else 200,
        draft=kept,
        point=place,
        groups=_grouped(items),
        answers={**content_of.answers(kept.content, point_id), **typed},
        findings=findings,
        found={finding["item"] for finding in findings.values()},
        waiting=queries.open_rectifications(point_id),
        wording={item.code: item.wording for item in items},
        steps=steps,
        here=here,
        complete=sum(step["state"].complete for step in steps),
        error=error,
    )


def _grouped(items: list[ChecklistItem]) -> list[tuple[str, list[ChecklistItem]]]:
    groups: dict[str, list[ChecklistItem]] = {}
    for item in items:
        groups.setdefault(item.group_name, []).append(item)
    return list(groups.items())


def _answers(items: list[ChecklistItem], point_id: int) -> tuple[dict[str, Answer], bool]:
    """Read the answers of a point: one tap for all, or item by item; what is left out stays unanswered."""
    every = request.form.get("all", "")
    if every == "ok" and queries.open_rectifications(point_id):
        every = ""  # where something is still being mended, each item is looked at
    given = {}
    for item in items:
        value = request.form.get(f"answer-{item.code}", "")
        if value in set(Answer):
            given[item.code] = Answer(value)
        elif every == "ok":
            given[item.code] = Answer.OK
    return given, every == "closed"


def _problem(kept: Draft, point_id: int, given: dict[str, Answer]) -> str | None:
    """Return the page of the finding that was asked for, or of the first item answered so without one."""
    found = {f["item"]: k for k, f in kept.content["findings"].items() if f["point_id"] == point_id}
    wanted = request.form.get("then", "")
    if wanted in found:
        return url_for(".edit_finding", draft_id=kept.id, key=found[wanted])
    missing = [code for code, answer in given.items() if answer is Answer.FINDING and code not in found]
    if wanted in given or missing:
        code = wanted if wanted in given else missing[0]
        return url_for(".new_finding", draft_id=kept.id, point_id=point_id, item=code)
    return None


def _after(kept: Draft, point_id: int) -> str:
    """Return where the walk goes on: the next point not yet complete, else the overview."""
    steps = _steps(kept)
    here = next(index for index, step in enumerate(steps) if step["point"].id == point_id)
    if not steps[here]["state"].complete:
        return url_for(".point", draft_id=kept.id, point_id=point_id)
    for step in (*steps[here + 1 :], *steps[:here]):
        if not step["state"].complete:
            return url_for(".point", draft_id=kept.id, point_id=step["point"].id)
    return url_for(".draft", draft_id=kept.id)


def _kept_finding(kept: Draft, key: str) -> dict[str, Any]:
    if key not in kept.content["findings"]:
        raise NotFound(N_("这个问题已从草稿中删除。"))
    found: dict[str, Any] = kept.content["findings"][key]
    return found


def _finding_form(kept: Draft, point_id: int, key: str | None) -> FindingForm:
    place, items = queries.point_and_items(kept, point_id, clock.today())
    owners, meant = queries.owner_choices(kept.centre_id, place, clock.today())
    data: dict[str, Any] = {
        "item": request.args.get("item"),
        "owner": meant,
        "occurred_at": clock.local(clock.now()),
    }
    if key:
        found = _kept_finding(kept, key)
        data = {**found, "staff": found["staff"] or 0, "photo": found["photos"]}
        data["occurred_at"] = clock.local(datetime.fromisoformat(found["occurred_at"]))
    form = FindingForm(request.form if request.method == "POST" else None, data=data)
    form.item.choices = [(item.code, f"{item.code} {item.wording}") for item in items]
    form.owner.choices = owners if meant else [("", _("请选择责任单位")), *owners]
    people = queries.staff_choices(place, clock.today())
    form.staff.choices = [(0, _("不涉及具体人员")), *((person.id, person.name) for person in people)]
    return form


def _finding_page(
    kept: Draft,
    point_id: int,
    key: str | None,
    form: FindingForm,
    status: int = 200,
    faults: list[Invalid] | None = None,
) -> Response:
    place, items = queries.point_and_items(kept, point_id, clock.today())
    item = next((item for item in items if item.code == form.item.data), None)
    return render(
        "inspections/finding_form.html",
        status=status,
        draft=kept,
        point=place,
        key=key,
        form=form,
        item=item,
        faults=faults or [],
        uploads=_chosen(kept, form),
        space=attachments.space(db.session(), kept.centre_id),
        earlier=queries.earlier_findings(place.id, item.id, clock.now()) if item else [],
    )


def _chosen(kept: Draft, form: FindingForm) -> list[StoredFile]:
    """Return the files that a finding is to have: those of the draft that were not unticked."""
    uploads = kept.content["uploads"]
    return [StoredFile.from_dict(uploads[sha]) for sha in form.photo.data or [] if sha in uploads]


def _save_finding(kept: Draft, point_id: int, key: str | None) -> Response:
    _place, items = queries.point_and_items(kept, point_id, clock.today())
    stored, faults = receive_files(kept.centre_id)
    if stored:
        with short_transaction() as session:
            services.keep_uploads(session, actor(), kept.id, stored, clock.now())
        kept = queries.get_draft(actor(), kept.id)
    form = _finding_form(kept, point_id, key)
    form.photo.data = list(dict.fromkeys(file.sha256 for file in (*_chosen(kept, form), *stored)))
    if form.validate() and not faults:
        finding = _finding_of(form, point_id)
        try:
            item = next(item for item in items if item.code == finding["item"])
            services.check_finding(item, finding, _chosen(kept, form), clock.now())
            with short_transaction() as session:
                services.save_finding(session, actor(), kept.id, key, finding, clock.now())
        except Invalid as error:
            refuse(form, error)
        else:
            return done(url_for(".point", draft_id=kept.id, point_id=point_id))
    return _finding_page(kept, point_id, key, form, status_of(faults), faults)


def _finding_of(form: FindingForm, point_id: int) -> dict[str, Any]:
    """Return a finding as the draft keeps it."""
    return {
        "form_key": form.form_key.data,
        "point_id": point_id,
        "item": form.item.data,
        "owner": form.owner.data,
        "staff": form.staff.data or None,
        "occurred_at": clock.at_office(form.occurred_at.data).isoformat(),
        "note": form.note.data or "",
        "disposition": form.disposition.data,
        "camera": form.camera.data or "",
        "photos": form.photo.data,
    }
