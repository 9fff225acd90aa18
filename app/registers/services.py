"""Entries: recorded, corrected while nobody has confirmed them, confirmed by a second person, voided."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app import clock
from app.attachments import services as attachments
from app.attachments.rules import AttachmentKind, check_count
from app.attachments.services import StoredFile
from app.core import machine
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.db import search
from app.db.uow import UnitOfWork
from app.documents.services import next_serial
from app.organisation.models import Centre
from app.registers import queries, rules
from app.registers.models import RegisterEntry, search_text
from app.registers.rules import KINDS, Content, EntryStatus, Step, Verb
from app.transfers.models import Batch

COUNTER = "register"
TWICE = N_("这个人这一天已经登记过同一类，见 %(number)s。")


def record_entry(
    uow: UnitOfWork, centre_id: int, form_key: str, content: Content, files: Sequence[StoredFile]
) -> RegisterEntry:
    """Enter something in a ledger; it counts once a second person has confirmed it."""
    rules.check(content, clock.local(uow.now).date(), len(files))
    check_count(len(files))
    take_turn(uow, centre_id)
    row = RegisterEntry(
        centre_id=centre_id,
        number=take_numbers(uow, centre_id, 1)[0],
        form_key=form_key,
        register=KINDS[content.kind].register,
        kind=content.kind,
        status=EntryStatus.RECORDED,
        recorded_by_id=uow.actor.user_id,
        recorded_at=uow.now,
    )
    _fill(uow, row, content)
    _require_single(row)
    uow.session.add(row)
    uow.session.flush()
    _attach(uow, row, files)
    uow.record(rules.ENTRY_RECORDED, row)
    return row


def correct_entry(
    uow: UnitOfWork, entry_id: int, version: int, content: Content, files: Sequence[StoredFile]
) -> RegisterEntry:
    """Correct an entry that nobody has confirmed, add evidence to it, and hand a refused one in again."""
    row = _load(uow, entry_id, version)
    take_turn(uow, row.centre_id)
    transition = _step(uow, row, Verb.CORRECT)
    if content.kind is not row.kind:
        raise NotAllowed(N_("登记的类别不能更改；登错了类别的，请作废后重新登记。"))
    held = queries.hashes_of(uow.session, row.id)
    fresh = [file for file in files if file.sha256 not in held]
    rules.check(content, clock.local(uow.now).date(), len(held) + len(fresh))
    _fill(uow, row, content)
    _require_single(row)
    row.corrected_by_id = uow.actor.user_id
    row.decided_by_id = row.decided_at = None
    row.refusal_reason = ""
    _attach(uow, row, fresh)
    uow.record(transition.action, row)
    return row


def add_many(uow: UnitOfWork, batch: Batch, contents: Sequence[tuple[Content, str]]) -> None:
    """Enter the rows of a table with their search words; the table's entry in the log answers for them."""
    numbers = take_numbers(uow, batch.centre_id, len(contents))
    rows = [
        {
            "centre_id": batch.centre_id,
            "number": number,
            "batch_id": batch.id,
            "register": KINDS[content.kind].register,
            "kind": content.kind,
            "status": EntryStatus.RECORDED,
            "recorded_by_id": uow.actor.user_id,
            "recorded_at": uow.now,
            "files": 0,
            "refusal_reason": "",
            "void_reason": "",
            "search_words": words,
            "version": 1,
            **{name: getattr(content, name) for name in queries.CONTENT},
        }
        for number, (content, words) in zip(numbers, contents, strict=True)
    ]
    uow.bulk_insert(RegisterEntry, rows, subject=batch)
    new = select(RegisterEntry.number, RegisterEntry.id).where(RegisterEntry.batch_id == batch.id)
    texts = {
        row["number"]: search_text(
            row["number"], row["search_words"], row["matter"], row["awarded_by"], row["shown"], row["text"]
        )
        for row in rows
    }
    found = [search.indexed(entry_id, texts[number]) for number, entry_id in uow.session.execute(new)]
    search.index_many(uow.session, RegisterEntry.__search_table__, found)


def confirm_entries(uow: UnitOfWork, wanted: Sequence[tuple[int, int]]) -> list[RegisterEntry]:
    """Confirm entries as a second person, all or none; each with the version that was looked at."""
    if not wanted:
        raise Invalid(N_("请先勾选要确认的登记。"))
    _take_rows(uow, [entry_id for entry_id, _ in wanted])
    rows = [uow.get(RegisterEntry, entry_id, version) for entry_id, version in wanted]
    for row in rows:
        _decide(uow, row, Verb.CONFIRM)
    return rows


def refuse_entry(uow: UnitOfWork, entry_id: int, version: int, reason: str) -> RegisterEntry:
    """Refuse an entry with the reason; whoever recorded it may correct it and hand it in again."""
    row = _load(uow, entry_id, version)
    row.refusal_reason = reason
    _decide(uow, row, Verb.REFUSE)
    return row


def void_entry(uow: UnitOfWork, entry_id: int, version: int, reason: str) -> RegisterEntry:
    """Void an entry that should not stand; its number stays taken."""
    row = _load(uow, entry_id, version)
    transition = _step(uow, row, Verb.VOID)
    row.void_reason = reason
    uow.record(transition.action, row)
    return row


def take_turn(uow: UnitOfWork, centre_id: int) -> None:
    """Let entries of one centre wait for one another: PostgreSQL has no queue for writers."""
    uow.session.execute(select(Centre.id).where(Centre.id == centre_id).with_for_update())


def take_numbers(uow: UnitOfWork, centre_id: int, count: int) -> list[str]:
    """Take the next numbers of a centre's ledgers."""
    year = clock.local(uow.now).year
    last = next_serial(uow, centre_id, COUNTER, year, count)
    return [f"TZ{year}-{serial}" for serial in range(last - count + 1, last + 1)]


def _take_rows(uow: UnitOfWork, ids: Sequence[int]) -> None:
    rows = select(RegisterEntry).where(RegisterEntry.id.in_(ids)).order_by(RegisterEntry.id)
    uow.session.scalars(rows.with_for_update().execution_options(populate_existing=True)).all()


def _load(uow: UnitOfWork, entry_id: int, version: int) -> RegisterEntry:
    _take_rows(uow, [entry_id])
    return uow.get(RegisterEntry, entry_id, version)


def _step(uow: UnitOfWork, row: RegisterEntry, verb: Verb) -> Step:
    facts = queries.facts(uow.actor, row)
    transition = machine.step(rules.TRANSITIONS, row.status, verb, uow.actor.permissions, facts)
    row.status = transition.to
    return transition


def _decide(uow: UnitOfWork, row: RegisterEntry, verb: Verb) -> None:
    transition = _step(uow, row, verb)
    row.decided_by_id, row.decided_at = uow.actor.user_id, uow.now
    uow.record(transition.action, row)


def _fill(uow: UnitOfWork, row: RegisterEntry, content: Content) -> None:
    for name in queries.CONTENT:
        setattr(row, name, getattr(content, name))
    row.enter_for(content.represented)
    row.search_words = queries.search_words(uow.session, row)


def _require_single(row: RegisterEntry) -> None:
    """Raise Invalid where one person would have two entries of a kind that a day has only one of."""
    other = queries.standing_like(row)
    if other is not None:
        raise Invalid(TWICE, field="staff", number=other)


def _attach(uow: UnitOfWork, row: RegisterEntry, files: Sequence[StoredFile]) -> None:
    for file in files:
        attachments.attach(uow, row, AttachmentKind.REGISTER, file)
    row.files = (row.files or 0) + len(files)
