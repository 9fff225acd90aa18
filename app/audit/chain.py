"""The chain of audit entries: how one is hashed and how a chain is checked. Pure.

hash = SHA-256(domain, version, every field, previous hash, SHA-256(payload)), each part written as
its length in bytes, a colon and the bytes; an absent value is `-:`. The same function stands in SQL
in the migration that creates the log, and in tools for outsiders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DOMAIN = "duban.audit"
ALGORITHM = "sha256-v1"
ZERO = "0" * 64
GENESIS_ACTION = "chain.opened"

# The order in which fields are hashed; `payload` enters as its own hash, `previous` before it.
FIELDS = (
    "centre_id",
    "seq",
    "at_us",
    "actor_id",
    "actor_name",
    "role",
    "session_id",
    "address",
    "route",
    "request_id",
    "action",
    "result",
    "subject_type",
    "subject_id",
    "subject_name",
)


@dataclass(frozen=True, slots=True)
class Link:
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


@dataclass(frozen=True)
class Fault:
    """Something wrong with a chain; `seq` is the row it was noticed at."""

    centre_id: int
    seq: int
    problem: str


def _part(value: object) -> bytes:
    if value is None:
        return b"-:"
    data = str(value).encode()
    return b"%d:%b" % (len(data), data)


def link_hash(link: Link) -> str:
    """Return the hash an entry must carry, as hexadecimal text."""
    digest = hashlib.sha256(_part(DOMAIN) + _part(link.algorithm))
    digest.update(b"".join([_part(getattr(link, name)) for name in FIELDS]))
    digest.update(_part(link.previous))
    digest.update(_part(hashlib.sha256(link.payload.encode()).hexdigest()))
    return digest.hexdigest()


def check(
    links: Iterable[Link], centre_id: int, after: tuple[int, str] = (-1, ZERO)
) -> Iterator[Fault | Link]:
    """Yield the first Fault of one chain, or else its last Link.

    `links` come in the order of `seq`; `after` is the sequence and hash that the first one follows.
    """
    seq, previous = after
    last: Link | None = None
    for link in links:
        problem = None
        if link.seq != seq + 1:
            problem = f"expected entry {seq + 1}, found {link.seq}"
        elif link.previous != previous:
            problem = "does not follow the entry before it"
        elif link.algorithm != ALGORITHM:
            problem = f"unknown algorithm {link.algorithm}"
        elif link_hash(link) != link.hash:
            problem = "its content does not give its hash"
        elif seq == -1 and link.action != GENESIS_ACTION:
            problem = "the chain does not begin with its opening entry"
        if problem:
            yield Fault(centre_id, min(link.seq, seq + 1), problem)
            return
        seq, previous, last = link.seq, link.hash, link
    if last is not None:
        yield last
