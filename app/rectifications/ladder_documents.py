"""The printed forms of the ladder: urging notice 督办单, proposal, talk and its record, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app import clock
from app.documents.printing import PrintedForm, cn_date, cn_datetime
from app.organisation.models import Centre
from app.rectifications import queries
from app.rectifications.models import Rectification, SupervisionOrder
from app.rectifications.rules import Rung


@dataclass(frozen=True, kw_only=True)
class LadderForm(PrintedForm):
    """What every paper of the ladder says; fields after supervision.md 7.2 (2)."""

    recipient: str
    notice_number: str
    notice_date: date
    matter: str
    owner: str  # named to mend it; empty where the chief representative names somebody
    deadline: str
    progress: tuple[str, ...]
    text: str
    issuer: str


@dataclass(frozen=True, kw_only=True)
class UrgingNotice(LadderForm):
    """督办单（催办单）, the n-th time."""

    times: int
    limit: str


@dataclass(frozen=True, kw_only=True)
class ChangeProposal(LadderForm):
    """建议更换人员函."""

    limit: str


@dataclass(frozen=True, kw_only=True)
class TalkNotice(LadderForm):
    """约谈通知书."""

    talk_at: str
    place: str
    talk_with: str


@dataclass(frozen=True, kw_only=True)
class TalkRecord(LadderForm):
    """约谈记录; `text` is what was said."""

    talk_at: str
    place: str
    talk_with: str
    commitment: str


@dataclass(frozen=True, kw_only=True)
class DepartmentReport(LadderForm):
    """关于整改逾期情况的函, to those who sent the people."""

    orders: tuple[str, ...]


TEMPLATES = {
    Rung.URGING: "rectifications/urging.html",
    Rung.CHANGE: "rectifications/change.html",
    Rung.TALK: "rectifications/talk.html",
    Rung.REPORT: "rectifications/report.html",
}
RECORD_TEMPLATE = "rectifications/talk_record.html"
# What a paper asks unless its author says otherwise.
USUAL_TEXTS = {
    Rung.URGING: "请立即组织整改，查明逾期原因，限期办结。",
    Rung.CHANGE: "建议更换该事项的承办人员，并书面答复。",
    Rung.TALK: "说明整改逾期的原因和下一步整改措施。",
    Rung.REPORT: "建议督促整改到位，并对有关责任人员予以处理。",
}
_TAKEN = {
    Rung.URGING: "第%(times)d次督办",
    Rung.CHANGE: "建议更换人员",
    Rung.TALK: "约谈",
    Rung.REPORT: "函告派出部门",
}


def paper_of(
    session: Session,
    row: Rectification,
    order: SupervisionOrder,
    before: Sequence[SupervisionOrder],
    checkpoint: str,
) -> LadderForm:
    """Build the paper of one rung; number, code and address follow when it is numbered."""
    shared = _shared(session, row, before, order.instruction, clock.local(order.issued_at).date())
    shared["checkpoint"] = checkpoint or None
    limit = f"{cn_date(order.limit_on)}{row.deadline_hour}时" if order.limit_on else ""
    if order.rung is Rung.URGING:
        return UrgingNotice(times=order.times, limit=limit, **shared)
    if order.rung is Rung.CHANGE:
        return ChangeProposal(limit=limit, **shared)
    if order.rung is Rung.TALK:
        return TalkNotice(**_talk(order), **shared)
    return DepartmentReport(orders=tuple(_taken(each) for each in before), **shared)


def record_of(
    session: Session, row: Rectification, order: SupervisionOrder, recorded_on: date, checkpoint: str
) -> TalkRecord:
    """Build the record of a talk."""
    shared = _shared(session, row, (), order.record, recorded_on)
    shared["checkpoint"] = checkpoint or None
    return TalkRecord(commitment=order.commitment, **_talk(order), **shared)


def _talk(order: SupervisionOrder) -> dict[str, Any]:
    at = cn_datetime(order.talk_at) if order.talk_at else ""
    return {"talk_at": at, "place": order.talk_place, "talk_with": order.talk_with}


def _shared(
    session: Session, row: Rectification, before: Sequence[SupervisionOrder], text: str, issued_on: date
) -> dict[str, Any]:
    centre = session.get_one(Centre, row.centre_id)
    due = clock.local(row.due_at)
    return {
        "centre_name": centre.name,
        "recipient": queries.addressee_name(session, row),
        "notice_number": row.number,
        "notice_date": row.issued_on,
        "matter": row.requirement,
        "owner": queries.owner_of(session, row),
        "deadline": f"{cn_date(due)}{due.hour}时",
        "progress": tuple(_progress(session, row, before)),
        "text": text,
        "issuer": centre.name,
        "issued_on": issued_on,
    }


def _progress(session: Session, row: Rectification, before: Sequence[SupervisionOrder]) -> list[str]:
    """Return what has happened so far, a line each, in the order of time."""
    steps: list[tuple[datetime, str]] = [(row.issued_at, "下发整改通知书")]
    if row.received_at:
        steps.append((row.received_at, "责任单位签收"))
    for round in queries.rounds_of(row.id):
        steps.append((round.submission.submitted_at, "提交整改情况"))
        if round.recheck:
            steps.append((round.recheck.checked_at, "复查不合格，退回重新整改"))
    steps += [(order.issued_at, _taken_word(order)) for order in before]
    return [f"{cn_datetime(at)}　{what}" for at, what in sorted(steps, key=lambda step: step[0])]


def _taken_word(order: SupervisionOrder) -> str:
    return _TAKEN[order.rung] % {"times": order.times} if order.rung is Rung.URGING else _TAKEN[order.rung]


def _taken(order: SupervisionOrder) -> str:
    number = f"（{order.document.number}）" if order.document else ""
    return f"{cn_date(clock.local(order.issued_at))}　{_taken_word(order)}{number}"
