"""The chain of audit entries: how one is hashed and how a chain is checked. Pure.

hash = SHA-256(domain, version, every field, previous hash, SHA-256(payload)), each part written as
its length in bytes, a colon and the bytes; an absent value is `-:`. The same function stands in SQL
in the migration that creates the log, and in tools for outsiders.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from app.core.i18n import N_

DOMAIN = "duban.audit"
ALGORITHM = "sha256-v1"
ZERO = "0" * 64
GENESIS_ACTION = "chain.opened"

MISSING = N_("缺少这一条")
DETACHED = N_("没有接在上一条之后")
UNKNOWN_ALGORITHM = N_("哈希算法未知")
ALTERED = N_("内容与哈希不符")
NO_OPENING = N_("链的第一条不是开链记录")


class Link(NamedTuple):
    """One entry as it is hashed. `at_us` is UTC in microseconds; `payload` is canonical JSON text."""

    centre_id: int
    seq: int
    at_us: int
    actor_id: int | None
    actor_name: str
    role: str | None
    session_id: int | None
    address: str
    route: str
    request_id: str
    action: str
    result: str
    subject_type: str | None
    subject_id: int | None
    subject_name: str
    payload: str
    algorithm: str
    previous: str
    hash: str


# The order in which fields are hashed: all before the payload. `previous` comes after them, then the
# payload as its own hash.
FIELDS = Link._fields[: Link._fields.index("payload")]
_SEQ, _ACTION, _ALGORITHM, _PREVIOUS, _HASH = (
    Link._fields.index(name) for name in ("seq", "action", "algorithm", "previous", "hash")
)


@dataclass(frozen=True)
class Fault:
    """Something wrong with the log; `seq` is the first entry it shows at (-1: none), `about` a paper."""

    centre_id: int
    seq: int
    problem: str
    about: str = ""

    @property
    def place(self) -> str:
        return f"{self.centre_id}/{self.seq if self.seq >= 0 else '—'}"


@dataclass(frozen=True)
class Checked:
    """How far a chain was walked: its last good entry, how many were good, and what stopped the walk."""

    last: Link | None
    entries: int
    fault: Fault | None


class _Words(dict[str | None, str]):
    """Parts of words that return in every entry: names, actions, addresses."""

    def __missing__(self, word: str | None) -> str:
        if len(self) >= 5000:
            self.clear()
        part = self[word] = _part(word)
        return part


def _part(value: object) -> str:
    if value is None:
        return "-:"
    text = str(value)
    return f"{len(text) if text.isascii() else len(text.encode())}:{text}"


_words = _Words()
_PREFIX = _part(DOMAIN)


def link_hash(link: tuple[Any, ...]) -> str:
    """Return the hash an entry, its values in the order of Link, must carry, as hexadecimal text."""
    # Written out, and words remembered, because a check of the whole log does little else.
    (
        centre_id,
        seq,
        at_us,
        actor_id,
        actor_name,
        role,
        session_id,
        address,
        route,
        request_id,
        action,
        result,
        subject_type,
        subject_id,
        subject_name,
        payload,
        algorithm,
        previous,
        _,
    ) = link
    parts = (
        _PREFIX,
        _words[algorithm],
        _part(centre_id),
        _part(seq),
        _part(at_us),
        _part(actor_id),
        _words[actor_name],
        _words[role],
        _part(session_id),
        _words[address],
        _words[route],
        _part(request_id),
        _words[action],
        _words[result],
        _words[subject_type],
        _part(subject_id),
        _part(subject_name),
        _part(previous),
        _part(sha256(str(payload).encode()).hexdigest()),
    )
    return sha256("".join(parts).encode()).hexdigest()


def check(links: Iterable[tuple[Any, ...]], centre_id: int, after: tuple[int, str] = (-1, ZERO)) -> Checked:
    """Walk one chain up to its first fault.

    `links` come in the order of `seq`, their values in the order of Link; `after` is the sequence and
    hash that the first one follows.
    """
    first, (seq, previous) = after[0], after
    last: tuple[Any, ...] | None = None
    problem = None
    for link in links:
        if link[_SEQ] != seq + 1:
            problem = MISSING
        elif link[_PREVIOUS] != previous:
            problem = DETACHED
        elif link[_ALGORITHM] != ALGORITHM:
            problem = UNKNOWN_ALGORITHM
        elif link_hash(link) != link[_HASH]:
            problem = ALTERED
        elif seq == -1 and link[_ACTION] != GENESIS_ACTION:
            problem = NO_OPENING
        if problem:
            break
        seq, previous, last = seq + 1, link[_HASH], link
    fault = Fault(centre_id, seq + 1, problem) if problem else None
    return Checked(Link._make(last) if last else None, seq - first, fault)
