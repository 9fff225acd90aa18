"""Points by condition as lines that a section head can type: `minutes ≤ 10：1`, at last `其余：5`. Pure."""

from __future__ import annotations

import re
import unicodedata

from app.core.errors import Invalid
from app.core.events import FactValue
from app.core.i18n import N_
from app.core.points import plain, read_number
from app.evaluations.rulebook_rules import Choice, Condition
from app.evaluations.rules import Compare

SIGNS = {
    Compare.AT_LEAST: "≥",
    Compare.OVER: ">",
    Compare.AT_MOST: "≤",
    Compare.BELOW: "<",
    Compare.IS: "=",
}
BY_SIGN = {sign: compare for compare, sign in SIGNS.items()} | {
    ">=": Compare.AT_LEAST,
    "<=": Compare.AT_MOST,
}
REST = N_("其余")
REST_WORDS = (REST, "otherwise", "")
_CONDITION = re.compile(r"([\w. -]*[\w.-])\s*(>=|<=|≥|≤|>|<|=)\s*(.*\S)")


def write_tiers(choices: tuple[Choice, ...], rest: str = REST) -> str:
    """Return a line for each choice; `rest` is the reader's word for what remains."""
    return "\n".join(
        f"{'，'.join(map(_written, choice.conditions)) or rest}：{plain(choice.points)}" for choice in choices
    )


def _written(condition: Condition) -> str:
    value = condition.value if isinstance(condition.value, str) else plain(condition.value)
    return f"{condition.fact} {SIGNS[condition.compare]} {value}"


def read_tiers(text: str) -> tuple[Choice, ...]:
    """Return the choices that lines name. Raise Invalid, naming the line that cannot be read."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    return tuple(_read(number, unicodedata.normalize("NFKC", line)) for number, line in lines)


def _read(number: int, line: str) -> Choice:
    said, _, typed = line.rpartition(":")
    points = read_number(typed.strip())
    if not said or points is None:
        raise Invalid(N_("第 %(line)d 行看不懂，请写成“minutes ≤ 10：1”或“其余：5”。"), line=number)
    parts = [] if said.strip().lower() in REST_WORDS else re.split(r"[,、]", said)
    return Choice(points, tuple(_condition(number, part.strip()) for part in parts))


def _condition(number: int, part: str) -> Condition:
    found = _CONDITION.fullmatch(part)
    if not found:
        raise Invalid(
            N_("第 %(line)d 行：“%(part)s”不是条件，请写成“minutes ≤ 10”。"), line=number, part=part
        )
    value: FactValue | None = read_number(found[3])
    return Condition(found[1], BY_SIGN[found[2]], found[3] if value is None else value)
