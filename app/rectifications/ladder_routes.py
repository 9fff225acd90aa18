"""Extensions, parking, taking back, and the rungs of the ladder: one address for each verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from wtforms import Form

from app import clock
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.permissions import Permission
from app.rectifications import extension_services, ladder_services
from app.rectifications.forms import TalkRecordForm
from app.rectifications.ladder_services import Escalation
from app.rectifications.record_routes import FORMS, take
from app.rectifications.rules import Verb
from app.web.access import requires
from app.web.settings import settings

ladder = Blueprint("ladder", __name__)
Change = Callable[[UnitOfWork, int], object]


def register(bp: Blueprint) -> None:
    """Serve these steps under the rectifications' own blueprint."""
    bp.register_blueprint(ladder)


def _form(verb: Verb) -> Any:
    return FORMS[verb](request.form, meta={"today": clock.today()})


@ladder.post("/rectifications/<int:rectification_id>/extension")
@requires(Permission.RECTIFICATION_SUBMIT)
def ask_extension(rectification_id: int) -> Response:
    form = _form(Verb.ASK_EXTENSION)

    def change(uow: UnitOfWork, version: int) -> object:
        said = (form.until_on.data, form.reason.data, form.represented)
        return extension_services.ask_extension(uow, rectification_id, version, *said)

    return take(rectification_id, Verb.ASK_EXTENSION, form, change, N_("延期申请已提交，等待决定。"))


@ladder.post("/rectifications/<int:rectification_id>/extension/grant")
@requires(Permission.RECTIFICATION_DECIDE)
def grant_extension(rectification_id: int) -> Response:
    form = _form(Verb.GRANT_EXTENSION)
    change = _decision(rectification_id, form, granted=True)
    return take(rectification_id, Verb.GRANT_EXTENSION, form, change, N_("已同意延期，期限已更新。"))


@ladder.post("/rectifications/<int:rectification_id>/extension/refuse")
@requires(Permission.RECTIFICATION_DECIDE)
def refuse_extension(rectification_id: int) -> Response:
    form = _form(Verb.REFUSE_EXTENSION)
    change = _decision(rectification_id, form, granted=False)
    return take(rectification_id, Verb.REFUSE_EXTENSION, form, change, N_("已答复不同意延期，期限不变。"))


def _decision(rectification_id: int, form: Any, *, granted: bool) -> Change:
    return lambda uow, version: extension_services.decide_extension(
        uow,
        rectification_id,
        version,
        granted=granted,
        until_on=form.until_on.data if granted else None,
        note=form.note.data or "",
    )


@ladder.post("/rectifications/<int:rectification_id>/park")
@requires(Permission.RECTIFICATION_DECIDE)
def park(rectification_id: int) -> Response:
    form = _form(Verb.PARK)

    def change(uow: UnitOfWork, version: int) -> object:
        review_on, plan = form.review_on.data, form.reason.data
        return extension_services.park(uow, rectification_id, version, review_on, plan)

    return take(rectification_id, Verb.PARK, form, change, N_("已挂账，到复核日期会重新提醒。"))


@ladder.post("/rectifications/<int:rectification_id>/resume")
@requires(Permission.RECTIFICATION_DECIDE)
def resume(rectification_id: int) -> Response:
    form = _form(Verb.RESUME)

    def change(uow: UnitOfWork, version: int) -> object:
        until_on, reason = form.until_on.data, form.reason.data
        return extension_services.resume(uow, rectification_id, version, until_on, reason)

    return take(rectification_id, Verb.RESUME, form, change, N_("已恢复办理，按新的期限整改。"))


@ladder.post("/rectifications/<int:rectification_id>/cancel")
@requires(Permission.RECTIFICATION_DECIDE)
def cancel(rectification_id: int) -> Response:
    form = _form(Verb.CANCEL)

    def change(uow: UnitOfWork, version: int) -> object:
        return extension_services.cancel(uow, rectification_id, version, form.reason.data)

    return take(rectification_id, Verb.CANCEL, form, change, N_("通知书已撤销，问题重新列入待处理。"))


@ladder.post("/rectifications/<int:rectification_id>/urge")
@requires(Permission.RECTIFICATION_ESCALATE)
def urge(rectification_id: int) -> Response:
    return _climb(rectification_id, Verb.URGE, N_("督办单已编号，正在生成。"))


@ladder.post("/rectifications/<int:rectification_id>/propose-change")
@requires(Permission.RECTIFICATION_ESCALATE)
def propose_change(rectification_id: int) -> Response:
    return _climb(rectification_id, Verb.PROPOSE_CHANGE, N_("更换人员建议函已编号，正在生成。"))


@ladder.post("/rectifications/<int:rectification_id>/talk")
@requires(Permission.RECTIFICATION_ESCALATE)
def talk(rectification_id: int) -> Response:
    return _climb(rectification_id, Verb.TALK, N_("约谈通知书已编号，正在生成。"))


@ladder.post("/rectifications/<int:rectification_id>/report")
@requires(Permission.RECTIFICATION_ESCALATE)
def report(rectification_id: int) -> Response:
    return _climb(rectification_id, Verb.REPORT, N_("函已编号，正在生成。"))


def _climb(rectification_id: int, verb: Verb, said: str) -> Response:
    form = _form(verb)

    def change(uow: UnitOfWork, version: int) -> object:
        command = _escalation(form)
        return ladder_services.climb(uow, rectification_id, version, verb, command, settings().base_url)

    return take(rectification_id, verb, form, change, said)


def _escalation(form: Form) -> Escalation:
    given = {name: field.data for name, field in form._fields.items() if name != "version"}
    if given.get("talk_at"):
        given["talk_at"] = clock.at_office(given["talk_at"])
    return Escalation(**given)


@ladder.post("/rectifications/<int:rectification_id>/orders/<int:order_id>/record")
@requires(Permission.RECTIFICATION_ESCALATE)
def record_talk(rectification_id: int, order_id: int) -> Response:
    form = TalkRecordForm(request.form)

    def change(uow: UnitOfWork, version: int) -> object:
        said = (form.record.data, form.commitment.data)
        return ladder_services.record_talk(
            uow, rectification_id, version, order_id, *said, settings().base_url
        )

    return take(rectification_id, Verb.TALK, form, change, N_("约谈已记录，正在生成约谈记录。"))
