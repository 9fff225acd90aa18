"""An exported log for the tests of the verifier for outsiders, and the hands of a forger."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app import clock
from app.audit import anchors, checkpoints, services
from app.audit.export import Wanted
from app.core.actions import Action
from app.db.types import canonical
from app.db.uow import unit_of_work
from app.documents import services as documents
from app.documents.models import Document
from app.extensions import db
from app.permissions import system_actor
from tests.architecture.source import ROOT
from tests.factories.documents import numbered

TOOL = ROOT / "tools" / "verify_export.py"
TRIED = Action("sign_in.tried")
Line = dict[str, Any]


def _tool() -> Any:
    spec = importlib.util.spec_from_file_location("verify_export", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = _tool()


@dataclass
class Export:
    """The lines of an export, to be altered; `kept` are the anchors as they were copied elsewhere."""

    folder: Path
    lines: list[Line]
    centre: int
    kept: str
    key_id: str
    papers: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # good, other, void, superseded
    raw: bytes | None = None
    arguments: list[str] = field(default_factory=list)

    def content(self, kind: str) -> list[dict[str, Any]]:
        return [line[kind] for line in self.lines if kind in line]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries of the cast's centre."""
        return [entry for entry in self.content("entry") if entry["centre_id"] == self.centre]

    @property
    def signed(self) -> list[dict[str, Any]]:
        return [each for each in self.content("checkpoint") if each["centre_id"] == self.centre]

    @property
    def header(self) -> dict[str, Any]:
        return self.lines[0]["header"]

    @property
    def chain(self) -> dict[str, Any]:
        return next(each for each in self.header["chains"] if each["centre_id"] == self.centre)

    def drop(self, *contents: dict[str, Any]) -> None:
        self.lines = [
            line for line in self.lines if not any(line.get(k) is c for k in line for c in contents)
        ]

    def rehash(self, start: int) -> None:
        """Make the chain fit together again from one entry on, as a forger with a computer would."""
        entries = self.entries
        for place, entry in enumerate(entries):
            if entry["seq"] < start:
                continue
            entry["previous"] = entries[place - 1]["hash"] if place else "0" * 64
            entry["hash"] = tool.entry_hash(entry)

    def seal(self) -> None:
        """Write a trailer that fits."""
        del self.lines[-1]
        body = self.body()
        self.lines.append(
            {
                "trailer": {
                    "entries": len(self.content("entry")),
                    "checkpoints": len(self.content("checkpoint")),
                    "sha256": hashlib.sha256(body).hexdigest(),
                }
            }
        )

    def body(self) -> bytes:
        return "".join(f"{canonical(line)}\n" for line in self.lines).encode()

    def replace(self, before: bytes, after: bytes) -> None:
        """Alter bytes of the first line that has them, and the trailer's hash with them."""
        self.seal()
        body = self.body()
        assert before in body
        lines = body.replace(before, after, 1).splitlines(keepends=True)
        trailer = {**self.lines[-1]["trailer"], "sha256": hashlib.sha256(b"".join(lines[:-1])).hexdigest()}
        self.raw = b"".join(lines[:-1]) + f"{canonical({'trailer': trailer})}\n".encode()

    def write(self) -> Path:
        path = self.folder / "audit.jsonl"
        path.write_bytes(self.raw if self.raw is not None else self.body())
        return path

    def paper(self, name: str, content: bytes | None = None) -> str:
        """Write a paper to a file and return its path."""
        path = self.folder / f"{name}.pdf"
        path.write_bytes(self.papers[name][1] if content is None else content)
        return str(path)

    def anchors(self) -> str:
        path = self.folder / "checkpoints.jsonl"
        path.write_text(self.kept)
        return str(path)


def write_entries(times: int) -> None:
    with unit_of_work(system_actor("test"), clock.now()) as uow:
        for _ in range(times):
            uow.record(TRIED)


def make(site: Any, folder: Path, **options: Any) -> Export:
    """Export the cast's log with four papers, three checkpoints, and entries that nothing vouches for."""
    papers: dict[str, tuple[str, bytes]] = {}
    ids = {}
    for name in ("good", "other", "void", "superseded"):
        ids[name] = numbered(site.cast)
        content = f"%PDF-1.7 {name}".encode()
        with unit_of_work(system_actor("worker"), clock.now()) as uow:
            papers[name] = (documents.issue(uow, ids[name], content).number, content)
        if name in ("good", "void"):
            checkpoints.sign(site.settings, clock.now())
    with unit_of_work(system_actor("test"), clock.now()) as uow:
        documents.void(uow, ids["void"], "误发")
        documents.supersede(uow, ids["superseded"], uow.get(Document, ids["good"]), "更正")
    checkpoints.sign(site.settings, clock.now())
    write_entries(3)
    path = folder / "audit.jsonl"
    services.export_log(db.engine, site.settings, system_actor("test"), clock.now(), path, Wanted(**options))
    kept = anchors.anchor_file(site.settings.instance).read_text()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert db.session.get_one(Document, ids["good"]).number == papers["good"][0]
    db.session.remove()
    return Export(folder, lines, site.cast.centre, kept, lines[0]["header"]["key_id"], papers)


def feet(export: Export) -> Iterator[str]:
    """Yield the feet of papers printed after each checkpoint of the centre."""
    for each in export.signed:
        groups = " ".join(each["hash"][start : start + 4] for start in range(0, 20, 4))
        yield f"{each['centre_id']}/{each['seq']} {groups}"
