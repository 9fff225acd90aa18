"""The entries of a rulebook out of what the ledgers offer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from app.core.events import ScoreEvent
from app.evaluations.rulebook_rules import Rulebook
from app.evaluations.sheet_rules import Entry


def pulled(
    book: Rulebook, events: Iterable[ScoreEvent], day_of: Callable[[datetime], date]
) -> tuple[list[Entry], list[ScoreEvent]]:
    """Return an entry for every event that an item is linked to, and the events that no item knows."""
    items = {link: item.id for _, item in book.items() for link in item.links}
    entries, unknown = [], []
    for event in events:
        if event.link not in items:
            unknown.append(event)
            continue
        entries.append(
            Entry(
                item=items[event.link],
                count=event.quantity,
                facts=event.facts,
                person="" if event.staff_id is None else str(event.staff_id),
                on=day_of(event.occurred_at),
                same_as=" ".join(map(str, event.same_as)) if event.same_as else "",
                source=(event.source, event.source_id),
            )
        )
    return entries, unknown
