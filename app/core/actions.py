"""The vocabulary of the audit log."""

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-z_]+\.[a-z_]+")


@dataclass(frozen=True)
class Action:
    """Name one kind of recorded change: past tense and permanent, with the extra keys it must carry."""

    name: str
    extra: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"an action is named noun.past_tense, not {self.name!r}")
