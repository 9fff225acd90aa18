"""The life of a month's evaluation and of an objection against one of its lines. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from app.core.actions import Action
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.core.machine import Transition
from app.evaluations.rulebook_rules import AsEntered, Category, Rulebook, RuleItem
from app.evaluations.rules import ItemKind
from app.permissions import Permission


class MonthState(StrEnum):
    OPEN = "open"
    COMPUTED = "computed"
    PUBLISHED = "published"
    LOCKED = "locked"
    ANNOUNCED = "announced"


class MonthVerb(StrEnum):
    COMPUTE = "compute"
    PUBLISH = "publish"
    LOCK = "lock"
    ANNOUNCE = "announce"
    REOPEN = "reopen"


class Scored(StrEnum):
    """Whose score it is."""

    STAFF = "staff"
    WINDOW = "window"
    CHIEF_REP = "chief_rep"
    DEPARTMENT = "department"


class Apart(StrEnum):
    """Why somebody is shown apart from the ranking."""

    PART_MONTH = "part_month"
    WITHOUT_BUSINESS = "without_business"
    INTERMEDIARY = "intermediary"  # ranked among themselves


class ObjectionStatus(StrEnum):
    PENDING = "pending"
    UPHELD = "upheld"
    CHANGED = "changed"
    REVOKED = "revoked"


MONTH_OPENED = Action("evaluation_month.opened")
MONTH_COMPUTED = Action("evaluation_month.computed", frozenset({"scores", "score_lines"}))
MONTH_PUBLISHED = Action("evaluation_month.published")
MONTH_LOCKED = Action("evaluation_month.locked")
MONTH_ANNOUNCED = Action("evaluation_month.announced")
MONTH_REOPENED = Action("evaluation_month.reopened", frozenset({"reason"}))
OBJECTION_FILED = Action("objection.filed")
OBJECTION_DECIDED = Action("objection.decided")
CORRECTION_ENTERED = Action("score_correction.entered")

PUBLIC = (MonthState.PUBLISHED, MonthState.LOCKED, MonthState.ANNOUNCED)  # those concerned see their own
SETTLED = (MonthState.LOCKED, MonthState.ANNOUNCED)
REASON_MAX = 1000


@dataclass(frozen=True)
class MonthFacts:
    """What the guards ask."""

    today: date
    last: date  # of the month
    faults: int = 0  # people or windows that could not be scored
    objections_until: date | None = None
    pending: int = 0


def _ended(facts: MonthFacts) -> str | None:
    if facts.today <= facts.last:
        return N_("这个月还没有结束，月末以后才能公布。")
    return N_("还有对象无法计分，请先处理再公布。") if facts.faults else None


def _heard(facts: MonthFacts) -> str | None:
    if facts.pending:
        return N_("还有申诉没有决定，不能锁定。")
    if facts.objections_until and facts.today <= facts.objections_until:
        return N_("申诉期还没有结束，不能锁定。")
    return None


S, V, P = MonthState, MonthVerb, Permission
Step = Transition[MonthState]
TRANSITIONS: dict[tuple[MonthState, MonthVerb], Step] = {
    (S.OPEN, V.COMPUTE): Step(S.COMPUTED, P.EVALUATION_COMPUTE, MONTH_COMPUTED),
    (S.COMPUTED, V.COMPUTE): Step(S.COMPUTED, P.EVALUATION_COMPUTE, MONTH_COMPUTED),
    (S.COMPUTED, V.PUBLISH): Step(S.PUBLISHED, P.EVALUATION_COMPUTE, MONTH_PUBLISHED, _ended),
    (S.PUBLISHED, V.LOCK): Step(S.LOCKED, P.EVALUATION_LOCK, MONTH_LOCKED, _heard),
    (S.LOCKED, V.ANNOUNCE): Step(S.ANNOUNCED, P.EVALUATION_LOCK, MONTH_ANNOUNCED),
    (S.LOCKED, V.REOPEN): Step(S.COMPUTED, P.EVALUATION_LOCK, MONTH_REOPENED),
    (S.ANNOUNCED, V.REOPEN): Step(S.COMPUTED, P.EVALUATION_LOCK, MONTH_REOPENED),
}


@dataclass(frozen=True)
class ObjectionFacts:
    """Who wants to decide, and who had a hand in what is objected to."""

    user_id: int | None
    recorded_by_id: int | None
    filed_by_id: int


def refuses_decision(facts: ObjectionFacts) -> str | None:
    """Return why this person may not decide an objection."""
    if facts.user_id == facts.recorded_by_id:
        return N_("记录这个问题的人不能决定对它的申诉，请由另一人决定。")
    return N_("提出申诉的人不能自己决定。") if facts.user_id == facts.filed_by_id else None


def check_objection(state: MonthState, until: date | None, today: date, has_source: bool) -> None:
    """Raise NotAllowed unless an objection against a line may still be filed."""
    if not has_source:
        raise NotAllowed(N_("这一行不是哪一件事扣的分，请对具体的扣分提出申诉。"))
    if state is not MonthState.PUBLISHED:
        raise NotAllowed(N_("只能在公布以后、锁定以前提出申诉。"))
    if until and today > until:
        raise NotAllowed(N_("申诉期已于 %(day)s 结束。"), day=until)


def month_of(text: str | None) -> date:
    """Return the first day of a month written as 2026-10. Raise Invalid."""
    try:
        return date.fromisoformat(f"{text or ''}-01")
    except ValueError:
        raise Invalid(N_("请写明月份，如 2026-10。"), field="month") from None


def last_day(first: date) -> date:
    return next_month(first) - timedelta(days=1)


def next_month(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


CORRECTION = "correction"  # the item under which a locked month is put right in a later one


def with_corrections(book: Rulebook) -> Rulebook:
    """Return the book with an item for corrections of earlier months, outside all maxima."""
    item = RuleItem(CORRECTION, N_("以前月份的更正"), ItemKind.DEDUCT, AsEntered())
    category = Category("corrections", N_("更正"), (item,), score=book.result)
    return replace(book, categories=(*book.categories, category))


def correction_points(points: Decimal) -> Decimal:
    """Return what a correction of so many points (plus gives back) says as a deduction."""
    return -points
