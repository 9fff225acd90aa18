"""Who is proposed for an award of a period: its settled months, composed by the rulebook of that period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app import clock
from app.core.errors import DomainError, NotAllowed
from app.core.events import ScoreEvent, Source
from app.core.i18n import N_
from app.core.points import plain
from app.evaluations import month_queries, place_queries, rulebook_queries
from app.evaluations.award_rules import (
    VETO,
    VETO_OF,
    Nominee,
    Said,
    days_of,
    lasts_into,
    proposed,
    shared_out,
)
from app.evaluations.models import EvaluationMonth, RulebookVersion, Score, ScoreRun
from app.evaluations.month_rules import SETTLED, Apart, Scored
from app.evaluations.month_scoring import OWN, standing_events
from app.evaluations.place_queries import COMPREHENSIVE
from app.evaluations.pull_rules import pulled
from app.evaluations.rulebook_rules import Rulebook
from app.evaluations.rules import Effect, InputKind, Span, Subject
from app.evaluations.scoring_rules import evaluate
from app.evaluations.sheet_rules import Given, Sheet
from app.inspections import score_queries as findings
from app.organisation.models import PatrolPoint
from app.registers import queries as registers
from app.settings import queries as settings

MONTHS = "months"  # the input of this name is what the months of the period were scored
TRAITS = {COMPREHENSIVE: N_("综合窗口另行评选"), "without_business": N_("期间没有业务")}
Inputs = Mapping[str, Mapping[str, Decimal]]  # by input and candidate


@dataclass(frozen=True)
class Proposal:
    """What the rules say of a period."""

    row: RulebookVersion
    book: Rulebook
    nominees: list[Nominee]
    months: int
    open_months: int


def rules_of(centre_id: int, subject: Scored, span: Span, first_on: date) -> tuple[RulebookVersion, Rulebook]:
    """Return what judges a kind of subject for a period. Raise NotAllowed where nothing was in force."""
    first, last = days_of(span, first_on)
    fitting = [
        (row, book)
        for row, book in rulebook_queries.books_in(centre_id, first, last)
        if book.subject is Subject(subject.value) and book.period is span
    ]
    if not fitting:
        raise NotAllowed(N_("期间内没有施行中的这一周期、这类对象的考核细则；请先在“考核细则”里施行。"))
    row, book = fitting[-1]
    if span is Span.MONTH and book.award is None:
        raise NotAllowed(N_("这部月度细则没有规定评选什么，请在细则里写明奖项和名额。"))
    return row, book


def months_in(session: Session, centre_id: int, first: date, last: date) -> Sequence[EvaluationMonth]:
    """Return the months of a span that were begun, the earliest first."""
    return session.scalars(
        select(EvaluationMonth)
        .where(EvaluationMonth.centre_id == centre_id, EvaluationMonth.first_on.between(first, last))
        .order_by(EvaluationMonth.first_on)
    ).all()


def open_months(months: Sequence[EvaluationMonth]) -> int:
    """Return how many of some months still have figures that may change."""
    return sum(month.state not in SETTLED for month in months)


def propose(
    session: Session, centre_id: int, subject: Scored, span: Span, first_on: date, inputs: Inputs
) -> Proposal:
    """Return who is proposed for a period, with what speaks against each. Raise NotAllowed."""
    return _Choosing(session, centre_id, subject, span, first_on, inputs).run()


class _Choosing:
    """One proposal under way."""

    def __init__(
        self, session: Session, centre_id: int, subject: Scored, span: Span, first_on: date, inputs: Inputs
    ) -> None:
        self.session, self.centre_id, self.subject, self.span = session, centre_id, subject, span
        self.inputs = inputs
        self.first, self.last = days_of(span, first_on)
        self.row, self.book = rules_of(centre_id, subject, span, first_on)
        self.begun = months_in(session, centre_id, self.first, self.last)
        self.months = [month for month in self.begun if month.state in SETTLED]
        self.books: dict[int, Rulebook] = {}

    def run(self) -> Proposal:
        if not self.months:
            raise NotAllowed(N_("期间内还没有锁定的月份，没有可以评选的得分。"))
        scores = self._scores([month.id for month in self.months])
        vetoes, events = self._lasting_vetoes(), self._events()
        comprehensive = self._comprehensive() if self.subject is Scored.WINDOW else frozenset()
        nominees = [
            self._nominee(rows, vetoes.get(owner, ()), events.get(owner, []), owner in comprehensive)
            for owner, rows in scores.items()
        ]
        found = proposed(self.book.award, nominees)
        if self.span is Span.YEAR:
            share = Decimal(settings.value(self.session, self.centre_id, "excellent_share"))
            found = shared_out(self.book.outcomes, share, found)
        return Proposal(self.row, self.book, found, len(self.months), open_months(self.begun))

    def _scores(self, month_ids: Sequence[int]) -> dict[int, list[Score]]:
        """Return the scores that count in some months, by whose they are, the earliest first."""
        rows = self.session.scalars(
            select(Score)
            .join(ScoreRun, ScoreRun.id == Score.run_id)
            .join(EvaluationMonth, EvaluationMonth.id == ScoreRun.month_id)
            .where(EvaluationMonth.id.in_(month_ids), month_queries.LATEST, Score.subject == self.subject)
            .order_by(Score.name, EvaluationMonth.first_on)
            .options(joinedload(Score.rulebook), joinedload(Score.run).joinedload(ScoreRun.month))
            .options(joinedload(Score.staff_member))
        )
        found: dict[int, list[Score]] = {}
        for row in rows:
            found.setdefault(place_queries.owner_of(row), []).append(row)
        return found

    def _lasting_vetoes(self) -> dict[int, list[Said]]:
        """Return what vetoes of this and of earlier months bar whom from the awards of the period."""
        first, _last = days_of(Span.YEAR, self.first)
        months = months_in(self.session, self.centre_id, first, self.last)
        scores = self._scores([month.id for month in months if month.state in SETTLED])
        found: dict[int, list[Said]] = {}
        for owner, rows in scores.items():
            for score in rows:
                raised_in = score.run.month.first_on
                for veto in self._book(score.rulebook).vetoes:
                    bars = veto.name in score.vetoes and veto.effect is Effect.NO_AWARD
                    if bars and lasts_into(veto.span, raised_in, self.span, self.first):
                        said = {"name": veto.name, "month": f"{raised_in:%Y-%m}"}
                        found.setdefault(owner, []).append((VETO_OF, said))
        return found

    def _book(self, row: RulebookVersion) -> Rulebook:
        if row.id not in self.books:
            self.books[row.id] = rulebook_queries.book_of(row)
        return self.books[row.id]

    def _events(self) -> dict[int, list[ScoreEvent]]:
        """Return what the ledgers hold of the period, as far as the rulebook has items for it."""
        if self.span is Span.MONTH or not any(item.links for _category, item in self.book.items()):
            return {}
        waived: dict[Source, Any] = {}
        for month in self.months:
            waived |= month_queries.waived(self.session, month.id)
        offered = [
            *findings.score_events(self.centre_id, self.first, self.last),
            *registers.score_events(self.centre_id, self.first, self.last),
        ]
        found: dict[int, list[ScoreEvent]] = {}
        for event in standing_events(offered, waived):
            owner = getattr(event, OWN[self.subject])
            if owner is not None:
                found.setdefault(owner, []).append(event)
        return found

    def _comprehensive(self) -> frozenset[int]:
        rows = select(PatrolPoint.id).where(
            PatrolPoint.centre_id == self.centre_id, PatrolPoint.comprehensive.is_(True)
        )
        return frozenset(self.session.scalars(rows))

    def _nominee(
        self, rows: list[Score], vetoes: Sequence[Said], events: list[ScoreEvent], comprehensive: bool
    ) -> Nominee:
        latest = rows[-1]
        assessed = [row for row in rows if row.apart is not Apart.WITHOUT_BUSINESS]
        traits = frozenset(
            ({COMPREHENSIVE} if comprehensive else set()) | (set() if assessed else {"without_business"})
        )
        barred = [*vetoes, *self._apart(rows, assessed)]
        if self.book.award:
            barred += [(TRAITS[trait], {}) for trait in sorted(traits & set(self.book.award.excludes))]
        nominee = Nominee(
            id=place_queries.owner_of(latest),
            name=latest.name,
            department_id=latest.staff_member.department_id if latest.staff_member else latest.department_id,
            months=len(assessed),
            points=None,
        )
        if self.span is Span.MONTH:
            typed = self._typed(nominee.id)
            return replace(
                nominee,
                points=latest.published,
                barred=tuple(barred),
                lines=((plain(latest.published), N_("当月得分")), *self._ties(typed)),
                inputs=typed,
                outcome=latest.outcome,
            )
        return self._composed(nominee, assessed, traits, barred, events)

    def _apart(self, rows: list[Score], assessed: list[Score]) -> list[Said]:
        """Return why somebody stands apart from the ranking: he was not there all the time."""
        if not assessed:
            return [(N_("期间没有业务"), {})]
        if len(rows) < len(self.months) or any(row.apart is Apart.PART_MONTH for row in rows):
            said = {"months": len(assessed), "all": len(self.months)}
            return [(N_("不满期：%(all)d 个月中考核 %(months)d 个月，或者有不满的月份"), said)]
        return []

    def _composed(
        self,
        nominee: Nominee,
        assessed: list[Score],
        traits: frozenset[str],
        barred: list[Said],
        events: list[ScoreEvent],
    ) -> Nominee:
        """Score somebody for the whole period by its own rulebook."""
        typed = self._typed(nominee.id)
        given = {name: Given(Fraction(value), plain(value)) for name, value in typed.items()}
        if assessed:
            given[MONTHS] = self._months_input(assessed)
        entries, _unknown = pulled(self.book, events, _day)
        known = {each.id for each in self.book.inputs}
        inputs = {name: each for name, each in given.items() if name in known}
        try:
            evaluation = evaluate(self.book, Sheet(entries=tuple(entries), inputs=inputs, traits=traits))
        except DomainError as error:
            return replace(nominee, barred=tuple(barred), fault=(error.message, error.params))
        barred += [
            (VETO, {"name": veto.name}) for veto in evaluation.vetoes if veto.effect is Effect.NO_AWARD
        ]
        lines = [(plain(line.points), line.why) for line in evaluation.result.lines if line.points]
        return replace(
            nominee,
            points=evaluation.result.published,
            barred=tuple(barred),
            lines=(*lines, *self._ties(typed)),
            inputs=typed,
            outcome=evaluation.outcome.name if evaluation.outcome else "",
        )

    def _typed(self, owner: int) -> dict[str, Decimal]:
        return {name: values[str(owner)] for name, values in self.inputs.items() if str(owner) in values}

    def _ties(self, typed: Mapping[str, Decimal]) -> list[tuple[str, str]]:
        """Return what is looked at where scores are equal."""
        ties = self.book.award.tie_breaks if self.book.award else ()
        names = {each.id: each.name for each in self.book.inputs}
        return [("", f"{names[name]} {plain(typed[name])}") for name in ties if name in typed]

    def _months_input(self, assessed: list[Score]) -> Given:
        total = sum((Fraction(row.published) for row in assessed), Fraction())
        summed = any(each.id == MONTHS and each.kind is InputKind.SUM for each in self.book.inputs)
        parts = "、".join(f"{row.run.month.first_on:%Y-%m} {plain(row.published)}" for row in assessed)
        return Given(total if summed else total / len(assessed), parts)


def _day(at: datetime) -> date:
    return clock.local(at).date()
