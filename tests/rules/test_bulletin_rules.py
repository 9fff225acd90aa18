"""The weeks of bulletins, what they say against the week before, and who may take which step."""

from __future__ import annotations

import json
from datetime import date

import pytest

from app.bulletins import rules
from app.bulletins.rules import (
    TRANSITIONS,
    Body,
    BulletinFacts,
    BulletinStatus,
    BulletinVerb,
    Content,
    Pair,
    Problem,
    change_words,
)
from app.core.errors import NotAllowed
from app.core.figures import Figure, Form, Rows
from app.core.machine import allowed, step
from app.permissions import GRANTS, Permission, Role

ROWS = Rows("inspections.findings", {"from": "2026-11-16"})


def count(number: int) -> Figure:
    return Figure("", "发现问题", "", Form.COUNT, number, ROWS)


def share(part: int, whole: int) -> Figure:
    return Figure("R01", "覆盖率", "", Form.SHARE, part, ROWS, whole, ROWS)


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (count(506), count(420), "+20.5%"),  # the county bulletin of supervision.md 7.2 (4): +20.48 %
        (count(12), count(16), "-25.0%"),
        (count(0), count(3), "-100.0%"),
        (count(4), count(4), "持平"),
        (count(0), count(0), "持平"),
        (count(2), count(0), "上周为 0"),
        (share(180, 184), share(184, 184), "-2.2 个百分点"),
        (share(5, 5), share(4, 4), "持平"),
        (share(0, 0), share(3, 4), "—"),
    ],
)
def test_a_figure_is_told_against_the_week_before(now: Figure, before: Figure, said: str) -> None:
    text, values = change_words(now, before)
    assert (text % values if values else text) == said


@pytest.mark.parametrize(
    ("monday", "name", "year"),
    [
        (date(2026, 11, 16), "2026年第47周", 2026),
        (date(2025, 12, 29), "2026年第1周", 2026),  # its Thursday is 1 January
        (date(2026, 12, 28), "2026年第53周", 2026),
    ],
)
def test_a_week_belongs_to_the_year_of_its_thursday(monday: date, name: str, year: int) -> None:
    assert rules.week_name(monday) == name
    assert rules.year_of(monday) == year
    first, last = rules.weeks_of(year)
    assert first <= monday <= last and first.weekday() == last.weekday() == 0


def test_the_figures_survive_being_kept() -> None:
    problem = Problem("C03", "在岗位上吃东西", 2, 1, ROWS)
    content = Content(
        (Pair(share(5, 5), count(3)),),
        (problem,),
        (problem,),
        (count(1),),
        (Body("市场监管局", 2, 1, 0, 1, 0, ROWS, ROWS), Body("综合科", 0, 0, 0, 0, 0, None, ROWS)),
    )
    assert Content.read(json.loads(json.dumps(content.plain()))) == content
    assert (content.found, content.repeated) == (2, 1)


def facts(**known: object) -> BulletinFacts:
    given = {"today": date(2026, 11, 23), "last_on": date(2026, 11, 22), "user_id": 3, "drafted_by_id": 1}
    return BulletinFacts(**{**given, "reviewed_by_id": 2, **known})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "verb", "known", "why"),
    [
        (BulletinStatus.DRAFT, BulletinVerb.REVIEW, {"today": date(2026, 11, 22)}, "还没有结束"),
        (BulletinStatus.DRAFT, BulletinVerb.REVIEW, {"user_id": 1}, "起草人不能审核"),
        (BulletinStatus.REVIEWED, BulletinVerb.ISSUE, {"user_id": 1}, "不能签发"),
        (BulletinStatus.REVIEWED, BulletinVerb.ISSUE, {"user_id": 2}, "不能签发"),
        (BulletinStatus.ISSUED, BulletinVerb.CHANGE, {}, "当前状态"),
        (BulletinStatus.SUPERSEDED, BulletinVerb.CORRECT, {}, "当前状态"),
    ],
)
def test_three_people_make_a_bulletin(
    status: BulletinStatus, verb: BulletinVerb, known: dict[str, object], why: str
) -> None:
    with pytest.raises(NotAllowed, match=why):
        step(TRANSITIONS, status, verb, set(Permission), facts(**known))


@pytest.mark.parametrize(
    ("role", "status", "verbs"),
    [
        (Role.INSPECTOR, BulletinStatus.DRAFT, ["change"]),
        (Role.SECTION_HEAD, BulletinStatus.DRAFT, ["change", "review"]),
        (Role.SECTION_HEAD, BulletinStatus.REVIEWED, ["return"]),
        (Role.DIRECTOR, BulletinStatus.REVIEWED, ["return", "issue"]),
        (Role.INSPECTOR, BulletinStatus.ISSUED, ["correct"]),
        (Role.CHIEF_REPRESENTATIVE, BulletinStatus.ISSUED, []),
        (Role.AUDITOR, BulletinStatus.REVIEWED, []),
    ],
)
def test_roles_take_the_steps_of_the_fact_sheet(role: Role, status: BulletinStatus, verbs: list[str]) -> None:
    assert allowed(TRANSITIONS, status, GRANTS[role], facts()) == verbs
