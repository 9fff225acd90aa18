"""The chain of audit entries: how one is hashed and how a chain is checked. Pure.

hash = SHA-256(domain, version, every field, previous hash, SHA-256(payload)), each part written as
its length in bytes, a colon and the bytes; an absent value is `-:`. The same function stands in SQL
in the migration that creates the log, and in tools for outsiders.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

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
    """One entry as it is hashed. `at_us` is UTC in microseconds; `payload` is canonical JSON text.

    A tuple, because a check reads millions of them.
    """

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


@dataclass(frozen=True)
class Fault:
    """Something wrong with the log; `seq` is the first entry it shows at, `about` a paper or a line."""

    centre_id: int
    seq: int
    problem: str
    about: str = ""

    @property
    def place(self) -> str:
        return f"{self.centre_id}/{self.seq}"


@dataclass(frozen=True)
class Checked:
    """How far a chain was walked: its last good entry, how many were good, and what stopped the walk."""

    last: Link | None
    entries: int
    fault: Fault | None


def _parts(values: Iterable[object]) -> bytes:
    parts = []
    for value in values:
        if value is None:
            parts.append(b"-:")
        else:
            data = str(value).encode()
            parts += (b"%d:" % len(data), data)
    return b"".join(parts)


def link_hash(link: Link) -> str:
    """Return the hash an entry must carry, as hexadecimal text."""
    payload = sha256(str(link.payload).encode()).hexdigest()
    return sha256(_parts((DOMAIN, link.algorithm, *link[: len(FIELDS)], link.previous, payload))).hexdigest()


def check(links: Iterable[Link], centre_id: int, after: tuple[int, str] = (-1, ZERO)) -> Checked:
    """Walk one chain up to its first fault.

    `links` come in the order of `seq`; `after` is the sequence and hash that the first one follows.
    """
    first, (seq, previous) = after[0], after
    last: Link | None = None
    problem = None
    for link in links:
        if link.seq != seq + 1:
            problem = MISSING
        elif link.previous != previous:
            problem = DETACHED
        elif link.algorithm != ALGORITHM:
            problem = UNKNOWN_ALGORITHM
        elif link_hash(link) != link.hash:
            problem = ALTERED
        elif seq == -1 and link.action != GENESIS_ACTION:
            problem = NO_OPENING
        if problem:
            break
        seq, previous, last = link.seq, link.hash, link
    return Checked(last, seq - first, Fault(centre_id, seq + 1, problem) if problem else None)
