"""The round: from choosing a zone to submitting it, one saved step after another."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app import clock
from app.core.errors import DomainError, NotAllowed, NotFound
from app.db.drafts import Draft
from app.db.uow import short_transaction, unit_of_work
from app.fields import one_time_key, refuse
from app.inspections import draft_rules as content_of
from app.inspections import plan_queries, plan_rules, queries, services, walk_queries
from app.inspections.forms import PatrolForm, SubmitForm
from app.inspections.models import ChecklistItem
from app.inspections.rules import Answer, Followed, PatrolMode
from app.inspections.walk_queries import OpenOne
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import done, render

walk = Blueprint("walk", __name__)


@walk.get("/patrols/new")
@requires(Permission.PATROL_CONDUCT)
def new() -> Response:
    return _new_page(_patrol_form())


@walk.post("/patrols")
@requires(Permission.PATROL_CONDUCT)
def begin() -> Response:
    form = _patrol_form()
    # Another centre's zone is no slip of the pen: not there for him, and a refusal in the log.
    zone = walk_queries.get_zone(actor(), form.zone.data) if form.zone.data else None
    if form.validate() and zone:
        mode = PatrolMode(form.mode.data)
        try:
            plan = services.plan_of(mode, form.data, plan_queries.rounds_of(zone.centre_id), clock.now())
            with short_transaction() as session:
                draft_id = services.begin_patrol(session, actor(), zone, mode, clock.now(), plan).id
        except DomainError as error:
            refuse(form, error)
        else:
            return done(url_for(".draft", draft_id=draft_id))
    return _new_page(form, 422)


@walk.get("/patrols/drafts/<int:draft_id>")
@requires(Permission.PATROL_CONDUCT)
def draft(draft_id: int) -> Response:
    return _draft_page(walk_queries.get_draft(actor(), draft_id), SubmitForm())


@walk.get("/patrols/drafts/<int:draft_id>/points/<int:point_id>")
@requires(Permission.PATROL_CONDUCT)
def point(draft_id: int, point_id: int) -> Response:
    return _point_page(walk_queries.get_draft(actor(), draft_id), point_id)


@walk.post("/patrols/drafts/<int:draft_id>/points/<int:point_id>")
@requires(Permission.PATROL_CONDUCT)
def answer(draft_id: int, point_id: int) -> Response:
    kept = walk_queries.get_draft(actor(), draft_id)
    place, items = walk_queries.point_and_items(kept, point_id)
    given, closed, seen = _answers(kept, items, place.id)
    try:
        with short_transaction() as session:
            services.answer_point(session, actor(), draft_id, place.id, given, closed, clock.now(), seen)
    except NotAllowed as error:
        return _point_page(walk_queries.get_draft(actor(), draft_id), point_id, error, given)
    kept = walk_queries.get_draft(actor(), draft_id)
    return done(_problem(kept, point_id, given) or _after(kept, point_id))


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
    return _draft_page(walk_queries.get_draft(actor(), draft_id), form, 409 if form.form_errors else 422)


def _submitted_before() -> Response | None:
    """Answer a second tap, which finds the draft gone and the patrol there."""
    patrol_id = walk_queries.submitted_patrol(one_time_key(request.form.get("form_key", "")))
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
    rounds = plan_queries.rounds_of(actor().centre_id or 0)
    now = plan_rules.round_at(rounds, clock.local(clock.now()).time())
    form = PatrolForm(
        request.form if request.method == "POST" else None, data={"round_name": now.name if now else ""}
    )
    form.zone.choices = [(zone.id, f"{zone.floor} {zone.name}") for zone in walk_queries.zones_for(actor())]
    form.round_name.choices = [
        *((one.name, f"{one.name} {one.begins:%H:%M}–{one.ends:%H:%M}") for one in rounds),
        ("", _("不计入轮次")),
    ]
    return form


def _new_page(form: PatrolForm, status: int = 200) -> Response:
    return render("inspections/new.html", status=status, form=form)


def _steps(kept: Draft) -> list[dict[str, Any]]:
    items = queries.items_of(kept.content["checklist_id"])
    places = walk_queries.points_of_draft(kept)
    waiting = walk_queries.open_rectifications([place.id for place in places], kept.begun_at)
    return [
        {
            "point": place,
            "waiting": waiting[place.id],
            "state": content_of.point_state(
                kept.content,
                place.id,
                [item.code for item in queries.items_for(items, place)],
                [one.number for one in waiting[place.id]],
            ),
        }
        for place in places
    ]


def _draft_page(kept: Draft, form: SubmitForm, status: int = 200) -> Response:
    steps = _steps(kept)
    return render(
        "inspections/draft.html",
        status=status,
        draft=kept,
        plan=kept.content["plan"],
        mode=PatrolMode(kept.content["mode"]),
        steps=steps,
        complete=sum(step["state"].complete for step in steps),
        others=walk_queries.others_in_zone(kept, clock.now()),
        begun_on=walk_queries.day_of(kept),
        form=form,
    )


def _point_page(
    kept: Draft,
    point_id: int,
    error: DomainError | None = None,
    typed: Mapping[str, Answer] = MappingProxyType({}),
) -> Response:
    place, items = walk_queries.point_and_items(kept, point_id)
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
        followed=content_of.followed(kept.content, point_id),
        outcomes=list(Followed),
        findings=findings,
        found={finding["item"] for finding in findings.values()},
        waiting=steps[here]["waiting"],
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


def _answers(
    kept: Draft, items: list[ChecklistItem], point_id: int
) -> tuple[dict[str, Answer], bool, dict[str, str]]:
    """Read the answers of a point: one tap for all, or item by item; what is left out stays unanswered."""
    every = request.form.get("all", "")
    waiting = walk_queries.open_rectifications([point_id], kept.begun_at)[point_id]
    if every == "ok" and waiting:
        every = ""  # where something is still being mended, each item is looked at
    given = {}
    for item in items:
        value = request.form.get(f"answer-{item.code}", "")
        if value in set(Answer):
            given[item.code] = Answer(value)
        elif every == "ok":
            given[item.code] = Answer.OK
    return given, every == "closed", _seen(waiting)


def _seen(waiting: list[OpenOne]) -> dict[str, str]:
    """Read what was seen of the rectifications that are still open."""
    given = {one.number: request.form.get(f"seen-{one.id}", "") for one in waiting}
    return {number: value for number, value in given.items() if value in set(Followed)}


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
