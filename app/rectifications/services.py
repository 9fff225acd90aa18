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
from app.core.on_behalf import NOBODY, Represented
from app.db import drafts
from app.db.uow import UnitOfWork
from app.documents import services as documents
from app.documents.rules import DocumentKind
from app.documents.services import Paper
from app.inspections import services as inspections
from app.inspections.models import Finding
from app.organisation.models import Centre, Department, Section
from app.permissions import Actor
from app.rectifications import documents as forms
from app.rectifications import queries, rules
from app.rectifications.deadline_services import check_deadline
from app.rectifications.models import Instruction, Recheck, Rectification, RectifiedFinding, Submission
from app.rectifications.rules import Addressee, Deadline, RecheckResult, RectificationStatus, Verb
from app.rectifications.step_services import load, step, take_turn

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
    owner_user_id: int | None = None  # of a section or a lower centre: a user instead of a staff member
    instruction_id: int | None = None
    addressee: Addressee | None = None  # of an instruction; findings name their own


@dataclass(frozen=True)
class Answer:
    """What a department hands in."""

    form_key: str
    measures: str
    done_on: date
    no_photo_reason: str
    files: tuple[StoredFile, ...]
    represented: Represented = NOBODY


def issue(uow: UnitOfWork, command: Issue, base_url: str) -> Rectification:
    """Issue a notice to one body, for findings or an instruction, with its number and its printed form.

    `base_url` stands in its QR code; the audit log's last checkpoint stands at its foot.
    """
    due_at, provisional = check_deadline(command.deadline, uow.now)
    take_turn(uow, Finding, command.finding_ids)
    findings = queries.findings_for_notice(uow.session, command.finding_ids)
    instruction = uow.get(Instruction, command.instruction_id) if command.instruction_id else None
    if instruction:
        centre_id, addressee = instruction.centre_id, _addressed(uow, instruction, command.addressee)
    else:
        centre_id, addressee = _found_at(findings)
    if centre_id not in uow.actor.centre_ids:
        raise NotAllowed(N_("这些问题不在您的中心范围内。"))
    inspections.require_open(findings)
    _third_person(uow, command)
    row = Rectification(
        centre_id=centre_id,
        number="",
        form_key=command.form_key,
        status=RectificationStatus.ISSUED,
        **addressee._asdict(),
        instruction_id=command.instruction_id,
        owner_id=command.owner_id,
        owner_user_id=command.owner_user_id,
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
    replaced = queries.papers_taken_back(uow.session, command.finding_ids)
    notice = forms.notice(uow.session, row, findings, command.photos, foot_line(uow.session, centre_id))
    notice = replace(notice, replaces="、".join(paper.number for paper in replaced) or None)
    paper = Paper(row, forms.NOTICE_TEMPLATE, notice, [photo.sha256 for photo in command.photos])
    centre = uow.session.get_one(Centre, centre_id)
    document = documents.number(uow, centre, DocumentKind.RECTIFICATION_NOTICE, paper, base_url)
    for old in replaced:
        documents.supersede(uow, old.id, document, old.reason)
    row.number, row.document_id = document.number, document.id
    row.search_words = queries.search_words(uow.session, row, findings)
    for finding in findings:
        uow.session.add(RectifiedFinding(rectification_id=row.id, rectification=row, finding_id=finding.id))
    inspections.send_to_rectify(uow, [finding.id for finding in findings], row.number)
    uow.record(rules.RECTIFICATION_ISSUED, row, findings=[finding.number for finding in findings])
    return row


def _found_at(findings: Sequence[Finding]) -> tuple[int, Addressee]:
    """Return the centre and the one body that these findings name."""
    if not findings:
        raise Invalid(N_("请至少选择一个问题。"), field="findings")
    owners = {(each.centre_id, Addressee(each.department_id, each.section_id)) for each in findings}
    if len(owners) > 1:
        raise Invalid(N_("所选问题属于不同的责任单位，请分别下发。"), field="findings")
    return owners.pop()


def _addressed(uow: UnitOfWork, instruction: Instruction, addressee: Addressee | None) -> Addressee:
    """Return the addressee of an instruction. Raise Invalid unless it is of this centre or below it."""
    if addressee is None or sum(value is not None for value in addressee) != 1:
        raise Invalid(N_("请选择责任单位。"), field="addressee")
    if addressee.to_centre_id is not None:
        below = uow.actor.centre_ids - {instruction.centre_id}
        if addressee.to_centre_id not in below:
            raise Invalid(N_("只能向本中心的下级中心下发。"), field="addressee")
        return addressee
    body = (
        uow.get(Department, addressee.department_id)
        if addressee.department_id
        else uow.get(Section, addressee.section_id or 0)
    )
    if body.centre_id != instruction.centre_id:
        raise Invalid(N_("责任单位不属于本中心。"), field="addressee")
    return addressee


def _third_person(uow: UnitOfWork, command: Issue) -> None:
    """Refuse a person who would re-check what he has to mend."""
    rechecker = uow.session.get_one(User, command.rechecker_id)
    same = command.owner_id is not None and rechecker.staff_member_id == command.owner_id
    if same or command.rechecker_id == command.owner_user_id:
        raise Invalid(N_("复查人不能是整改责任人。"), field="rechecker")


def receive(
    uow: UnitOfWork, rectification_id: int, version: int, statement: str, person: Represented = NOBODY
) -> Rectification:
    """Confirm receipt, with a statement if there is one."""
    row = load(uow, rectification_id, version)
    transition = step(uow, row, Verb.RECEIVE, person)
    row.enter_for(person)
    row.received_at, row.received_by_id, row.receipt_statement = uow.now, uow.actor.user_id, statement
    uow.record(transition.action, row)
    return row


def submit(uow: UnitOfWork, rectification_id: int, version: int, answer: Answer) -> Rectification:
    """Hand in what was done, with evidence from after, or the reason why there is none."""
    row = load(uow, rectification_id, version)
    transition = step(uow, row, Verb.SUBMIT, answer.represented)
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
    row = load(uow, rectification_id, version)
    transition = step(uow, row, Verb.ACCEPT)
    _recheck(uow, row, RecheckResult.ACCEPTED, note)
    row.closed_at = uow.now
    row.on_time = row.handed_in_at is not None and row.handed_in_at <= row.due_at
    uow.record(transition.action, row)
    return row


def send_back(uow: UnitOfWork, rectification_id: int, version: int, reason: str) -> Rectification:
    """Return what was handed in, with the reason; the clock goes on as it was."""
    row = load(uow, rectification_id, version)
    transition = step(uow, row, Verb.RETURN)
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
