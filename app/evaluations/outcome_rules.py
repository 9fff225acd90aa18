"""What follows from a score: vetoes, eligibility for an award, the outcome or grade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.core.i18n import N_
from app.evaluations.charge_rules import Charge, Value, holds
from app.evaluations.rulebook_rules import Outcome, Rulebook, Veto
from app.evaluations.rules import SPANS, Effect
from app.evaluations.sheet_rules import Sheet


def raised_vetoes(book: Rulebook, sheet: Sheet, charges: Sequence[Charge]) -> tuple[Veto, ...]:
    """Return the vetoes raised by name or by an item; one of an earlier period lasts as long as its span."""

    def raised(veto: Veto) -> bool:
        lasting = veto.span.exceeds(book.period)
        return veto.id in sheet.vetoes or any(
            charge.item.id in veto.items and charge.count and (lasting or not charge.entry.earlier)
            for charge in charges
        )

    return tuple(veto for veto in book.vetoes if raised(veto))


def veto_words(book: Rulebook, veto: Veto) -> str:
    """Say what a veto does."""
    said = {"name": veto.name, "span": SPANS[veto.span]}
    if veto.effect is Effect.NO_AWARD:
        return N_("一票否决：%(name)s；取消本%(span)s评先评优资格，得分照常公布") % said
    said["grade"] = next(outcome.name for outcome in book.outcomes if outcome.id == veto.grade)
    return N_("一票否决：%(name)s；本%(span)s最高为“%(grade)s”，得分照常公布") % said


def is_eligible(book: Rulebook, sheet: Sheet, raised: Sequence[Veto]) -> bool | None:
    """Return whether a candidate may get the award; None where the rulebook is about none."""
    if book.award is None:
        return None
    barred = any(veto.effect is Effect.NO_AWARD for veto in raised)
    return not barred and not sheet.traits & set(book.award.excludes)


def outcome_of(
    book: Rulebook, sheet: Sheet, figures: Mapping[str, Decimal], raised: Sequence[Veto]
) -> Outcome | None:
    """Return the first outcome whose conditions hold, or the one that a veto allows at best."""
    facts: dict[str, Value] = {name: given.value for name, given in sheet.inputs.items()}
    facts |= {**figures, "score": figures[book.result]}
    optional = frozenset(given.id for given in book.inputs if given.optional)
    places = [place for place, each in enumerate(book.outcomes) if holds(each.conditions, facts, optional)]
    if not places:
        return None
    ids = [outcome.id for outcome in book.outcomes]
    caps = [ids.index(veto.grade) for veto in raised if veto.effect is Effect.GRADE_CAP]
    return book.outcomes[max(places[0], *caps)] if caps else book.outcomes[places[0]]
