"""The ladder of an overdue rectification: urged, a change of person proposed, talked to, reported.

Each rung has its own printed form and number; the guards say which one may be taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from app import clock
from app.audit.checkpoints import foot_line
from app.core.actions import Action
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.documents import services as documents
from app.documents.models import Document
from app.documents.rules import DocumentKind
from app.documents.services import Paper
from app.organisation.models import Centre
from app.rectifications import ladder_documents as papers
from app.rectifications import ladder_queries, rules
from app.rectifications.models import Rectification, SupervisionOrder
from app.rectifications.rules import Rung, Verb
from app.rectifications.step_services import load, step

KINDS = {
    Rung.URGING: DocumentKind.URGING_NOTICE,
    Rung.CHANGE: DocumentKind.CHANGE_PROPOSAL,
    Rung.TALK: DocumentKind.TALK_NOTICE,
    Rung.REPORT: DocumentKind.DEPARTMENT_REPORT,
}
TALK_AHEAD_DAYS = 60
USUAL_TEXTS = papers.USUAL_TEXTS


@dataclass(frozen=True)
class Escalation:
    """What a rung is taken with; the talk's fields for the talk only."""

    text: str
    limit_on: date | None = None
    talk_at: datetime | None = None
    talk_place: str = ""
    talk_with: str = ""


def climb(
    uow: UnitOfWork, rectification_id: int, version: int, verb: Verb, command: Escalation, base_url: str
) -> SupervisionOrder:
    """Take one rung, with its number and its printed form. Raise NotAllowed if it is not its turn."""
    row = load(uow, rectification_id, version)
    transition = step(uow, row, verb)
    rung, _action = rules.LADDER[verb]
    _check(command, rung, uow.now)
    before = ladder_queries.orders_of(uow.session, row.id)
    order = SupervisionOrder(
        rectification_id=row.id,
        rectification=row,
        rung=rung,
        times=1 + sum(each.rung is rung for each in before),
        instruction=command.text,
        limit_on=command.limit_on,
        talk_at=command.talk_at,
        talk_place=command.talk_place,
        talk_with=command.talk_with,
        issued_at=uow.now,
        issued_by_id=uow.actor.user_id,
    )
    uow.session.add(order)
    uow.session.flush()
    if row.rung is None or list(Rung).index(rung) > list(Rung).index(row.rung):
        row.rung = rung
    paper = papers.paper_of(uow.session, row, order, before, foot_line(uow.session, row.centre_id))
    order.document_id = _number(uow, row, KINDS[rung], papers.TEMPLATES[rung], paper, base_url).id
    _record(uow, transition.action, row, order.document_id)
    return order


def record_talk(
    uow: UnitOfWork,
    rectification_id: int,
    version: int,
    order_id: int,
    record: str,
    commitment: str,
    base_url: str,
) -> SupervisionOrder:
    """Record what was said in a talk and what was promised, once, with its printed form."""
    row = load(uow, rectification_id, version)
    order = ladder_queries.get_order(uow.session, row.id, order_id)
    if order.rung is not Rung.TALK or order.talk_at is None:
        raise NotAllowed(N_("只有约谈需要记录。"))
    if order.recorded_at:
        raise NotAllowed(N_("这次约谈已经记录。"))
    if order.talk_at > uow.now:
        raise NotAllowed(N_("约谈还没有进行，请在约谈后记录。"))
    order.record, order.commitment = record, commitment
    order.recorded_at, order.recorded_by_id = uow.now, uow.actor.user_id
    foot = foot_line(uow.session, row.centre_id)
    paper = papers.record_of(uow.session, row, order, clock.local(uow.now).date(), foot)
    kind, template = DocumentKind.TALK_RECORD, papers.RECORD_TEMPLATE
    order.record_document_id = _number(uow, row, kind, template, paper, base_url).id
    _record(uow, rules.LADDER_TALK_RECORDED, row, order.record_document_id)
    return order


def _check(command: Escalation, rung: Rung, now: datetime) -> None:
    today = clock.local(now).date()
    if rung in (Rung.URGING, Rung.CHANGE) and command.limit_on is None:
        raise Invalid(N_("请填写反馈期限。"), field="limit_on")
    if command.limit_on and not 0 <= (command.limit_on - today).days <= TALK_AHEAD_DAYS:
        raise Invalid(N_("反馈期限应当在今天以后、两个月以内。"), field="limit_on")
    if rung is not Rung.TALK:
        return
    if command.talk_at is None:
        raise Invalid(N_("请填写约谈时间。"), field="talk_at")
    if not 0 <= (clock.local(command.talk_at).date() - today).days <= TALK_AHEAD_DAYS:
        raise Invalid(N_("约谈时间应当在今天以后、两个月以内。"), field="talk_at")
    for field, value in (("talk_place", command.talk_place), ("talk_with", command.talk_with)):
        if not value:
            raise Invalid(N_("请填写此项。"), field=field)


def _number(
    uow: UnitOfWork,
    row: Rectification,
    kind: DocumentKind,
    template: str,
    paper: papers.LadderForm,
    base_url: str,
) -> Document:
    centre = uow.session.get_one(Centre, row.centre_id)
    return documents.number(uow, centre, kind, Paper(row, template, paper), base_url)


def _record(uow: UnitOfWork, action: Action, row: Rectification, document_id: int) -> None:
    uow.record(action, row, document=uow.session.get_one(Document, document_id).number)
