"""What no ledger can know: points within a range, scores from elsewhere, a rulebook's inputs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.core.actions import Action
from app.core.errors import Invalid
from app.core.events import Source
from app.core.i18n import N_
from app.core.machine import Transition
from app.core.points import plain
from app.evaluations.month_rules import Scored
from app.evaluations.rulebook_rules import AsEntered, Discretion, Input, RuleItem
from app.evaluations.rules import InputKind
from app.permissions import Permission


class InputStatus(StrEnum):
    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    VOID = "void"


class InputVerb(StrEnum):
    CONFIRM = "confirm"
    REFUSE = "refuse"
    VOID = "void"


INPUT_RECORDED = Action("month_input.recorded")
INPUT_CONFIRMED = Action("month_input.confirmed")
INPUT_REFUSED = Action("month_input.refused")
INPUT_VOIDED = Action("month_input.voided")
STANDING = (InputStatus.RECORDED, InputStatus.CONFIRMED)
REASON_MAX = 500
SHARES = (InputKind.VOTES, InputKind.RATE)  # entered as a part and a whole


@dataclass(frozen=True)
class Handed:
    """Something handed in: for whom, under which name of the rulebook, about which event."""

    id: int
    subject: Scored
    owner_id: int
    name: str
    amount: Decimal
    whole: Decimal | None = None
    reason: str = ""
    source: Source | None = None


@dataclass(frozen=True)
class Facts:
    """Who decides, who recorded it, and whether the month still takes it."""

    user_id: int | None
    recorded_by_id: int | None
    month_open: bool


def _second_person(facts: Facts) -> str | None:
    if facts.user_id == facts.recorded_by_id:
        return N_("录入的人不能自己确认，请由另一人确认。")
    return _open(facts)


def _open(facts: Facts) -> str | None:
    return None if facts.month_open else N_("这个月已经公布，不能再改录入的数。")


S, V, P = InputStatus, InputVerb, Permission
Step = Transition[InputStatus]
TRANSITIONS: dict[tuple[InputStatus, InputVerb], Step] = {
    (S.RECORDED, V.CONFIRM): Step(S.CONFIRMED, P.INPUT_CONFIRM, INPUT_CONFIRMED, _second_person),
    (S.RECORDED, V.REFUSE): Step(S.REFUSED, P.INPUT_CONFIRM, INPUT_REFUSED, _second_person),
    (S.RECORDED, V.VOID): Step(S.VOID, P.INPUT_VOID, INPUT_VOIDED, _open),
    (S.CONFIRMED, V.VOID): Step(S.VOID, P.INPUT_VOID, INPUT_VOIDED, _open),
}


def check_amount(asked: RuleItem | Input, amount: Decimal, whole: Decimal | None, reason: str) -> None:
    """Raise Invalid, naming the field, unless the rulebook can take what was entered."""
    if isinstance(asked, Input):
        _check_input(asked, amount, whole)
    elif isinstance(asked.amount, Discretion):
        low, high = asked.amount.low, asked.amount.high
        if not low <= amount <= high:
            message = N_("%(points)s 分不在 %(low)s 至 %(high)s 分之间。")
            said = {"points": plain(amount), "low": plain(low), "high": plain(high)}
            raise Invalid(message, field="amount", **said)
    elif not isinstance(asked.amount, AsEntered) or amount < 0:
        raise Invalid(N_("请填写不小于 0 的分值；扣分还是加分由细则决定。"), field="amount")
    if not isinstance(asked, Input) and not reason.strip():
        raise Invalid(N_("请写明理由。"), field="reason")


def _check_input(asked: Input, amount: Decimal, whole: Decimal | None) -> None:
    if asked.kind in SHARES:
        if whole is None or whole <= 0:
            raise Invalid(N_("请填写大于 0 的总数。"), field="whole")
        if amount < 0 or amount > whole:
            raise Invalid(N_("应当在 0 和总数之间。"), field="amount")
        return
    for limit, outside in ((asked.at_least, -1), (asked.at_most, 1)):
        if limit is not None and (amount - limit) * outside > 0:
            low = plain(asked.at_least) if asked.at_least is not None else "—"
            high = plain(asked.at_most) if asked.at_most is not None else "—"
            message = N_("%(value)s 不在 %(low)s 至 %(high)s 之间。")
            raise Invalid(message, field="amount", value=plain(amount), low=low, high=high)
