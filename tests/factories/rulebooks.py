"""Rulebooks: drafts, versions in force, and everything a screen does with them."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from app import clock
from app.db.uow import unit_of_work
from app.evaluations import rulebook_queries, rulebook_services
from app.evaluations.rules import Span, Subject
from app.extensions import db
from app.permissions import Permission
from tests.cast import actor
from tests.factories.base import Example, Ids, Ledger, Visit

TITLE = "大厅人员月度考核细则"
HALL = """\
rulebook: {code}
title: {title}
version: 1
effective_from: 2026-01-01
source: 测试用
subject: {subject}
period: month
scores:
  - {{id: month, name: 月度得分, base: 100, floor: 0, ceiling: 110, bonus_cap: 10}}
categories:
  - id: discipline
    name: 劳动纪律
    max: 40
    stop_at_zero: true
    items:
      - {{id: away, name: 空岗, clause: 第三条, per: person_occurrence, deduct: 2, links: [A-01]}}
      - id: late
        name: 迟到
        per: person_occurrence
        deduct:
          - {{if: {{minutes: {{at_most: 10}}}}, points: 1}}
          - {{points: 3}}
  - id: manner
    name: 服务态度
    items:
      - {{id: refusal, name: 推诿, deduct: {{from: 2, to: 5}}, links: [R-01]}}
"""


def text(code: str = "hall", subject: str = "staff", title: str = TITLE) -> str:
    """Return a small rulebook whose items are linked to the cast's check items."""
    return HALL.format(code=code, title=title, subject=subject)


def drafted(code: str = "", subject: str = "staff", title: str = TITLE) -> int:
    """Bring a rulebook in as a draft, a new one each time; return its id."""
    code = code or f"hall{next(_NUMBERS)}"
    who = actor("head", Permission.RULEBOOK_MANAGE)
    with unit_of_work(who, clock.now()) as uow:
        return rulebook_services.import_rulebook(uow, who.centre_id or 0, text(code, subject, title)).id


def in_force(subject: str = "staff", since: date = date(2024, 1, 1)) -> int:
    """Put a rulebook in force from a day, unless there is one already; return its id."""
    who = actor("head")
    rows = rulebook_queries.standing_of(db.session(), who.centre_id or 0, Subject(subject), Span.MONTH)
    if rows:
        return rows[0].id
    rulebook_id = drafted(subject=subject)
    with unit_of_work(actor("director", Permission.RULEBOOK_DECIDE), clock.now()) as uow:
        rulebook_services.put_in_force(uow, rulebook_id, since)
    return rulebook_id


_NUMBERS = itertools.count(1)


def many(_site: Any, n: int) -> None:
    for number in range(n):
        drafted(title=f"细则之{number}")


def _draft(_site: Any) -> Ids:
    return {"rulebook_id": drafted()}


def _standing(_site: Any) -> Ids:
    return {"rulebook_id": in_force()}


def _item(_site: Any) -> Ids:
    return {"rulebook_id": drafted(), "item_id": "away"}


def _category(_site: Any) -> Ids:
    return {"rulebook_id": drafted(), "category_id": "discipline"}


def _score(_site: Any) -> Ids:
    return {"rulebook_id": drafted(), "score_id": "month"}


ITEM = {
    "version": "1",
    "category": "discipline",
    "id": "badge",
    "name": "未亮牌",
    "clause": "第四条",
    "kind": "deduct",
    "per": "person_occurrence",
    "amount": "fixed",
    "points": "0.5",
    "low": "",
    "high": "",
    "tiers": "",
    "target": "",
    "threshold": "",
    "each": "",
    "counted": "whole",
    "at_most": "4",
    "links": "A-02",
}
SHOWN = "evaluations.rulebooks.show"
EXAMPLES = [
    Example(
        "evaluations.rulebooks.import_yaml",
        "head",
        data={"text": text()},
        page="evaluations.rulebooks.import_form",
    ),
    Example("evaluations.rulebooks.export", "wang", _standing, page=SHOWN, status=200),
    Example("evaluations.rulebooks.begin", "head", _standing, page=SHOWN),
    Example(
        "evaluations.rulebooks.put_in_force",
        "director",
        _draft,
        data={"version": "1", "effective_on": "2026-11-18"},
        page=SHOWN,
    ),
    Example(
        "evaluations.rulebooks.retire",
        "director",
        _standing,
        data={"version": "2", "retired_on": "2026-12-01", "reason": "改用新办法"},
        page=SHOWN,
        shown=(SHOWN,),
        text=("reason",),
    ),
    Example(
        "evaluations.editing.add_item",
        "head",
        _draft,
        data=ITEM,
        page="evaluations.editing.new_item",
        shown=(SHOWN,),
        text=("name", "clause"),
    ),
    Example(
        "evaluations.editing.change_item",
        "head",
        _item,
        data={**ITEM, "id": "away", "links": "A-01"},
        page="evaluations.editing.item",
        shown=(SHOWN,),
        text=("name", "clause"),
    ),
    Example("evaluations.editing.remove_item", "head", _item, data={"version": "1"}, page=SHOWN),
    Example(
        "evaluations.editing.add_category",
        "head",
        _draft,
        data={"version": "1", "id": "place", "name": "现场环境", "score": "month", "max": "10"},
        page="evaluations.editing.new_category",
        shown=(SHOWN,),
        text=("name",),
    ),
    Example(
        "evaluations.editing.change_category",
        "head",
        _category,
        data={"version": "1", "id": "discipline", "name": "纪律", "score": "month", "max": "30"},
        page="evaluations.editing.category",
        shown=(SHOWN,),
        text=("name",),
    ),
    Example(
        "evaluations.editing.change_score",
        "head",
        _score,
        data={"version": "1", "base": "100", "floor": "", "ceiling": "105", "bonus_cap": "5"},
        page="evaluations.editing.score",
    ),
    Example(
        "evaluations.editing.change_head",
        "head",
        _draft,
        data={
            "version": "1",
            "title": "大厅细则",
            "source": "中心发〔2026〕3号",
            "readings": "一\n二",
            "notes": "",
        },
        page="evaluations.editing.head",
        shown=(SHOWN,),
        text=("title", "source", "readings", "notes"),
    ),
]
VISITS = [
    Visit(SHOWN, "window_a", _standing),
    Visit("evaluations.editing.new_item", "head", _draft, hidden_from=("outside_head",)),
    Visit("evaluations.editing.item", "head", _item, hidden_from=("outside_head",)),
    Visit(
        "evaluations.editing.example",
        "head",
        _draft,
        query={"former": "away", "times": "3"},
        hidden_from=("outside_head",),
    ),
    Visit("evaluations.editing.new_category", "head", _draft, hidden_from=("outside_head",)),
    Visit("evaluations.editing.category", "head", _category, hidden_from=("outside_head",)),
    Visit("evaluations.editing.score", "head", _score, hidden_from=("outside_head",)),
    Visit("evaluations.editing.head", "head", _draft, hidden_from=("outside_head",)),
]
LEDGERS = [
    Ledger("evaluations.rulebooks.index", "head", many, queries=({"status": "draft"}, {"subject": "staff"}))
]
