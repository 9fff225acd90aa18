"""Awards: proposed, published, objected to, decided with their papers, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.models import User
from app.audit.checkpoints import foot_line
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.core.machine import NO_PERMISSION, allowed, explain, step
from app.core.points import plain
from app.db.types import canonical
from app.db.uow import UnitOfWork
from app.documents import services as documents
from app.documents.rules import DocumentKind
from app.documents.services import Paper
from app.evaluations import award_documents as papers
from app.evaluations import award_queries, award_scoring, month_services, rulebook_queries
from app.evaluations.award_rules import (
    AWARD_INPUTS_ENTERED,
    AWARD_OBJECTION_NOTED,
    AWARD_PROPOSED,
    TRANSITIONS,
    AwardFacts,
    AwardState,
    AwardVerb,
    Choice,
    Nominee,
    check_choice,
    days_of,
)
from app.evaluations.award_scoring import Proposal
from app.evaluations.models import AwardCandidate, AwardObjection, AwardRun
from app.evaluations.month_rules import Scored
from app.evaluations.rulebook_rules import Input
from app.evaluations.rules import Span
from app.organisation.models import Centre
from app.permissions import Actor
from app.settings import queries as settings

AWARDED = (Scored.STAFF, Scored.WINDOW, Scored.DEPARTMENT)


def facts_of(session: Session, actor: Actor, award: AwardRun, today: date) -> AwardFacts:
    """Return what the guards of an award ask."""
    tally = award_queries.tally(session, award)
    months = award_scoring.months_in(session, award.centre_id, award.first_on, award.last_on)
    return AwardFacts(
        today=today,
        last=award.last_on,
        open_months=award_scoring.open_months(months),
        faults=tally.faults,
        proposed=tally.proposed if award.name else tally.candidates,
        publication_until=award.publication_until,
        user_id=actor.user_id,
        proposed_by_id=award.proposed_by_id,
    )


def verbs_of(session: Session, actor: Actor, award: AwardRun, today: date) -> list[AwardVerb]:
    """Return what the actor may do with an award now."""
    return allowed(TRANSITIONS, award.state, actor.permissions, facts_of(session, actor, award, today))


def refused(session: Session, actor: Actor, award: AwardRun, today: date) -> list[str]:
    """Return why steps that the actor's roles give cannot be taken yet."""
    facts = facts_of(session, actor, award, today)
    found = explain(TRANSITIONS, award.state, actor.permissions, facts)
    return [reason for _verb, reason in found if reason != NO_PERMISSION]


def propose(uow: UnitOfWork, centre_id: int, subject: Scored, span: Span, first_on: date) -> AwardRun:
    """Propose who gets the award of a period, or propose anew. Raise NotAllowed, Invalid."""
    if subject not in AWARDED:
        raise Invalid(N_("请选择对象。"), field="subject")
    first, last = days_of(span, first_on)
    if first > clock.local(uow.now).date():
        raise Invalid(N_("这个期间还没有开始。"), field="period")
    award = award_queries.live_award(uow.session, centre_id, subject, span, first)
    if award is None:
        row, book = award_scoring.rules_of(centre_id, subject, span, first)
        award = AwardRun(
            centre_id=centre_id,
            rulebook_id=row.id,
            subject=subject,
            span=span,
            first_on=first,
            last_on=last,
            name=book.award.name if book.award else "",
            quota=book.award.quota if book.award else None,
            months=0,
            state=AwardState.PROPOSED,
            runs=0,
            inputs={},
            proposed_at=uow.now,
            proposed_by_id=uow.actor.user_id or 0,
        )
        uow.session.add(award)
    step(TRANSITIONS, award.state, AwardVerb.PROPOSE, uow.actor.permissions)
    _keep(uow, award)
    return award


def _proposal(session: Session, award: AwardRun) -> tuple[Proposal, list[dict[str, Any]]]:
    """Return what the rules say today, and the candidates as they would be stored."""
    inputs = {
        name: {owner: Decimal(value) for owner, value in values.items()}
        for name, values in award.inputs.items()
    }
    found = award_scoring.propose(session, award.centre_id, award.subject, award.span, award.first_on, inputs)
    return found, [_row(award, place, each) for place, each in enumerate(found.nominees, 1)]


def _keep(uow: UnitOfWork, award: AwardRun) -> None:
    """Store today's proposal as the award's next one, unless it is the same."""
    found, rows = _proposal(uow.session, award)
    if award.runs and _same(award_queries.candidates_of(uow.session, award), rows):
        return
    award.runs += 1
    award.rulebook_id, award.months = found.row.id, found.months
    award.name = found.book.award.name if found.book.award else ""
    award.quota = found.book.award.quota if found.book.award else None
    award.proposed_at, award.proposed_by_id = uow.now, uow.actor.user_id or 0
    uow.session.flush()
    stamp = {"version": 1, "award_id": award.id, "run": award.runs, "decided_rank": None, "reason": ""}
    uow.bulk_insert(AwardCandidate, [row | stamp for row in rows], subject=award)
    uow.record(AWARD_PROPOSED, award, candidates=len(rows))


def _same(stored: Sequence[AwardCandidate], rows: Sequence[dict[str, Any]]) -> bool:
    """Return whether a proposal is the one that is stored already."""
    return [{name: getattr(row, name) for name in rows[0]} for row in stored] == rows if rows else False


def _row(award: AwardRun, place: int, nominee: Nominee) -> dict[str, Any]:
    subject = award.subject
    return {
        "place": place,
        "staff_member_id": nominee.id if subject is Scored.STAFF else None,
        "patrol_point_id": nominee.id if subject is Scored.WINDOW else None,
        "department_id": nominee.department_id,
        "holder_id": nominee.id,
        "name": nominee.name,
        "total": nominee.points,
        "months": nominee.months,
        "barred": [list(said) for said in nominee.barred],
        "lines": [list(line) for line in nominee.lines],
        "fault": list(nominee.fault) if nominee.fault else None,
        "outcome": nominee.outcome,
        "rank": nominee.rank,
        "within": nominee.within,
        "is_last": nominee.last,
    }


def inputs_asked(award: AwardRun) -> list[Input]:
    """Return what the rulebook asks for and no ledger holds; of a month, only what breaks ties."""
    book = rulebook_queries.book_of(award.rulebook)
    ties = book.award.tie_breaks if book.award else ()
    by_hand = [each for each in book.inputs if each.id != award_scoring.MONTHS]
    return [each for each in by_hand if award.span is not Span.MONTH or each.id in ties]


def enter_inputs(
    uow: UnitOfWork, award_id: int, version: int, asked: Input, values: Mapping[int, Decimal]
) -> AwardRun:
    """Enter one figure for candidates and propose anew. Raise Invalid, naming the candidate's field."""
    award = uow.get(AwardRun, award_id, version)
    step(TRANSITIONS, award.state, AwardVerb.PROPOSE, uow.actor.permissions)
    for owner, value in values.items():
        low, high = asked.at_least, asked.at_most
        if (low is not None and value < low) or (high is not None and value > high):
            said = {"low": "" if low is None else plain(low), "high": "" if high is None else plain(high)}
            raise Invalid(N_("应当在 %(low)s 到 %(high)s 之间。"), field=f"value_{owner}", **said)
    entered = {str(owner): plain(value) for owner, value in values.items()}
    award.inputs = {**award.inputs, asked.id: entered}
    digest = sha256(canonical(award.inputs).encode()).hexdigest()
    uow.record(AWARD_INPUTS_ENTERED, award, entered=len(entered), digest=digest)
    _keep(uow, award)
    return award


def publish(uow: UnitOfWork, award_id: int, version: int) -> AwardRun:
    """Publish a proposal for objections, for the working days that the centre gives."""
    award = uow.get(AwardRun, award_id, version)
    today = clock.local(uow.now).date()
    facts = facts_of(uow.session, uow.actor, award, today)
    transition = step(TRANSITIONS, award.state, AwardVerb.PUBLISH, uow.actor.permissions, facts)
    if not _same(award_queries.candidates_of(uow.session, award), _proposal(uow.session, award)[1]):
        raise NotAllowed(N_("期间的得分已有变化，请先重新拟定。"))
    days = settings.value(uow.session, award.centre_id, "award_publication_workdays")
    award.state, award.published_on = transition.to, today
    award.publication_until = month_services.due_after(days, today)
    uow.record(transition.action, award)
    return award


def note_objection(
    uow: UnitOfWork, award_id: int, received_on: date, said_by: str, text: str, answer: str, form_key: str
) -> AwardObjection:
    """Note what somebody says against an award that is published, and what was found out."""
    award = uow.get(AwardRun, award_id)
    if award.state is not AwardState.IN_PUBLICATION or not award.published_on or not award.publication_until:
        raise NotAllowed(N_("只在公示期间登记异议。"))
    if not award.published_on <= received_on <= min(award.publication_until, clock.local(uow.now).date()):
        raise Invalid(N_("收到日期应当在公示期内，不能晚于今天。"), field="received_on")
    if uow.session.scalar(select(AwardObjection.id).where(AwardObjection.form_key == form_key)):
        raise NotAllowed(N_("这条异议已经登记过了。"))
    row = AwardObjection(
        award_id=award.id,
        award=award,
        form_key=form_key,
        received_on=received_on,
        said_by=said_by,
        text=text,
        answer=answer,
        noted_by_id=uow.actor.user_id or 0,
        noted_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    uow.record(AWARD_OBJECTION_NOTED, award)
    return row


def decide(
    uow: UnitOfWork, award_id: int, version: int, choices: Sequence[Choice], decision: str, base_url: str
) -> AwardRun:
    """Decide an award as the meeting did, and number its papers. Raise NotAllowed, Invalid, Stale."""
    award = uow.get(AwardRun, award_id, version)
    facts = facts_of(uow.session, uow.actor, award, clock.local(uow.now).date())
    transition = step(TRANSITIONS, award.state, AwardVerb.DECIDE, uow.actor.permissions, facts)
    candidates = award_queries.candidates_of(uow.session, award)
    given = {choice.candidate_id: choice for choice in choices}
    for row in candidates:
        choice = given.get(row.id, Choice(row.id, None))
        check_choice(choice, row.rank if row.within else None, row.rank is None)
        row.decided_rank, row.reason = choice.rank, choice.reason
    honoured = sum(row.decided_rank is not None for row in candidates)
    if award.quota is not None and honoured > max(award.quota, facts.proposed):
        raise Invalid(N_("决定授予 %(count)d 个，超过名额 %(quota)d 个。"), count=honoured, quota=award.quota)
    award.state, award.decision = transition.to, decision
    award.decided_by_id, award.decided_at = uow.actor.user_id, uow.now
    uow.session.flush()
    numbers = [_number(uow, award, *paper, base_url) for paper in _papers(uow, award, candidates)]
    uow.record(transition.action, award, documents="、".join(numbers))
    return award


def _papers(
    uow: UnitOfWork, award: AwardRun, candidates: Sequence[AwardCandidate]
) -> list[tuple[DocumentKind, str, papers.AwardPaper]]:
    """Return the papers of a decision: the form, the notice, for a year each department's result."""
    objections = award_queries.objections_of(uow.session, award.id)
    shared = papers.shared(uow.session, award, foot_line(uow.session, award.centre_id), uow.now)
    names = (
        uow.session.get_one(User, award.proposed_by_id).name,
        uow.session.get_one(User, uow.actor.user_id).name,
    )
    found: list[tuple[DocumentKind, str, papers.AwardPaper]] = [
        (
            DocumentKind.AWARD_DECISION,
            papers.DECISION_TEMPLATE,
            papers.decision(award, candidates, objections, shared, names),
        )
    ]
    if any(row.decided_rank is not None for row in candidates):
        notice = papers.notice(award, candidates, shared)
        found.append((DocumentKind.AWARD_NOTICE, papers.NOTICE_TEMPLATE, notice))
    if award.span is Span.YEAR and award.subject is Scored.STAFF:
        for result in papers.results(candidates, shared):
            found.append((DocumentKind.YEAR_RESULT, papers.RESULT_TEMPLATE, result))
    return found


def _number(
    uow: UnitOfWork,
    award: AwardRun,
    kind: DocumentKind,
    template: str,
    paper: papers.AwardPaper,
    base_url: str,
) -> str:
    centre = uow.session.get_one(Centre, award.centre_id)
    return documents.number(uow, centre, kind, Paper(award, template, paper), base_url).number


def withdraw(uow: UnitOfWork, award_id: int, version: int, reason: str) -> AwardRun:
    """Withdraw an award for good, and void its papers. Raise NotAllowed, Stale."""
    award = uow.get(AwardRun, award_id, version)
    transition = step(TRANSITIONS, award.state, AwardVerb.WITHDRAW, uow.actor.permissions)
    award.state, award.withdrawn_reason = transition.to, reason
    for document in award_queries.papers_of(uow.session, award.id):
        if documents.is_in_force(uow, document.id):
            documents.void(uow, document.id, reason)
    uow.record(transition.action, award, reason=reason)
    return award
