"""Tables as rows of a ledger. A feature declares in its room `imports` what it takes in: `IMPORTS`.

A cell is checked by the field of the same form that checks a screen; what concerns the row as a whole and
its neighbours, the kind's own `Checker` judges against what the database holds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any, Protocol

from sqlalchemy import func, select
from wtforms import Field as FormField
from wtforms import Form

from app.core.errors import DomainError, Invalid
from app.core.i18n import N_
from app.db.mixins import Audited
from app.db.uow import UnitOfWork
from app.extensions import db
from app.fields import Day
from app.permissions import Actor, Permission
from app.registry import FEATURES, find_room
from app.transfers.models import Batch
from app.transfers.rules import Outcome

Cell = str | int | float
Cells = Mapping[str, Any]
EXAMPLE = N_("示例")  # begins the example row of a template
NO_SUCH = N_("没有“%(value)s”。")
NOT_ONE_OF = N_("没有“%(value)s”，可以填：%(choices)s。")
_SHOWN = 6  # choices that a refusal names
MISSING = N_("请填写此项。")
_SERIAL = date(1899, 12, 30)  # day 0 of a workbook's dates
_SERIALS = range(20_000, 80_000)  # 1954 to 2119: other numbers are no dates that somebody left unformatted
_SEPARATORS = str.maketrans(dict.fromkeys("，、;；/\n", ","))
_KEPT = 4096  # cells whose reading is remembered, for each field


@dataclass(frozen=True)
class Field:
    """A field that a column may fill: its name in the form, its head, and what else people call it."""

    name: str
    label: str
    synonyms: tuple[str, ...] = ()
    required: bool = False  # for a new row; an empty cell leaves an existing row as it is
    many: bool = False  # several words in one cell
    example: str = ""
    width: int = 14


@dataclass(slots=True)
class Judged:
    """A row of the table: what is to be done with it, and what is wrong with it, by field."""

    number: int
    outcome: Outcome
    key: str = ""
    row_id: int | None = None
    version: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[tuple[str, DomainError]] = field(default_factory=list)


class Checker(Protocol):
    """One pass over one table. `words` turns what people write into what a field takes, `choices` are
    the words that a template offers."""

    @property
    def forms(self) -> Sequence[Form]: ...

    @property
    def words(self) -> Mapping[str, Mapping[str, Any]]: ...

    @property
    def choices(self) -> Mapping[str, Sequence[str]]: ...

    def judge(self, number: int, given: Cells) -> Judged: ...


@dataclass(frozen=True)
class Import:
    """A kind of table that can be taken in."""

    name: str
    title: str
    page: str  # the endpoint of the list that shows the result
    permission: Permission  # what its importer must be allowed besides importing
    fields: tuple[Field, ...]
    watched: tuple[type[Audited], ...]  # the tables that a judgement rests on
    check: Callable[[int, date], Checker]
    apply: Callable[[UnitOfWork, Batch, Sequence[Judged]], None]
    # What takes its time about the rows, before the transaction opens.
    prepare: Callable[[Sequence[Judged]], None] = lambda judged: None

    @property
    def places(self) -> dict[str, int]:
        """Return the order of the fields in a template."""
        return {each.name: place for place, each in enumerate(self.fields)}

    def field(self, name: str) -> Field:
        return next(each for each in self.fields if each.name == name)


@cache
def every() -> dict[str, Import]:
    """Return every kind of table that a feature takes in, by name."""
    rooms = (find_room(feature.name, "imports") for feature in FEATURES)
    return {kind.name: kind for room in rooms if room for kind in room.IMPORTS}


def allowed(actor: Actor) -> list[str]:
    """Return the kinds of tables that a person may take in."""
    return [name for name, kind in every().items() if actor.can(kind.permission)]


def fingerprint(kind: Import) -> list[list[int]]:
    """Return what tells whether anything that a judgement rests on has changed since."""
    found = []
    for model in kind.watched:
        seen = select(func.count(), func.max(model.id), func.sum(model.version))
        found.append([int(value or 0) for value in db.session.execute(seen).one()])
    return found


# --- which column is which field ------------------------------------------------------------------


def folded(text: Any) -> str:
    """Return a head or a word as it is compared: without marks, spaces and case."""
    plain = unicodedata.normalize("NFKC", str(text)).casefold()
    return "".join(char for char in plain if char.isalnum())


def guess(kind: Import, heads: Sequence[Any], remembered: Mapping[str, str]) -> dict[str, int]:
    """Return the column of each field: by the head that was chosen last time, by name, by a synonym."""
    columns: dict[str, int] = {}
    for place, head in enumerate(heads):
        columns.setdefault(folded(head), place)
    found: dict[str, int] = {}
    for each in kind.fields:
        names = [remembered.get(each.name, ""), each.label, *each.synonyms]
        known = [columns[folded(n)] for n in names if folded(n) and folded(n) in columns]
        if known and known[0] not in found.values():
            found[each.name] = known[0]
    return found


def find_head(kind: Import, rows: Sequence[tuple[int, Sequence[Any]]]) -> int:
    """Return which of the first rows is the head: the one with most of the known names."""
    counts = [len(guess(kind, cells, {})) for _, cells in rows]
    return counts.index(max(counts)) if counts else 0


def check_mapping(kind: Import, mapping: Mapping[str, int]) -> None:
    """Refuse columns that are chosen twice, and a table without those that a new row needs."""
    for each in kind.fields:
        if each.required and each.name not in mapping:
            raise Invalid(N_("请选择“%(name)s”在哪一列。"), field=each.name, name=each.label)
    for name, place in mapping.items():
        if list(mapping.values()).count(place) > 1:
            raise Invalid(N_("同一列不能对应两项。"), field=name)


class _Sent(dict[str, list[str]]):
    """What a form would have sent."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


# --- checking -------------------------------------------------------------------------------------


def check(
    checker: Checker, kind: Import, mapping: Mapping[str, int], rows: Iterable[tuple[int, Sequence[Cell]]]
) -> Iterator[tuple[Judged, Sequence[Cell]]]:
    """Judge every row; two rows of one key are one too many."""
    readers = [
        (each.name, mapping[each.name], _reader(checker, each))
        for each in kind.fields
        if each.name in mapping
    ]
    seen: dict[str, int] = {}
    for number, cells in rows:
        if str(cells[0]).startswith(EXAMPLE):
            continue
        given, faults = {}, []
        for name, place, read in readers:
            cell = cells[place] if place < len(cells) else ""
            if cell == "":
                continue
            value, fault = read(cell)
            if fault:
                faults.append((name, fault))
            else:
                given[name] = value
        judged = checker.judge(number, given)
        # A cell that could not be read is not missing as well.
        unread = {name for name, _ in faults}
        judged.faults = [*faults, *(fault for fault in judged.faults if fault[0] not in unread)]
        if judged.key and judged.key in seen and not judged.faults:
            twice = Invalid(N_("与第 %(row)s 行重复。"), row=seen[judged.key])
            judged.faults.append((kind.fields[0].name, twice))
        seen.setdefault(judged.key, number)
        if judged.faults:
            judged.outcome = Outcome.BAD
        yield judged, cells


Read = Callable[[Cell], tuple[Any, DomainError | None]]


def _reader(checker: Checker, wanted: Field) -> Read:
    """Return what reads a cell of one column; cells that return are read once."""
    form = next(form for form in checker.forms if wanted.name in form)
    target: FormField = form[wanted.name]
    words, choices = checker.words.get(wanted.name), checker.choices.get(wanted.name, ())
    kept: dict[Cell, tuple[Any, DomainError | None]] = {}

    def read(cell: Cell) -> tuple[Any, DomainError | None]:
        found = kept.get(cell)
        if found is None:
            found = _read(form, target, wanted, words, choices, cell)
            if len(kept) < _KEPT:
                kept[cell] = found
        return found

    return read


def _read(
    form: Form,
    target: FormField,
    wanted: Field,
    words: Mapping[str, Any] | None,
    choices: Sequence[str],
    cell: Cell,
) -> tuple[Any, DomainError | None]:
    if isinstance(target, Day) and not isinstance(cell, str) and cell in _SERIALS:
        typed = [str(_SERIAL + timedelta(days=int(cell)))]
    elif words is None:
        typed = [str(cell)]
    else:
        said = str(cell).translate(_SEPARATORS).split(",") if wanted.many else [str(cell)]
        missing = [word for word in said if word.strip() and folded(word) not in words]
        if missing:
            return None, _no_such(missing[0].strip()[:60], choices)
        found = [words[folded(word)] for word in said if word.strip()]
        if not hasattr(target, "choices"):  # a tick: what it stands for is no text of the form
            return found[0], None
        typed = [str(getattr(value, "value", value)) for value in found]
    target.process(_Sent({wanted.name: typed}))
    target.validate(form)
    fault = next(iter(target.errors), None)
    if fault is None:
        return target.data, None
    return None, fault if isinstance(fault, DomainError) else Invalid(str(fault))


def _no_such(value: str, choices: Sequence[str]) -> Invalid:
    if not choices:
        return Invalid(NO_SUCH, value=value)
    shown = N_("、").join(choices[:_SHOWN]) + ("…" if len(choices) > _SHOWN else "")
    return Invalid(NOT_ONE_OF, value=value, choices=shown)
