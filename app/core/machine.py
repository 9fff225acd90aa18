"""State machines as data: {(status, verb): Transition}; one predicate for button, route and service."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from app.core.actions import Action
from app.core.errors import NotAllowed
from app.core.i18n import N_

Status = TypeVar("Status", bound=StrEnum)
Verb = TypeVar("Verb", bound=str)

WRONG_STATUS = N_("当前状态下不能进行这一步操作。")
NO_PERMISSION = N_("您没有进行这一步操作的权限。")


def _always(facts: Any) -> str | None:
    return None


@dataclass(frozen=True)
class Transition(Generic[Status]):
    """Say where a verb leads, who may take it, what it is called in the log, and what may forbid it.

    `guard(facts)` returns None when the step is allowed, otherwise the reason in Chinese.
    """

    to: Status
    permission: str
    action: Action
    guard: Callable[[Any], str | None] = _always


def refusal(transition: Transition[Status], granted: Collection[str], facts: Any = None) -> str | None:
    """Return why this transition may not be taken, or None: the one predicate behind all others."""
    return NO_PERMISSION if transition.permission not in granted else transition.guard(facts)


def allowed(
    table: Mapping[tuple[Status, Verb], Transition[Status]],
    status: Status,
    granted: Collection[str],
    facts: Any = None,
) -> list[Verb]:
    """List the verbs that may be taken now, in the order of the table."""
    return [
        verb
        for (source, verb), transition in table.items()
        if source == status and refusal(transition, granted, facts) is None
    ]


def explain(
    table: Mapping[tuple[Status, Verb], Transition[Status]],
    status: Status,
    granted: Collection[str],
    facts: Any = None,
) -> list[tuple[Verb, str]]:
    """List the verbs out of this status that are refused, each with its reason, in the order of the table."""
    return [
        (verb, reason)
        for (source, verb), transition in table.items()
        if source == status and (reason := refusal(transition, granted, facts)) is not None
    ]


def step(
    table: Mapping[tuple[Status, Verb], Transition[Status]],
    status: Status,
    verb: Verb,
    granted: Collection[str],
    facts: Any = None,
) -> Transition[Status]:
    """Return the transition, or raise NotAllowed with the reason."""
    transition = table.get((status, verb))
    if transition is None:
        raise NotAllowed(WRONG_STATUS)
    if (reason := refusal(transition, granted, facts)) is not None:
        raise NotAllowed(reason)
    return transition
