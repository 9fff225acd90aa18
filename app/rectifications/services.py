"""Rectifications: issued, received, answered, re-checked; each step by the person it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.models import User
from app.attachments import services as attachments
from app.attachments.rules import AttachmentKind
from app.attachments.services import StoredFile
from app.audit.checkpoints import foot_line
from app.core import machine
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.core.on_behalf import NOBODY, Represented, require_represented
from app.db import drafts
from app.db.uow import UnitOfWork
from app.documents import services as documents
from app.documents.printing import plain
from app.documents.rules import DocumentKind
from app.inspections import services as inspections
from app.inspections.models import Finding
from app.organisation.models import Centre
from app.permissions import Actor
from app.rectifications import documents as forms
from app.rectifications import queries, rules, stand_in_queries
from app.rectifications.models import Recheck, Rectification, RectifiedFinding, Submission
from app.rectifications.rules import Deadline, Facts, RecheckResult, RectificationStatus, Verb
from app.worktime.queries import calendar

DRAFT = "submission"
PHOTOS_PRINTED = 6


@dataclass(frozen=True)
class Issue:
    """What a notice is issued with; `photos` are the hashes of the printed sizes of the evidence."""

    form_key: str
    finding_ids: tuple[int, ...]
    owner_id: int | None
    requirement: str
    rechecker_id: int
    deadline: Deadline
    photos: tuple[forms.NoticePhoto, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a department hands in."""

    form_key: str
    measures: str
    done_on: date
    no_photo_reason: str
    files: tuple[StoredFile, ...]
    represented: Represented = NOBODY


def _take_turn(uow: UnitOfWork, model: type[Finding | Rectification], ids: Sequence[int]) -> None:
    """Let one change of these rows wait for another, and read anew: PostgreSQL has no queue for writers."""
    rows = select(model).where(model.id.in_(ids)).order_by(model.id).with_for_update()
    uow.session.scalars(rows.execution_options(populate_existing=True)).all()


def _load(uow: UnitOfWork, rectification_id: int, version: int) -> Rectification:
    _take_turn(uow, Rectification, [rectification_id])
    return uow.get(Rectification, rectification_id, version)


def facts_for(session: Session, actor: Actor, row: Rectification, submitter_id: int | None) -> Facts:
    """Return what the guards ask about one actor and one rectification."""
    answers_for = (
        (row.department_id is not None and row.department_id in actor.department_ids)
        or (row.section_id is not None and row.section_id == actor.section_id)
        or (row.owner_id is not None and row.owner_id == actor.staff_member_id)
    )
    stands_in = not answers_for and stand_in_queries.stands_in(session, actor, row)
    return Facts(actor.user_id, actor.staff_member_id, row.owner_id, submitter_id, answers_for, stands_in)


def _step(
    uow: UnitOfWork, row: Rectification, verb: Verb, person: Represented = NOBODY
) -> machine.Transition[RectificationStatus]:
    """Take a step. Whoever stands in names the person whose step it is; whoever does not, names nobody."""
    facts = facts_for(uow.session, uow.actor, row, queries.last_submitter(uow.session, row.id))
    transition = machine.step(rules.TRANSITIONS, row.status, verb, uow.actor.permissions, facts)
    if facts.stands_in and verb in rules.ADDRESSEE_VERBS:
        require_represented(person)
    elif person != NOBODY:
        raise Invalid(N_("本人办理的步骤不能代录。"))
    row.status = transition.to
    return transition


def check_deadline(deadline: Deadline, now: datetime) -> tuple[datetime, bool]:
    """Return when a deadline ends (UTC) and whether that is provisional. Raise Invalid if it cannot stand."""
    days = calendar()
    today = clock.local(now).date()
    if deadline.fixed_on:
        if deadline.fixed_on < today:
            raise Invalid(N_("整改期限不能早于今天。"), field="deadline_on")
        if (deadline.fixed_on - today).days > 366:
            raise Invalid(N_("整改期限超过一年，请核对。"), field="deadline_on")
        if days.covers(deadline.fixed_on) and not days.is_workday(deadline.fixed_on):
            raise Invalid(
                N_("%(day)s 是休息日（%(why)s），请改为工作日。"),
                field="deadline_on",
                day=deadline.fixed_on.isoformat(),
                why=days.why(deadline.fixed_on),
            )
    state = rules.clock_state(deadline, days, today)
    due_at = clock.at_office(rules.due_moment(deadline, state))
    if due_at <= now:
        raise Invalid(N_("整改期限已经过去，请往后推。"), field="deadline_hour")
    return due_at, state.provisional


def issue(uow: UnitOfWork, command: Issue, base_url: str) -> Rectification:
    """Issue a notice for one or several findings of one body, with its number and its printed form.

    `base_url` stands in its QR code; the audit log's last checkpoint stands at its foot.
    """
    due_at, provisional = check_deadline(command.deadline, uow.now)
    _take_turn(uow, Finding, command.finding_ids)
    findings = queries.findings_for_notice(uow.session, command.finding_ids)
    if not findings:
        raise Invalid(N_("请至少选择一个问题。"), field="findings")
    owners = {(finding.centre_id, finding.department_id, finding.section_id) for finding in findings}
    if len(owners) > 1:
        raise Invalid(N_("所选问题属于不同的责任单位，请分别下发。"), field="findings")
    centre_id, department_id, section_id = owners.pop()
    if centre_id not in uow.actor.centre_ids:
        raise NotAllowed(N_("这些问题不在您的中心范围内。"))
    inspections.require_open(findings)
    rechecker = uow.session.get_one(User, command.rechecker_id)
    if command.owner_id is not None and rechecker.staff_member_id == command.owner_id:
        raise Invalid(N_("复查人不能是整改责任人。"), field="rechecker")
    row = Rectification(
        centre_id=centre_id,
        number="",
        form_key=command.form_key,
        status=RectificationStatus.ISSUED,
        department_id=department_id,
        section_id=section_id,
        owner_id=command.owner_id,
        requirement=command.requirement,
        issued_on=command.deadline.issued_on,
        issued_at=uow.now,
        issued_by_id=uow.actor.user_id,
        rechecker_id=command.rechecker_id,
        deadline_workdays=command.deadline.workdays,
        deadline_on=command.deadline.fixed_on,
        deadline_hour=command.deadline.hour,
        due_at=due_at,
        due_provisional=provisional,
    )
    uow.session.add(row)
    uow.session.flush()
    notice = forms.notice(uow.session, row, findings, command.photos, foot_line(uow.session, centre_id))
    document = documents.number(
        uow,
        centre=uow.session.get_one(Centre, centre_id),
        kind=DocumentKind.RECTIFICATION_NOTICE,
        subject=row,
        template=forms.NOTICE_TEMPLATE,
        values=lambda number, code, url: plain(replace(notice, number=number, code=code, verify_url=url)),
        evidence=[photo.sha256 for photo in command.photos],
        base_url=base_url,
    )
    row.number, row.document_id = document.number, document.id
    row.search_words = queries.search_words(uow.session, row, findings)
    for finding in findings:
        uow.session.add(RectifiedFinding(rectification_id=row.id, rectification=row, finding_id=finding.id))
    inspections.send_to_rectify(uow, [finding.id for finding in findings], row.number)
    uow.record(rules.RECTIFICATION_ISSUED, row, findings=[finding.number for finding in findings])
    return row


def receive(
    uow: UnitOfWork, rectification_id: int, version: int, statement: str, person: Represented = NOBODY
) -> Rectification:
    """Confirm receipt, with a statement if there is one."""
    row = _load(uow, rectification_id, version)
    transition = _step(uow, row, Verb.RECEIVE, person)
    row.enter_for(person)
    row.received_at, row.received_by_id, row.receipt_statement = uow.now, uow.actor.user_id, statement
    uow.record(transition.action, row)
    return row


def submit(uow: UnitOfWork, rectification_id: int, version: int, answer: Answer) -> Rectification:
    """Hand in what was done, with evidence from after, or the reason why there is none."""
    row = _load(uow, rectification_id, version)
    transition = _step(uow, row, Verb.SUBMIT, answer.represented)
    today = clock.local(uow.now).date()
    if answer.done_on > today:
        raise Invalid(N_("完成日期不能晚于今天。"), field="done_on")
    if answer.done_on < clock.local(row.issued_at).date():
        raise Invalid(N_("完成日期不能早于通知书下发的日期。"), field="done_on")
    if not answer.files and not answer.no_photo_reason:
        raise Invalid(N_("请附整改后的照片或其他证据；确实无法提供的，请说明原因。"), field="photos")
    submission = Submission(
        rectification_id=row.id,
        rectification=row,
        round=_rounds(uow.session, row.id) + 1,
        form_key=answer.form_key,
        measures=answer.measures,
        done_on=answer.done_on,
        no_photo_reason=answer.no_photo_reason,
        submitted_at=uow.now,
        submitted_by_id=uow.actor.user_id,
    )
    submission.enter_for(answer.represented)
    uow.session.add(submission)
    for file in answer.files:
        attachments.attach(uow, submission, AttachmentKind.MEASURE, file)
    row.handed_in_at = uow.now
    draft = drafts.find(uow.session, uow.actor.user_id, DRAFT, row.id)
    if draft:
        uow.session.delete(draft)
    uow.record(transition.action, row)
    return row


def accept(uow: UnitOfWork, rectification_id: int, version: int, note: str) -> Rectification:
    """Accept what was handed in and strike the item off the ledger."""
    row = _load(uow, rectification_id, version)
    transition = _step(uow, row, Verb.ACCEPT)
    _recheck(uow, row, RecheckResult.ACCEPTED, note)
    row.closed_at = uow.now
    row.on_time = row.handed_in_at is not None and row.handed_in_at <= row.due_at
    uow.record(transition.action, row)
    return row


def send_back(uow: UnitOfWork, rectification_id: int, version: int, reason: str) -> Rectification:
    """Return what was handed in, with the reason; the clock goes on as it was."""
    row = _load(uow, rectification_id, version)
    transition = _step(uow, row, Verb.RETURN)
    if not reason:
        raise Invalid(N_("请写明退回的原因。"), field="note")
    _recheck(uow, row, RecheckResult.RETURNED, reason)
    uow.record(transition.action, row, reason=reason)
    return row


def _recheck(uow: UnitOfWork, row: Rectification, result: RecheckResult, note: str) -> None:
    submission = queries.last_submission(uow.session, row.id)
    if submission is None:
        raise NotAllowed(machine.WRONG_STATUS)
    uow.session.add(
        Recheck(
            rectification_id=row.id,
            rectification=row,
            submission_id=submission.id,
            result=result,
            note=note,
            checked_at=uow.now,
            checked_by_id=uow.actor.user_id,
        )
    )


def _rounds(session: Session, rectification_id: int) -> int:
    statement = (
        select(func.count()).select_from(Submission).where(Submission.rectification_id == rectification_id)
    )
    return session.scalar(statement) or 0


def printed_photos(root: Path, findings: Sequence[Finding]) -> tuple[forms.NoticePhoto, ...]:
    """Prepare the evidence in the size that is printed, before the write transaction opens."""
    return tuple(
        forms.NoticePhoto(attachments.keep_printed_size(root, photo.sha256), caption)
        for photo, caption in queries.evidence_of(findings)[:PHOTOS_PRINTED]
    )


def keep_answer(
    session: Session, actor: Actor, row: Rectification, content: dict[str, Any], now: datetime
) -> None:
    """Keep what was typed and uploaded so far, so that a refused form loses nothing."""
    # On PostgreSQL two taps take turns here as well.
    session.execute(select(Rectification.id).where(Rectification.id == row.id).with_for_update())
    draft = drafts.find(session, actor.user_id, DRAFT, row.id)
    if draft is None:
        draft = drafts.Draft(
            kind=DRAFT,
            user_id=actor.user_id,
            centre_id=row.centre_id,
            subject_id=row.id,
            begun_at=now,
            saved_at=now,
            content=content,
        )
        session.add(draft)
    drafts.save(session, draft, content, now)
