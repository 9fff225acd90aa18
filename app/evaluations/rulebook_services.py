"""Versions of rulebooks: brought in, drafted anew, edited, put in force, retired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha256

from app import clock
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.evaluations import editing_rules, rulebook_queries
from app.evaluations.models import RulebookVersion
from app.evaluations.reading import read_rulebook
from app.evaluations.rulebook_rules import Rulebook
from app.evaluations.version_rules import (
    RULEBOOK_DRAFTED,
    RULEBOOK_EDITED,
    RULEBOOK_EXPORTED,
    RULEBOOK_IMPORTED,
    RULEBOOK_PUT_IN_FORCE,
    RULEBOOK_RETIRED,
    TITLE_MAX,
    VersionStatus,
)
from app.evaluations.writing import write_rulebook

NOT_A_DRAFT = N_("只有草稿可以修改；施行中的细则请先起草新版。")


def import_rulebook(uow: UnitOfWork, centre_id: int, text: str) -> RulebookVersion:
    """Bring a rulebook in as a draft: a new one, the next version, or what its present draft says anew.

    The number of the version is counted here, whatever the file says. Raise BrokenRulebook with the faulty
    lines. Bringing the very same file in again changes nothing.
    """
    book = read_rulebook(text, frozenset(rulebook_queries.links_of(uow.session, centre_id)))
    if len(book.title) > TITLE_MAX:
        raise Invalid(N_("名称最多 %(max)d 个字。"), max=TITLE_MAX)
    former = rulebook_queries.newest(uow.session, centre_id, book.id)
    if former is None:
        return _added(uow, centre_id, replace(book, version=1))
    book = replace(book, version=former.edition)
    if write_rulebook(book) == former.text:
        return former
    if former.status is not VersionStatus.DRAFT:
        return _added(uow, centre_id, replace(book, version=former.edition + 1))
    uow.record(RULEBOOK_IMPORTED, former, lines=_write(former, book))
    return former


def _added(uow: UnitOfWork, centre_id: int, book: Rulebook) -> RulebookVersion:
    row = RulebookVersion(
        centre_id=centre_id, code=book.id, edition=book.version, text="", status=VersionStatus.DRAFT
    )
    _write(row, book)
    uow.session.add(row)
    uow.session.flush()
    uow.record(RULEBOOK_IMPORTED, row, lines=[])
    return row


def _write(row: RulebookVersion, book: Rulebook) -> list[str]:
    """Let a draft say what a book says; return the lines that changed."""
    before, row.text = row.text, write_rulebook(book)
    row.sha256 = sha256(row.text.encode()).hexdigest()
    row.name, row.subject, row.period = book.title, book.subject, book.period
    row.effective_on = book.effective_from
    return editing_rules.changed_lines(before, row.text)


def begin_version(uow: UnitOfWork, rulebook_id: int) -> RulebookVersion:
    """Draft the next version out of the latest one. Raise NotAllowed while a draft waits."""
    row = uow.get(RulebookVersion, rulebook_id)
    latest = rulebook_queries.newest(uow.session, row.centre_id, row.code)
    if latest is None or latest.status is VersionStatus.DRAFT:
        raise NotAllowed(N_("已经有一份草稿，请在那一份上修改。"))
    book = rulebook_queries.book_of(latest)
    book = replace(
        book,
        version=latest.edition + 1,
        effective_from=max(clock.local(uow.now).date(), latest.effective_on),
        effective_until=None,
    )
    draft = RulebookVersion(
        centre_id=latest.centre_id,
        code=latest.code,
        edition=book.version,
        text="",
        status=VersionStatus.DRAFT,
    )
    _write(draft, book)
    uow.session.add(draft)
    uow.session.flush()
    uow.record(RULEBOOK_DRAFTED, draft)
    return draft


def adopt(uow: UnitOfWork, rulebook_id: int) -> RulebookVersion:
    """Make a draft the next version of what is in force for its subject and period; return that draft.

    One that continues the rulebook in force, or replaces none, is that version already. Raise NotAllowed.
    """
    row = uow.get(RulebookVersion, rulebook_id)
    if row.status is not VersionStatus.DRAFT:
        raise NotAllowed(N_("只有草稿可以采用。"))
    found = rulebook_queries.standing_of(uow.session, row.centre_id, row.subject, row.period)
    if not found or found[0].code == row.code:
        return row
    book = replace(rulebook_queries.book_of(row), id=found[0].code)
    return import_rulebook(uow, row.centre_id, write_rulebook(book))


def edit_draft(
    uow: UnitOfWork,
    rulebook_id: int,
    version: int | None,
    change: Callable[[Rulebook], Rulebook],
    asked: tuple[str, ...] = (),
    names: Mapping[str, str] | None = None,
) -> RulebookVersion:
    """Keep what a change makes of a draft, if it is a rulebook still. Raise Invalid, NotAllowed, Stale.

    `asked` and `names` say which form asks, so that a fault can name its field; see editing_rules.check.
    """
    row = uow.get(RulebookVersion, rulebook_id, version)
    if row.status is not VersionStatus.DRAFT:
        raise NotAllowed(NOT_A_DRAFT)
    book = change(rulebook_queries.book_of(row))
    links = frozenset(rulebook_queries.links_of(uow.session, row.centre_id))
    editing_rules.check(book, links, asked, names or {})
    lines = _write(row, book)
    if lines:
        uow.record(RULEBOOK_EDITED, row, lines=lines)
    return row


def put_in_force(
    uow: UnitOfWork, rulebook_id: int, effective_on: date, version: int | None = None
) -> RulebookVersion:
    """Put a draft in force from a day; the version before it retires that day.

    The first version may take effect in the past: the rules are older than this ledger. A later one may
    not, so that nothing is judged anew.
    """
    row = uow.get(RulebookVersion, rulebook_id, version)
    if row.status is not VersionStatus.DRAFT:
        raise NotAllowed(N_("这一版已经施行过，不能再次施行。"))
    former = _in_force(uow, row)
    if former and effective_on < clock.local(uow.now).date():
        raise Invalid(N_("新版不能从今天以前施行。"), field="effective_on")
    if former and effective_on <= former.effective_on:
        message = N_("现有一版 %(day)s 施行，新版要在这以后。")
        raise Invalid(message, field="effective_on", day=former.effective_on)
    book = rulebook_queries.book_of(row)
    if book.effective_until and book.effective_until < effective_on:
        raise Invalid(N_("这一版写明 %(day)s 失效。"), field="effective_on", day=book.effective_until)
    if former:
        former.status, former.retired_on = VersionStatus.RETIRED, effective_on
        former.retire_reason = N_("由第 %(edition)d 版代替") % {"edition": row.edition}
        uow.record(RULEBOOK_RETIRED, former)
    _write(row, replace(book, effective_from=effective_on))
    row.status = VersionStatus.IN_FORCE
    uow.record(RULEBOOK_PUT_IN_FORCE, row)
    return row


def _in_force(uow: UnitOfWork, row: RulebookVersion) -> RulebookVersion | None:
    """Return the version that a draft would replace; raise NotAllowed if two would judge the same."""
    found = rulebook_queries.standing_of(uow.session, row.centre_id, row.subject, row.period)
    others = [each for each in found if each.code != row.code]
    if others:
        message = N_("同一对象、同一周期已有施行中的《%(title)s》，请先停用那一部。")
        raise NotAllowed(message, title=others[0].name)
    return found[0] if found else None


def retire(
    uow: UnitOfWork, rulebook_id: int, retired_on: date, reason: str, version: int | None = None
) -> RulebookVersion:
    """Retire a version in force from a day on, without another in its place."""
    row = uow.get(RulebookVersion, rulebook_id, version)
    if row.status is not VersionStatus.IN_FORCE:
        raise NotAllowed(N_("只有施行中的细则可以停用。"))
    if retired_on < max(clock.local(uow.now).date(), row.effective_on):
        raise Invalid(N_("停用日期不能早于今天，也不能早于施行日期。"), field="retired_on")
    row.status, row.retired_on, row.retire_reason = VersionStatus.RETIRED, retired_on, reason
    uow.record(RULEBOOK_RETIRED, row)
    return row


def export(uow: UnitOfWork, rulebook_id: int) -> tuple[str, str]:
    """Return the name and the text of a version's YAML file."""
    row = uow.get(RulebookVersion, rulebook_id)
    uow.record(RULEBOOK_EXPORTED, row)
    return f"{row.code}-v{row.edition}.yaml", row.text
