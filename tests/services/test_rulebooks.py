"""Versions of rulebooks: brought in, edited, put in force, retired, and kept as they were."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from app import clock
from app.config import ROOT
from app.core.errors import Invalid, NotAllowed, Stale
from app.db.uow import unit_of_work
from app.evaluations import editing_rules, rulebook_queries, rulebook_services
from app.evaluations.models import RulebookVersion
from app.evaluations.reading import BrokenRulebook, read_rulebook
from app.evaluations.version_rules import VersionStatus
from app.extensions import db
from app.permissions import Permission
from tests.cast import actor
from tests.factories.rulebooks import drafted, in_force, text

pytestmark = pytest.mark.both_databases
DIRECTOR, HEAD = ("director", Permission.RULEBOOK_DECIDE), ("head", Permission.RULEBOOK_MANAGE)


def act(who: tuple[str, Permission], verb: Any, *args: Any) -> Any:
    with unit_of_work(actor(*who), clock.now()) as uow:
        row = verb(uow, *args)
        return row.id


def row(rulebook_id: int) -> RulebookVersion:
    return db.session.get_one(RulebookVersion, rulebook_id, populate_existing=True)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "seeds/rulebooks").glob("*.yaml")), ids=lambda path: path.stem
)
def test_what_is_shipped_comes_in_and_out_as_the_same_rulebook(db_context: Any, cast: Any, path: Any) -> None:
    shipped = path.read_text(encoding="utf-8")
    kept = row(act(HEAD, rulebook_services.import_rulebook, cast.centre, shipped))
    assert read_rulebook(kept.text) == read_rulebook(shipped)
    assert kept.status is VersionStatus.DRAFT


def test_a_broken_file_is_refused_with_its_lines(db_context: Any, cast: Any) -> None:
    broken = text().replace("links: [A-01]", "links: [Z-99]").replace("max: 40", "max: -1")
    with pytest.raises(BrokenRulebook) as refused:
        act(HEAD, rulebook_services.import_rulebook, cast.centre, broken)
    assert [line for line, _ in refused.value.faults] == [13, 16]
    assert "Z-99" in refused.value.faults[1][1]


def test_the_same_file_twice_changes_nothing_and_another_replaces_the_draft(
    db_context: Any, cast: Any
) -> None:
    first = drafted("hall")
    before = row(first).sha256
    assert act(HEAD, rulebook_services.import_rulebook, cast.centre, text()) == first
    assert row(first).version == 1
    changed = text().replace("deduct: 2", "deduct: 4")
    assert act(HEAD, rulebook_services.import_rulebook, cast.centre, changed) == first
    assert row(first).sha256 != before
    assert row(first).edition == 1


def test_a_version_in_force_is_never_edited(db_context: Any) -> None:
    rulebook_id = in_force()
    with pytest.raises(NotAllowed):
        act(HEAD, rulebook_services.edit_draft, rulebook_id, None, lambda book: book)
    db.session.rollback()
    for change in ("text = 'x'", "effective_on = '2020-01-01'", "status = 'draft'"):
        with pytest.raises(DBAPIError, match="not edited"):
            db.session.execute(sql(f"UPDATE rulebooks SET {change} WHERE id = {rulebook_id}"))
        db.session.rollback()
    with pytest.raises(DBAPIError, match="not edited"):
        db.session.execute(sql(f"DELETE FROM rulebooks WHERE id = {rulebook_id}"))
    db.session.rollback()


def test_a_new_version_takes_over_from_its_day(db_context: Any, cast: Any) -> None:
    first = in_force()
    second = act(HEAD, rulebook_services.begin_version, first)
    with pytest.raises(NotAllowed, match="草稿"):
        act(HEAD, rulebook_services.begin_version, first)
    with pytest.raises(Invalid, match="今天以前"):
        act(DIRECTOR, rulebook_services.put_in_force, second, date(2026, 11, 1))
    act(DIRECTOR, rulebook_services.put_in_force, second, date(2026, 11, 25))
    assert (row(first).status, row(first).retired_on) == (VersionStatus.RETIRED, date(2026, 11, 25))
    books = rulebook_queries.books_in(cast.centre, date(2026, 11, 1), date(2026, 11, 30))
    assert [(kept.id, book.effective_until) for kept, book in books] == [
        (first, date(2026, 11, 24)),
        (second, None),
    ]
    assert [
        kept.id for kept, _ in rulebook_queries.books_in(cast.centre, date(2026, 12, 1), date(2026, 12, 31))
    ] == [second]


def test_two_rulebooks_never_judge_the_same(db_context: Any) -> None:
    in_force()
    other = drafted()
    with pytest.raises(NotAllowed, match="请先停用"):
        act(DIRECTOR, rulebook_services.put_in_force, other, date(2026, 12, 1))


def test_an_edit_needs_the_latest_version_and_a_sound_rulebook(db_context: Any) -> None:
    rulebook_id = drafted()
    book = rulebook_queries.book_of(row(rulebook_id))
    category, item = editing_rules.find_item(book, "refusal")
    twice = (category.id, item)
    with pytest.raises(Stale):
        act(HEAD, rulebook_services.edit_draft, rulebook_id, 7, lambda each: each)
    with pytest.raises(Invalid, match="用了两次") as refused:
        act(
            HEAD,
            rulebook_services.edit_draft,
            rulebook_id,
            1,
            lambda each: editing_rules.with_item(each, None, *twice),
            ("items", "refusal"),
            {"id": "id"},
        )
    assert refused.value.field == "id"


def test_drafts_are_hidden_from_windows(db_context: Any) -> None:
    standing, draft = in_force(), drafted(subject="window")
    seen = {one.id for one in db.session.scalars(rulebook_queries.visible_to(actor("window_a")))}
    assert seen == {standing}
    assert draft in {one.id for one in db.session.scalars(rulebook_queries.visible_to(actor("head")))}
    assert not list(db.session.scalars(rulebook_queries.visible_to(actor("outside_head"))))
