"""A table on its way in: the uploaded file, its rows, and what the last check said of them.

One draft for each person, kind and centre; the files lie under `instance/imports/<draft id>/`.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select

from app import clock
from app.config import Settings
from app.core.errors import DomainError, Invalid, NotFound
from app.core.i18n import N_
from app.db import drafts
from app.db.drafts import Draft
from app.db.scope import OutOfScope
from app.db.uow import end_reading, short_transaction
from app.extensions import db
from app.permissions import Actor
from app.transfers import exporting, importing, reading
from app.transfers.importing import Import, Judged
from app.transfers.models import Batch
from app.transfers.rules import HEAD_LINES, Outcome, column_letters

KEPT = timedelta(days=7)
PAGE = 50
GONE = N_("没有正在导入的文件，请重新上传。")
NO_HEAD = N_("没有找到表头：前 %(lines)s 行里没有认得的列名。请使用模板，或者核对列名：%(names)s。")
NO_ROWS = N_("表头下面没有数据。")
_SAMPLES = 3
_SAID, _AND = N_("%(name)s：%(reason)s"), " "
_UNDER_WAY = 3600  # seconds that an upload may take from its folder to its draft

Row = tuple[int, list[Any]]


def kind_of(actor: Actor, name: str) -> Import:
    """Return a kind of table that a person may take in, by its name. Raise NotFound or OutOfScope."""
    if name not in importing.every():
        raise NotFound(N_("没有这种导入。"))
    if name not in importing.allowed(actor):
        raise OutOfScope
    return importing.every()[name]


def find(actor: Actor, kind: Import) -> Draft | None:
    """Return one's own table on its way in."""
    return drafts.find(db.session(), actor.user_id, _draft_kind(kind), actor.centre_id or 0)


def get(actor: Actor, kind: Import) -> Draft:
    """Return one's own table on its way in. Raise NotFound."""
    found = find(actor, kind)
    if found is None:
        raise NotFound(GONE)
    return found


def _draft_kind(kind: Import) -> str:
    return f"import:{kind.name}"


def folder(settings: Settings, draft_id: int) -> Path:
    return settings.instance / "imports" / str(draft_id)


def begin(
    settings: Settings, actor: Actor, kind: Import, stream: BinaryIO, file_name: str, now: datetime
) -> Draft:
    """Take an upload in the place of an earlier one: read it and guess its columns. Raise Invalid."""
    incoming = folder(settings, 0).with_name(f"new-{actor.user_id}-{now.timestamp():.6f}")
    incoming.mkdir(mode=0o700, parents=True)
    try:
        size = reading.receive(stream, incoming / "source")
        facts = reading.read(incoming / "source", incoming / "rows")
        sha256 = exporting.sha256_of(incoming / "source")
        content = _described(kind, incoming / "rows", facts, remembered(actor, kind))
        content |= {"file": file_name[-255:], "size": size, "sha256": sha256, "check": None, "job": None}
        draft = _keep(actor, kind, content, now)
        target = folder(settings, draft.id)
        shutil.rmtree(target, ignore_errors=True)
        incoming.rename(target)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return draft


def _keep(actor: Actor, kind: Import, content: Mapping[str, Any], now: datetime) -> Draft:
    with short_transaction() as session:
        draft = drafts.find(session, actor.user_id, _draft_kind(kind), actor.centre_id or 0)
        if draft is None:
            draft = Draft(
                kind=_draft_kind(kind),
                user_id=actor.user_id,
                centre_id=actor.centre_id,
                subject_id=actor.centre_id,
                begun_at=now,
            )
            session.add(draft)
        drafts.save(session, draft, dict(content), now)
    return draft


def save(draft_id: int, now: datetime, **changes: Any) -> None:
    """Keep what has become of a table since."""
    with short_transaction() as session:
        draft = session.get(Draft, draft_id)
        if draft is None:
            raise NotFound(GONE)
        drafts.save(session, draft, {**draft.content, **changes}, now)


def remembered(actor: Actor, kind: Import) -> dict[str, str]:
    """Return the head of each field's column as it was chosen last time at this centre."""
    rows = select(Batch.columns).where(Batch.centre_id == actor.centre_id, Batch.kind == kind.name)
    return db.session.scalar(rows.order_by(Batch.applied_at.desc(), Batch.id.desc()).limit(1)) or {}


def _described(
    kind: Import, rows: Path, facts: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a table looks like: its head, samples, and the guessed columns. Raise Invalid."""
    first = list(islice(_lines(rows), HEAD_LINES + _SAMPLES + 1))
    place = importing.find_head(kind, first[:HEAD_LINES])
    number, heads = first[place]
    mapping = importing.guess(kind, heads, names)
    if not mapping:
        known = N_("、").join(each.label for each in kind.fields if each.required)
        raise Invalid(NO_HEAD, field="file", lines=HEAD_LINES, names=known)
    count = facts["rows"] - place - 1
    if count < 1:
        raise Invalid(NO_ROWS, field="file")
    merged = [span for span in facts.get("merged", ()) if _last_line(span) >= number]
    if merged:
        raise Invalid(reading.REFUSALS["merged"], field="file", places=N_("、").join(merged[:5]))
    return {
        "facts": facts,
        "rows": count,
        "head": number,
        "heads": [str(head) for head in heads],
        "samples": [cells for _, cells in first[place + 1 : place + 1 + _SAMPLES]],
        "mapping": mapping,
    }


def _last_line(span: str) -> int:
    digits = span.split(":")[-1].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits or 0)


def _lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            number, cells = json.loads(line)
            yield number, cells


def rows_of(settings: Settings, draft_id: int, head: int) -> Iterator[Row]:
    """Yield the rows below the head, each with its number in the file."""
    return (row for row in _lines(folder(settings, draft_id) / "rows") if row[0] > head)


# --- what a check said ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """What would happen to a table: rows by outcome, faults, and what the judgement rests on."""

    counts: dict[str, int]
    fingerprint: list[list[int]]
    judged: list[Judged]  # what is to be written

    def as_json(self, now: datetime) -> dict[str, Any]:
        return {"counts": self.counts, "fingerprint": self.fingerprint, "at": now.isoformat()}


@dataclass(frozen=True)
class Fault:
    """Something wrong with a cell, for the person at the screen."""

    row: int
    column: str
    label: str
    value: str
    reason: DomainError


def check(
    settings: Settings, kind: Import, draft: Draft, said: Callable[[int], object] = lambda done: None
) -> Report:
    """Judge every row of a table and write every fault down; nothing is changed."""
    content, draft_id, centre_id = draft.content, draft.id, draft.centre_id
    mapping: dict[str, int] = content["mapping"]
    counts = dict.fromkeys((*(outcome.value for outcome in Outcome), "faults"), 0)
    seen = importing.fingerprint(kind)
    checker = kind.check(centre_id, clock.today())
    end_reading()  # what was looked up is at hand; a table of 100,000 rows takes its time
    wanted = []
    faults = folder(settings, draft_id) / "faults"
    part = faults.with_name(f"faults-{secrets.token_hex(4)}")  # somebody may check the same table just now
    with part.open("w", encoding="utf-8") as file:
        rows = rows_of(settings, draft_id, content["head"])
        for done, (judged, cells) in enumerate(importing.check(checker, kind, mapping, rows), 1):
            counts[judged.outcome.value] += 1
            if judged.outcome is Outcome.BAD:
                counts["faults"] += len(judged.faults)
                file.writelines(_written(judged, cells, mapping))
            elif judged.outcome is not Outcome.UNCHANGED:
                wanted.append(judged)
            if done % 5000 == 0:
                said(done)
    part.replace(faults)
    return Report(counts, seen, wanted)


def _written(judged: Judged, cells: Sequence[Any], mapping: Mapping[str, int]) -> Iterator[str]:
    for name, fault in judged.faults:
        place = mapping.get(name, len(cells))
        value = str(cells[place])[:200] if place < len(cells) else ""
        params = {key: p if isinstance(p, int) else str(p) for key, p in fault.params.items()}
        yield json.dumps([judged.number, name, value, fault.message, params], ensure_ascii=False) + "\n"


def faults_of(settings: Settings, kind: Import, draft: Draft, start: int = 0) -> Iterator[Fault]:
    """Yield the faults of the last check from one of them on, in the order of the file."""
    path = folder(settings, draft.id) / "faults"
    if not path.exists():
        return
    content = draft.content
    with path.open(encoding="utf-8") as file:
        for line in islice(file, start, None):
            number, name, value, message, params = json.loads(line)
            place = content["mapping"].get(name)
            yield Fault(
                number,
                "" if place is None else column_letters(place),
                content["heads"][place] if place is not None else kind.field(name).label,
                value,
                Invalid(message, **params),
            )


def page_of_faults(settings: Settings, kind: Import, draft: Draft, start: int) -> Iterator[Fault]:
    """Yield one page of faults, and one more where there is a next page."""
    return islice(faults_of(settings, kind, draft, start), PAGE + 1)


def give_up(settings: Settings, draft_id: int) -> None:
    """Drop a table on its way in, its files with it."""
    with short_transaction() as session:
        draft = session.get(Draft, draft_id)
        if draft is not None:
            session.delete(draft)
    shutil.rmtree(folder(settings, draft_id), ignore_errors=True)


def bad_rows(settings: Settings, kind: Import, draft: Draft) -> Iterator[tuple[list[Any], str]]:
    """Yield each bad row as it was uploaded, with all that is wrong with it."""
    reasons: dict[int, list[str]] = {}
    for fault in faults_of(settings, kind, draft):
        reasons.setdefault(fault.row, []).append(_SAID % {"name": fault.label, "reason": fault.reason})
    for number, cells in rows_of(settings, draft.id, draft.content["head"]):
        if number in reasons:
            yield cells, _AND.join(reasons[number])


def remove_old(settings: Settings, now: datetime) -> None:
    """Remove the files of tables that were taken in, given up or left for a week."""
    root = settings.instance / "imports"
    for place in root.iterdir() if root.exists() else ():
        draft = db.session.get(Draft, int(place.name)) if place.name.isdecimal() else None
        if draft is None and now.timestamp() - place.stat().st_mtime < _UNDER_WAY:
            continue
        if draft is None or draft.saved_at + KEPT <= now:
            shutil.rmtree(place, ignore_errors=True)
