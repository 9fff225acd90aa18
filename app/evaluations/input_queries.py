"""What a month asks people for, and what they have entered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, false, select
from sqlalchemy.orm import Session, joinedload

from app import clock
from app.core.errors import NotFound
from app.core.events import Source
from app.core.i18n import N_
from app.db import scope
from app.db.listing import Order, Page, capped_count, fetch
from app.evaluations import material_queries, place_queries
from app.evaluations.input_rules import SHARES, STANDING, Facts
from app.evaluations.material_queries import Material
from app.evaluations.models import EvaluationMonth, MonthInput
from app.evaluations.month_queries import is_settled
from app.evaluations.month_rules import MonthState, Scored
from app.evaluations.month_scoring import MEANS, OWN, Rules, rules_of
from app.evaluations.place_queries import Place
from app.evaluations.rulebook_rules import Discretion, Input, RuleItem
from app.extensions import db
from app.permissions import Actor

ORDER = Order(MonthInput.recorded_at, MonthInput.id)


@dataclass(frozen=True)
class Row:
    """One thing to be entered: for whom, about which event; and what stands there already."""

    key: str  # its part of the form
    place: Place
    source: Source | None = None
    on: date | None = None
    standing: MonthInput | None = None


@dataclass(frozen=True)
class Ask:
    """An item or an input of a rulebook that waits for people, with everyone whom it concerns."""

    subject: Scored
    about: RuleItem | Input
    rows: tuple[Row, ...]

    @property
    def is_share(self) -> bool:
        """Return whether it is entered as a part of a whole."""
        return isinstance(self.about, Input) and self.about.kind in SHARES

    @property
    def span(self) -> Discretion | None:
        """Return the range within which points are given."""
        if isinstance(self.about, RuleItem) and isinstance(self.about.amount, Discretion):
            return self.about.amount
        return None

    @property
    def reasoned(self) -> bool:
        return isinstance(self.about, RuleItem)

    @property
    def missing(self) -> int:
        return sum(1 for row in self.rows if row.standing is None)


def visible_to(actor: Actor) -> Select[MonthInput]:
    """Return what was entered for the months in sight; the windows see it in their sheets."""
    rows = select(MonthInput)
    return rows.where(MonthInput.centre_id.in_(actor.centre_ids) if actor.centre_wide else false())


def list_inputs(
    actor: Actor, month: EvaluationMonth, args: Mapping[str, str]
) -> tuple[Page[MonthInput], int]:
    """Return one page of what was entered for a month, the latest first, and its capped number."""
    rows = visible_to(actor).where(MonthInput.month_id == month.id)
    shown = rows.options(joinedload(MonthInput.recorded_by))
    return fetch(db.session(), shown, ORDER, args.get("cursor")), capped_count(db.session(), rows)


def get_input(actor: Actor, input_id: int) -> MonthInput:
    """Return something entered, in sight, with its month. Raise NotFound, OutOfScope."""
    loaded = (joinedload(MonthInput.month), joinedload(MonthInput.recorded_by))
    return scope.load(db.session(), visible_to(actor).options(*loaded), MonthInput, input_id)


def facts(actor: Actor, row: MonthInput, state: MonthState) -> Facts:
    """Return what the guards ask."""
    return Facts(actor.user_id, row.recorded_by_id, not is_settled(state))


def standing(session: Session, month_id: int) -> list[MonthInput]:
    """Return what stands for a month: confirmed, or waiting for a second person."""
    rows = select(MonthInput).where(MonthInput.month_id == month_id, MonthInput.status.in_(STANDING))
    return list(session.scalars(rows.order_by(MonthInput.id)))


def key_of(row: MonthInput) -> tuple[Scored, int, str, Source | None]:
    """Return what only one entry can stand for."""
    source = (row.source, row.source_id) if row.source and row.source_id else None
    return row.subject, place_queries.owner_of(row), row.item, source


def asked(month: EvaluationMonth) -> list[Ask]:
    """Return everything that the rules of a month ask people for."""
    books = material_queries.books(month.centre_id, month.first_on)
    rules = {subject: found for subject in OWN if (found := rules_of(books, subject))}
    links = {
        link
        for each in rules.values()
        for _category, item in each.book.items()
        if item.id in each.open_items
        for link in item.links
    }
    if not any(_open(each) for each in rules.values()):
        return []
    material = material_queries.gather(month.centre_id, month.first_on, links=links)
    known = {key_of(row): row for row in standing(db.session(), month.id)}
    return [
        ask
        for subject, each in rules.items()
        for about in _open(each)
        if (ask := Ask(subject, about, tuple(_rows(material, subject, about, known)))).rows
    ]


def get_ask(month: EvaluationMonth, subject: str, name: str) -> Ask:
    """Return one of the things that a month asks for. Raise NotFound."""
    found = (ask for ask in asked(month) if (ask.subject.value, ask.about.id) == (subject, name))
    ask = next(found, None)
    if ask is None:
        raise NotFound(N_("这个月施行的考核细则没有要求录入这一项。"))
    return ask


def _open(rules: Rules) -> list[RuleItem | Input]:
    items = [item for _category, item in rules.book.items() if item.id in rules.open_items]
    return [*items, *(given for given in rules.book.inputs if given.id not in MEANS)]


def _rows(
    material: Material,
    subject: Scored,
    about: RuleItem | Input,
    known: Mapping[tuple[Scored, int, str, Source | None], MonthInput],
) -> list[Row]:
    places = material.places[subject]
    if isinstance(about, Input) or not about.links:
        return [
            Row(f"r{place.id}", place, standing=known.get((subject, place.id, about.id, None)))
            for place in places
        ]
    return _events(material, subject, about, {place.id: place for place in places}, known)


def _events(
    material: Material,
    subject: Scored,
    item: RuleItem,
    places: Mapping[int, Place],
    known: Mapping[tuple[Scored, int, str, Source | None], MonthInput],
) -> list[Row]:
    found = []
    for event in material.events:
        place = places.get(getattr(event, OWN[subject]) or 0)
        if place and event.link in item.links and event.same_as is None:
            source = event.source, event.source_id
            there = known.get((subject, place.id, item.id, source))
            on = clock.local(event.occurred_at).date()
            found.append(Row(f"{event.source[0]}{event.source_id}", place, source, on, there))
    return found
