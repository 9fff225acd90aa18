"""The life of a weekly bulletin 周通报, its weeks, and what it says of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from app.core.actions import Action
from app.core.figures import Figure, Form, Rows
from app.core.i18n import N_
from app.core.machine import Transition
from app.inspections.plan_rules import WEEK
from app.permissions import Permission

SIX = timedelta(days=6)
TEXT_MAX = 2000
Said = tuple[str, Mapping[str, object]]  # a text to be translated, and its values


class BulletinStatus(StrEnum):
    DRAFT = "draft"
    REVIEWED = "reviewed"
    ISSUED = "issued"
    SUPERSEDED = "superseded"


class BulletinVerb(StrEnum):
    CHANGE = "change"
    REVIEW = "review"
    RETURN = "return"
    ISSUE = "issue"
    CORRECT = "correct"


BULLETIN_DRAFTED = Action("bulletin.drafted")
BULLETIN_CHANGED = Action("bulletin.changed")
BULLETIN_REVIEWED = Action("bulletin.reviewed", frozenset({"digest"}))
BULLETIN_RETURNED = Action("bulletin.returned", frozenset({"reason"}))
BULLETIN_ISSUED = Action("bulletin.issued", frozenset({"document"}))
BULLETIN_SUPERSEDED = Action("bulletin.superseded", frozenset({"reason"}))
BULLETIN_CORRECTED = Action("bulletin.correction_drafted", frozenset({"reason"}))

PUBLIC = (BulletinStatus.ISSUED, BulletinStatus.SUPERSEDED)  # the hall reads no drafts


@dataclass(frozen=True)
class BulletinFacts:
    """What the guards ask."""

    today: date
    last_on: date
    user_id: int | None = None
    drafted_by_id: int | None = None
    reviewed_by_id: int | None = None


def _reviewable(facts: BulletinFacts) -> str | None:
    if facts.today <= facts.last_on:
        return N_("这一周还没有结束，结束以后才能审核。")
    if facts.user_id == facts.drafted_by_id:
        return N_("起草人不能审核，请由另一人审核。")
    return None


def _issuable(facts: BulletinFacts) -> str | None:
    if facts.user_id in (facts.drafted_by_id, facts.reviewed_by_id):
        return N_("起草人和审核人不能签发，请由另一人签发。")
    return None


S, V, P = BulletinStatus, BulletinVerb, Permission
Step = Transition[BulletinStatus]
TRANSITIONS: dict[tuple[BulletinStatus, BulletinVerb], Step] = {
    (S.DRAFT, V.CHANGE): Step(S.DRAFT, P.BULLETIN_DRAFT, BULLETIN_CHANGED),
    (S.DRAFT, V.REVIEW): Step(S.REVIEWED, P.BULLETIN_REVIEW, BULLETIN_REVIEWED, _reviewable),
    (S.REVIEWED, V.RETURN): Step(S.DRAFT, P.BULLETIN_REVIEW, BULLETIN_RETURNED),
    (S.REVIEWED, V.ISSUE): Step(S.ISSUED, P.BULLETIN_ISSUE, BULLETIN_ISSUED, _issuable),
    (S.ISSUED, V.CORRECT): Step(S.ISSUED, P.BULLETIN_DRAFT, BULLETIN_CORRECTED),
}


# --- weeks ----------------------------------------------------------------------------------------


def year_of(week_on: date) -> int:
    """Return the ISO year that a week belongs to: that of its Thursday."""
    return week_on.isocalendar().year


def weeks_of(year: int) -> tuple[date, date]:
    """Return the first and the last Monday of an ISO year."""
    return date.fromisocalendar(year, 1, 1), date.fromisocalendar(year + 1, 1, 1) - WEEK


def week_words(week_on: date) -> Said:
    """Return how a week is written, as a text to be translated and its values."""
    year, week, _day = week_on.isocalendar()
    return N_("%(year)d年第%(week)d周"), {"year": year, "week": week}


def week_name(week_on: date) -> str:
    """Return how a week is written on paper."""
    text, values = week_words(week_on)
    return text % values


# --- what a bulletin says -------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """A figure of the week and the same of the week before."""

    now: Figure
    before: Figure


@dataclass(frozen=True)
class Problem:
    """The findings of one item, or of one place; `repeated` were found there before as well."""

    code: str
    name: str
    count: int
    repeated: int
    rows: Rows


@dataclass(frozen=True)
class Body:
    """What was found with one body, and what it had to mend; no list shows a section's findings alone."""

    name: str
    found: int
    issued: int
    closed: int
    open: int
    overdue: int
    findings: Rows | None
    notices: Rows


@dataclass(frozen=True)
class Content:
    """All figures of a bulletin; the sums of `items`, of `points` and of `bodies` are the findings."""

    basic: tuple[Pair, ...]
    items: tuple[Problem, ...]
    points: tuple[Problem, ...]
    closing: tuple[Figure, ...]
    bodies: tuple[Body, ...]

    def plain(self) -> dict[str, Any]:
        """Return the content as JSON keeps it."""
        return asdict(self)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Content:
        """Return the content that `plain` has written."""
        items, points = (
            tuple(Problem(**{**row, "rows": Rows(**row["rows"])}) for row in kept[name])
            for name in ("items", "points")
        )
        return cls(
            tuple(Pair(_figure(pair["now"]), _figure(pair["before"])) for pair in kept["basic"]),
            items,
            points,
            tuple(map(_figure, kept["closing"])),
            tuple(
                Body(**{**row, "findings": _rows(row["findings"]), "notices": Rows(**row["notices"])})
                for row in kept["bodies"]
            ),
        )

    @property
    def found(self) -> int:
        return sum(row.count for row in self.items)

    @property
    def repeated(self) -> int:
        return sum(row.repeated for row in self.items)


def _rows(kept: Mapping[str, Any] | None) -> Rows | None:
    return Rows(**kept) if kept else None


def _figure(kept: Mapping[str, Any]) -> Figure:
    return Figure(
        **{**kept, "form": Form(kept["form"]), "rows": Rows(**kept["rows"]), "base": _rows(kept["base"])}
    )


def change_words(now: Figure, before: Figure) -> Said:
    """Return how a figure stands against the week before: in per cent, a share in percentage points."""
    if now.value is None or before.value is None:
        return "—", {}
    if now.value == before.value:
        return N_("持平"), {}
    if now.form is Form.SHARE:
        return N_("%(change)s 个百分点"), {"change": f"{now.value - before.value:+}"}
    if not before.value:
        return N_("上周为 0"), {}
    change = (now.value - before.value) * 100 / before.value
    return "%(change)s%%", {"change": f"{change.quantize(Decimal('0.1'), ROUND_HALF_UP):+}"}
