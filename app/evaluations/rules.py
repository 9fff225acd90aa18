"""The vocabulary of rulebooks. The values are the words of the YAML files and stay as they are."""

from __future__ import annotations

from enum import StrEnum

from app.core.i18n import N_


class Subject(StrEnum):
    """Who is scored."""

    STAFF = "staff"
    WINDOW = "window"
    DEPARTMENT = "department"


class Span(StrEnum):
    """A period, the shortest first: of a rulebook, or how far a veto reaches."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"

    def exceeds(self, other: Span) -> bool:
        """Return whether this period is the longer one."""
        order = list(Span)
        return order.index(self) > order.index(other)


SPANS = {
    Span.MONTH: N_("月"),
    Span.QUARTER: N_("季度"),
    Span.HALF_YEAR: N_("半年"),
    Span.YEAR: N_("年"),
}


class Per(StrEnum):
    """What one unit of a deduction or bonus is counted by (每…)."""

    OCCURRENCE = "occurrence"
    PERSON_OCCURRENCE = "person_occurrence"
    HALF_DAY = "half_day"
    DAY = "day"
    MONTH = "month"
    CASE = "case"
    ITEM = "item"
    BULLETIN = "bulletin"
    OVERDUE_WORKDAY = "overdue_workday"
    SHORTFALL = "shortfall"
    EXCESS = "excess"
    PERCENTAGE_POINT = "percentage_point"
    TOTAL = "total"  # the whole period at once: its count chooses the points, and they are given once


# What a clerk says after the number.
UNITS = {
    Per.OCCURRENCE: N_("次"),
    Per.PERSON_OCCURRENCE: N_("人次"),
    Per.HALF_DAY: N_("个半天"),
    Per.DAY: N_("天"),
    Per.MONTH: N_("个月"),
    Per.CASE: N_("件"),
    Per.ITEM: N_("项"),
    Per.BULLETIN: N_("期"),
    Per.OVERDUE_WORKDAY: N_("个逾期工作日"),
    Per.SHORTFALL: N_("个单位（不足）"),
    Per.EXCESS: N_("个单位（超出）"),
    Per.PERCENTAGE_POINT: N_("个百分点"),
    Per.TOTAL: N_("（全期合计）"),
}
MEASURED = (Per.SHORTFALL, Per.EXCESS, Per.PERCENTAGE_POINT)  # may be counted from a target or a threshold


class Counted(StrEnum):
    """What becomes of the rest when a measured difference is divided into units."""

    WHOLE = "whole"  # 每满: a part of a unit does not count
    STARTED = "started"  # 不足一个按一个计
    EXACT = "exact"  # in proportion


class ItemKind(StrEnum):
    DEDUCT = "deduct"
    BONUS = "bonus"


class AmountKind(StrEnum):
    """How the points of an item are settled, as its form asks."""

    FIXED = "fixed"
    RANGE = "range"
    TIERS = "tiers"
    AS_ENTERED = "as_entered"


class Together(StrEnum):
    """Which occurrences are counted together before repeats cost more."""

    ITEM = "item"
    CATEGORY = "category"
    ALL = "all"


class InputKind(StrEnum):
    """What an input holds and how it becomes one number."""

    NUMBER = "number"
    MEAN = "mean"  # a list, such as the months: those assessed, on average
    SUM = "sum"
    VOTES = "votes"  # {for, cast}: the share, out of `full` points
    RATE = "rate"  # {numerator, denominator}: in per cent


class PartKind(StrEnum):
    """Where a part of a score comes from."""

    SCORE = "score"
    MEAN_OF = "mean_of"  # the people's scores, on average
    SUM_OF = "sum_of"
    INPUT = "input"


class Effect(StrEnum):
    """What a veto does; the score is shown all the same."""

    NO_AWARD = "no_award"
    GRADE_CAP = "grade_cap"


class Compare(StrEnum):
    """How a fact is compared; 以上 and 以内 include the number itself."""

    AT_LEAST = "at_least"
    OVER = "over"
    AT_MOST = "at_most"
    BELOW = "below"
    IS = "is"


# Lines that stand beside the items; no item, category, score or input may take these names.
BASE, FLOOR, CEILING, BONUS_CAP = "base", "floor", "ceiling", "bonus_cap"
RESERVED = (BASE, FLOOR, CEILING, BONUS_CAP, "count", "score")
CHIEF_REP = "chief_rep"  # the score of this name is the chief representative's


# How a sheet says what a ledger tells of an event; what is not here is said as the rulebook writes it.
FACTS = {"count": N_("次数"), "minutes": N_("分钟"), "level": N_("级别")}
FACT_VALUES = {
    "national": N_("国家级"),
    "province": N_("省级"),
    "city": N_("市级"),
    "district": N_("县（区）级"),
    "centre": N_("中心级"),
}
