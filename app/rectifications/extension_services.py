"""More time: asked for before the deadline with a reason, granted or refused by the centre; and parking."""

from __future__ import annotations

from datetime import date

from app import clock
from app.core.errors import Invalid
from app.core.i18n import N_
from app.core.on_behalf import NOBODY, Represented
from app.db.uow import UnitOfWork
from app.documents import services as documents
from app.inspections import services as inspections
from app.rectifications import ladder_queries, queries
from app.rectifications.clocks import set_due
from app.rectifications.deadline_services import check_deadline
from app.rectifications.models import Extension, Rectification
from app.rectifications.rules import Deadline, Verb
from app.rectifications.step_services import load, step
from app.worktime.queries import calendar

LONGEST = 366


def ask_extension(
    uow: UnitOfWork,
    rectification_id: int,
    version: int,
    until_on: date,
    reason: str,
    person: Represented = NOBODY,
) -> Rectification:
    """Ask for more time, before the deadline has passed."""
    row = load(uow, rectification_id, version)
    transition = step(uow, row, Verb.ASK_EXTENSION, person)
    _later(row, until_on, uow)
    request = Extension(
        rectification=row,
        rectification_id=row.id,
        until_on=until_on,
        reason=reason,
        asked_at=uow.now,
        asked_by_id=uow.actor.user_id,
    )
    request.enter_for(person)
    uow.session.add(request)
    uow.record(transition.action, row)
    return row


def decide_extension(
    uow: UnitOfWork, rectification_id: int, version: int, *, granted: bool, until_on: date | None, note: str
) -> Rectification:
    """Grant the request, for the day asked for or another, or refuse it with the reason."""
    row = load(uow, rectification_id, version)
    transition = step(uow, row, Verb.GRANT_EXTENSION if granted else Verb.REFUSE_EXTENSION)
    request = next(e for e in ladder_queries.extensions_of(uow.session, row.id) if e.granted is None)
    if granted:
        request.until_on = until_on or request.until_on
        _later(row, request.until_on, uow)
        row.extended_to = request.until_on
        set_due(row, calendar())
    elif not note:
        raise Invalid(N_("请写明不同意的理由。"), field="note")
    request.granted, request.note = granted, note
    request.decided_at, request.decided_by_id = uow.now, uow.actor.user_id
    uow.record(transition.action, row)
    return row


def _later(row: Rectification, until_on: date, uow: UnitOfWork) -> None:
    """Refuse a day that is no working day, or not after the present deadline."""
    if until_on <= clock.local(row.due_at).date():
        raise Invalid(
            N_("新的期限应当晚于现在的期限 %(day)s。"), field="until_on", day=clock.local(row.due_at).date()
        )
    deadline = Deadline(row.issued_on, fixed_on=until_on, hour=row.deadline_hour)
    check_deadline(deadline, uow.now, field="until_on")


def park(uow: UnitOfWork, rectification_id: int, version: int, review_on: date, plan: str) -> Rectification:
    """Park a rectification that cannot be finished yet 挂账, with the plan and when it is looked at again."""
    row = load(uow, rectification_id, version)
    transition = step(uow, row, Verb.PARK)
    today = clock.local(uow.now).date()
    if not today < review_on or (review_on - today).days > LONGEST:
        raise Invalid(N_("复核日期应当在明天以后、一年以内。"), field="review_on")
    row.review_on = review_on
    uow.record(transition.action, row, reason=plan)
    return row


def resume(
    uow: UnitOfWork, rectification_id: int, version: int, until_on: date, reason: str
) -> Rectification:
    """Take a parked rectification up again, with a new deadline."""
    row = load(uow, rectification_id, version)
    transition = step(uow, row, Verb.RESUME)
    check_deadline(Deadline(row.issued_on, fixed_on=until_on, hour=row.deadline_hour), uow.now, "until_on")
    row.extended_to, row.review_on = until_on, None
    set_due(row, calendar())
    uow.record(transition.action, row, reason=reason)
    return row


def cancel(uow: UnitOfWork, rectification_id: int, version: int, reason: str) -> Rectification:
    """Take back a notice issued by mistake: its paper is void, its findings are open again."""
    row = load(uow, rectification_id, version)
    transition = step(uow, row, Verb.CANCEL)
    if not reason:
        raise Invalid(N_("请写明撤销的原因。"), field="reason")
    inspections.reopen(uow, [finding.id for finding in queries.findings_of(row.id)], row.number)
    if row.document_id and documents.is_in_force(uow, row.document_id):
        documents.void(uow, row.document_id, reason)
    uow.record(transition.action, row, reason=reason)
    return row
