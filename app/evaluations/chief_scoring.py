"""Chief representatives: one score for a person, whatever windows and departments he answers for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from app.core.events import Source
from app.evaluations.material_queries import Chief, Material
from app.evaluations.place_queries import Place
from app.evaluations.rulebook_rules import Rulebook
from app.evaluations.rules import BASE, CEILING, CHIEF_REP, FLOOR
from app.evaluations.scoring_rules import Scored, ScoreLine, joined

Windows = Sequence[tuple[Place, Scored]]


def chief_figures(
    book: Rulebook, windows: Windows, material: Material, happened: Callable[[Source | None], date | None]
) -> Iterator[tuple[Place, Scored]]:
    """Yield a score for every chief representative: the base once, and his share in each deduction of each
    of his windows on a day when he answered for it.

    A window that nobody answers for, and a score made of more than such shares, stay by the window.
    """
    if not windows:
        return
    wanted = book.score(CHIEF_REP)
    apart = wanted.parts or book.categories_of(wanted)
    answered = {chief.department_id for chief in material.chiefs}
    for place, scored in windows:
        if apart or place.department_id not in answered:
            yield place, scored
    if apart:
        return
    people: dict[int, list[Chief]] = {}
    for chief in material.chiefs:
        people.setdefault(chief.staff_id, []).append(chief)
    for terms in people.values():
        theirs = [
            (place, scored)
            for place, scored in windows
            if any(term.department_id == place.department_id for term in terms)
        ]
        if theirs:
            yield _place(terms, theirs, material), joined(wanted, _lines(terms, theirs, happened))


def _place(terms: list[Chief], theirs: Windows, material: Material) -> Place:
    departments = {place.department_id for place, _scored in theirs}
    days = sum(1 for day in material.days if any(term.serves(day) for term in terms))
    return Place(
        id=terms[0].staff_id,
        name=terms[0].name,
        order=min(place.order for place, _scored in theirs),
        department_id=departments.pop() if len(departments) == 1 else None,
        days=days,
        staff_id=terms[0].staff_id,
    )


def _lines(
    terms: list[Chief], theirs: Windows, happened: Callable[[Source | None], date | None]
) -> Iterator[ScoreLine]:
    for place, scored in theirs:
        mine = [term for term in terms if term.department_id == place.department_id]
        for line in scored.lines:
            day = happened(line.source)
            if line.item in (BASE, FLOOR, CEILING) or not (day is None or any(t.serves(day) for t in mine)):
                continue
            yield replace(line, why=f"{place.name}：{line.why}") if len(theirs) > 1 else line
