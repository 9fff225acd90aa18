"""The life of an award 评先评优: proposed by the rules, published, decided by a meeting. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from app.core import periods
from app.core.actions import Action
from app.core.errors import Invalid
from app.core.i18n import N_
from app.core.machine import Transition
from app.core.periods import Period
from app.evaluations.ranking_rules import Candidate, ranking
from app.evaluations.rulebook_rules import Award, Outcome
from app.evaluations.rules import Span
from app.permissions import Permission


class AwardState(StrEnum):
    PROPOSED = "proposed"
    IN_PUBLICATION = "in_publication"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class AwardVerb(StrEnum):
    PROPOSE = "propose"
    PUBLISH = "publish"
    DECIDE = "decide"
    WITHDRAW = "withdraw"


AWARD_PROPOSED = Action("award.proposed", frozenset({"candidates"}))
AWARD_PUBLISHED = Action("award.published")
AWARD_DECIDED = Action("award.decided", frozenset({"documents"}))
AWARD_WITHDRAWN = Action("award.withdrawn", frozenset({"reason"}))
AWARD_INPUTS_ENTERED = Action("award.inputs_entered", frozenset({"entered", "digest"}))
AWARD_OBJECTION_NOTED = Action("award.objection_noted")

PUBLIC = (AwardState.IN_PUBLICATION, AwardState.DECIDED)  # the hall sees who is proposed
TEXT_MAX = 1000
VETO, VETO_OF = N_("一票否决：%(name)s"), N_("一票否决：%(name)s（%(month)s）")
NEXT_BEST = 5  # so many behind the quota are put before the meeting as well
PERIODS = {
    Span.MONTH: Period.MONTH,
    Span.QUARTER: Period.QUARTER,
    Span.HALF_YEAR: Period.HALF_YEAR,
    Span.YEAR: Period.YEAR,
}


@dataclass(frozen=True)
class AwardFacts:
    """What the guards ask."""

    today: date
    last: date  # of the period
    open_months: int = 0  # of the period, begun and not settled
    faults: int = 0  # candidates who could not be scored
    proposed: int = 0
    publication_until: date | None = None
    user_id: int | None = None
    proposed_by_id: int | None = None


def _ready(facts: AwardFacts) -> str | None:
    if facts.today <= facts.last:
        return N_("评选的期间还没有结束，期末以后才能公示。")
    if facts.open_months:
        return N_("期间内还有月份没有锁定，锁定以后才能公示。")
    if facts.faults:
        return N_("还有对象无法计分，请先补齐再公示。")
    return None if facts.proposed else N_("没有符合条件的对象，不能公示。")


def _published(facts: AwardFacts) -> str | None:
    if facts.publication_until and facts.today <= facts.publication_until:
        return N_("公示期还没有结束，不能决定。")
    if facts.user_id == facts.proposed_by_id:
        return N_("提出方案的人不能决定，请由另一人决定。")
    return None


S, V, P = AwardState, AwardVerb, Permission
Step = Transition[AwardState]
TRANSITIONS: dict[tuple[AwardState, AwardVerb], Step] = {
    (S.PROPOSED, V.PROPOSE): Step(S.PROPOSED, P.EVALUATION_COMPUTE, AWARD_PROPOSED),
    (S.PROPOSED, V.PUBLISH): Step(S.IN_PUBLICATION, P.EVALUATION_COMPUTE, AWARD_PUBLISHED, _ready),
    (S.IN_PUBLICATION, V.DECIDE): Step(S.DECIDED, P.EVALUATION_LOCK, AWARD_DECIDED, _published),
    (S.PROPOSED, V.WITHDRAW): Step(S.WITHDRAWN, P.EVALUATION_LOCK, AWARD_WITHDRAWN),
    (S.IN_PUBLICATION, V.WITHDRAW): Step(S.WITHDRAWN, P.EVALUATION_LOCK, AWARD_WITHDRAWN),
    (S.DECIDED, V.WITHDRAW): Step(S.WITHDRAWN, P.EVALUATION_LOCK, AWARD_WITHDRAWN),
}


# --- periods --------------------------------------------------------------------------------------


def days_of(span: Span, on: date) -> tuple[date, date]:
    """Return the first and the last day of the period that a day lies in."""
    return periods.span(PERIODS[span], on)


_QUARTERS = (
    N_("%(year)d年第一季度"),
    N_("%(year)d年第二季度"),
    N_("%(year)d年第三季度"),
    N_("%(year)d年第四季度"),
)


def period_words(span: Span, first_on: date) -> tuple[str, dict[str, int]]:
    """Return how a period is written, as a text to be translated and its values: 2026年第三季度."""
    said = {"year": first_on.year}
    if span is Span.MONTH:
        return N_("%(year)d年%(month)d月"), {**said, "month": first_on.month}
    if span is Span.QUARTER:
        return _QUARTERS[first_on.month // 3], said
    if span is Span.HALF_YEAR:
        return (N_("%(year)d年上半年") if first_on.month == 1 else N_("%(year)d年下半年")), said
    return N_("%(year)d年度"), said


def period_name(span: Span, first_on: date) -> str:
    """Return how a period is written on paper."""
    text, values = period_words(span, first_on)
    return text % values


def lasts_into(veto: Span, raised_in: date, span: Span, first_on: date) -> bool:
    """Return whether a veto of a month still bars from the awards of a period.

    It bars from awards of periods no longer than its own, within the same one: a veto of the year from
    all of that year's, a veto of the month from that month's only.
    """
    return not span.exceeds(veto) and days_of(veto, raised_in) == days_of(veto, first_on)


# --- the proposal ---------------------------------------------------------------------------------


Said = tuple[str, Mapping[str, object]]  # a text to be translated, and its values


@dataclass(frozen=True)
class Nominee:
    """One of those who might get the award, with what speaks against it."""

    id: int
    name: str
    department_id: int | None
    months: int  # in which he was assessed
    points: Decimal | None  # None where he could not be scored
    barred: tuple[Said, ...] = ()  # why he gets nothing; scored and shown all the same
    lines: tuple[tuple[str, str], ...] = ()  # points and how they came about
    inputs: Mapping[str, Decimal] | None = None
    outcome: str = ""
    fault: Said | None = None
    rank: int | None = None  # proposed
    within: bool = False  # the quota
    last: bool = False


def proposed(award: Award | None, nominees: Sequence[Nominee]) -> list[Nominee]:
    """Return the nominees in the order of their proposed ranks, those without one at the end."""
    scored = [each for each in nominees if each.points is not None]
    candidates = [
        Candidate(place, each.points or Decimal(), not each.barred, each.inputs or {})
        for place, each in enumerate(scored)
    ]
    placed = [
        replace(scored[one.candidate.id], rank=one.rank, within=one.within_quota and award is not None)
        for one in ranking(award or Award(""), candidates)
    ]
    lowest = min((each.points for each in scored if each.points is not None), default=None)
    alone = len({each.points for each in scored}) > 1
    placed = [replace(each, last=alone and each.points == lowest) for each in placed]
    return [*placed, *(each for each in nominees if each.points is None)]


def shared_out(outcomes: Sequence[Outcome], share: Decimal, nominees: Sequence[Nominee]) -> list[Nominee]:
    """Return the nominees with the best outcome for no more than a share (per cent) of those assessed.

    Whoever is barred, or ranked behind the share, gets the next one; so do those who tie across its edge, as
    all of them together would be too many.
    """
    if len(outcomes) < 2:
        return list(nominees)
    best, following = outcomes[0].name, outcomes[1].name
    most = share_of(share, sum(each.points is not None for each in nominees))
    ranks = [each.rank for each in nominees if each.rank is not None and each.outcome == best]
    found = []
    for each in nominees:
        reach = each.rank is not None and sum(rank <= each.rank for rank in ranks) <= most
        found.append(replace(each, outcome=following) if each.outcome == best and not reach else each)
    return found


def share_of(share: Decimal, assessed: int) -> int:
    """Return how many a share in per cent allows; a part of a person is nobody."""
    return int(share * assessed / 100)


# --- the decision ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What the meeting makes of one candidate: his rank, or none; why, where it is not the proposed one."""

    candidate_id: int
    rank: int | None
    reason: str = ""


def check_choice(choice: Choice, proposed_rank: int | None, barred: bool) -> None:
    """Raise Invalid where a decision differs from what is proposed without saying why."""
    if choice.rank is not None and choice.rank < 1:
        raise Invalid(N_("名次应当是 1 以上的整数。"), field=f"rank_{choice.candidate_id}")
    if choice.rank is not None and barred:
        raise Invalid(N_("没有资格的对象不能授予；请先更正考核结果。"), field=f"rank_{choice.candidate_id}")
    if choice.rank != proposed_rank and not choice.reason:
        raise Invalid(N_("与建议名次不同，请写明理由。"), field=f"reason_{choice.candidate_id}")
