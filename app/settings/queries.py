"""What holds in a centre: its own decision, else that of the nearest centre above, else the default."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, literal, select
from sqlalchemy.orm import Session

from app.db import scope
from app.extensions import db
from app.organisation.models import Centre
from app.permissions import Actor
from app.settings.models import CentreSetting
from app.settings.rules import SETTINGS, Group, Setting, settings_of

# A centre and those above it, the nearest first; put together once.
_UP = (
    select(Centre.id, Centre.parent_id, Centre.name, literal(0).label("distance"))
    .where(Centre.id == bindparam("centre_id"))
    .cte("up", recursive=True)
)
_UP = _UP.union_all(
    select(Centre.id, Centre.parent_id, Centre.name, _UP.c.distance + 1).where(Centre.id == _UP.c.parent_id)
)
_DECISIONS = (
    select(CentreSetting, _UP.c.name, _UP.c.distance)
    .join(_UP, _UP.c.id == CentreSetting.centre_id)
    .where(CentreSetting.key.in_(bindparam("keys", expanding=True)))
    .order_by(_UP.c.distance)
)


@dataclass(frozen=True)
class Held:
    """One setting in one centre; `above` is what holds if the centre itself decides nothing."""

    setting: Setting
    own: Any | None
    above: Any
    above_name: str | None  # the centre that decided it; None: the default

    @property
    def value(self) -> Any:
        return self.above if self.own is None else self.own


@dataclass(frozen=True)
class GroupPage:
    """The settings of a group in one centre; every change of one of them moves the version."""

    held: list[Held]
    version: int
    row_ids: list[int]


def value(session: Session, centre_id: int | None, key: str) -> Any:
    """Return what holds in a centre (None: where there is none) for one setting."""
    return values(session, centre_id, [key])[key]


def values(session: Session, centre_id: int | None, keys: Collection[str]) -> dict[str, Any]:
    """Return what holds in a centre for several settings, in one statement."""
    found = {key: SETTINGS[key].default for key in keys}
    rows = session.execute(_DECISIONS, {"centre_id": centre_id, "keys": list(keys)}).all()
    for row, _name, _distance in reversed(rows):  # the nearest has the last word
        if row.value is not None:
            found[row.key] = row.value
    return found


def group_page(session: Session, centre_id: int, group: Group) -> GroupPage:
    """Return the settings of a group with where each comes from, in one statement."""
    own: dict[str, CentreSetting] = {}
    above: dict[str, tuple[Any, str]] = {}
    keys = [setting.key for setting in settings_of(group)]
    for row, name, distance in session.execute(_DECISIONS, {"centre_id": centre_id, "keys": keys}):
        if distance == 0:
            own[row.key] = row
        elif row.value is not None:
            above.setdefault(row.key, (row.value, name))
    held = [
        Held(
            setting,
            own[setting.key].value if setting.key in own else None,
            *above.get(setting.key, (setting.default, None)),
        )
        for setting in settings_of(group)
    ]
    return GroupPage(held, sum(row.version for row in own.values()), [row.id for row in own.values()])


def visible_to(actor: Actor) -> Select[Centre]:
    """Return the centres whose settings an actor may look at: his own and those below."""
    return select(Centre).where(Centre.id.in_(actor.centre_ids))


def get_centre(actor: Actor, centre_id: int) -> Centre:
    """Return a centre in sight. Raise OutOfScope or NotFound."""
    return scope.load(db.session(), visible_to(actor), Centre, centre_id)


def centre_choices(actor: Actor) -> list[tuple[int, str]]:
    """Return the centres in sight to choose from, the upper ones first."""
    rows = db.session.execute(visible_to(actor).with_only_columns(Centre.id, Centre.name).order_by(Centre.id))
    return [(centre_id, name) for centre_id, name in rows]
