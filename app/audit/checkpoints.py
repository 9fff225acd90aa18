"""Signed statements of where each chain stands, kept in the database and, as anchors, outside it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import clock
from app.audit.append import instant, microseconds
from app.audit.models import AuditCheckpoint, AuditEntry, AuditHead
from app.config import Settings
from app.core.i18n import N_
from app.db.types import canonical
from app.db.uow import end_reading, short_transaction
from app.extensions import db

DOMAIN = "duban.audit.checkpoint"
FOREIGN_KEY = N_("检查点不是用本站的密钥签的")
BAD_SIGNATURE = N_("检查点的签名无效")
MOST_UNSIGNED = 200
LONGEST_UNSIGNED = timedelta(minutes=4)  # the worker asks every minute: five at most
TAIL_BYTES = 256 * 1024


class Checkpoint(NamedTuple):
    """One signed statement, wherever it was kept."""

    centre_id: int
    seq: int
    hash: str
    at_us: int
    key_id: str
    signature: str


def private_key(settings: Settings) -> Ed25519PrivateKey:
    """Return the site's signing key: HKDF-SHA256 of DUBAN_SIGNING_KEY, no salt, the domain as info."""
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=DOMAIN.encode())
    return Ed25519PrivateKey.from_private_bytes(derive.derive(settings.signing_key.encode()))


def public_bytes(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_name(key: Ed25519PublicKey) -> str:
    """Return the short name of a key: the first 16 digits of its SHA-256."""
    digest = Hash(SHA256())
    digest.update(public_bytes(key))
    return digest.finalize().hex()[:16]


def signed_text(centre_id: int, seq: int, entry_hash: str, at_us: int) -> bytes:
    """Return the bytes that a checkpoint signs: a canonical JSON array."""
    return canonical([DOMAIN, centre_id, seq, entry_hash, at_us]).encode()


class Verifier:
    """Checks signatures of one site; the key is derived once."""

    def __init__(self, settings: Settings) -> None:
        self.key = private_key(settings).public_key()
        self.key_id = key_name(self.key)

    def problem(self, checkpoint: Checkpoint) -> str | None:
        """Return what is wrong with a signature, or None."""
        if checkpoint.key_id != self.key_id:
            return FOREIGN_KEY
        try:
            text = signed_text(checkpoint.centre_id, checkpoint.seq, checkpoint.hash, checkpoint.at_us)
            self.key.verify(bytes.fromhex(checkpoint.signature), text)
        except (InvalidSignature, ValueError, TypeError):
            return BAD_SIGNATURE
        return None


def sign(settings: Settings, now: datetime, *, only_due: bool = False) -> list[Checkpoint]:
    """Sign the head of every chain with new entries, first into the anchor file, then into the database.

    `only_due` leaves alone what is few and young: fewer than 200 entries, the oldest under four minutes.
    """
    key = private_key(settings)
    name = key_name(key.public_key())
    at_us = microseconds(now)
    signed = []
    for centre_id, seq, entry_hash, last, oldest_us in _unsigned(db.session()):
        young = oldest_us is not None and now - instant(oldest_us) < LONGEST_UNSIGNED
        if only_due and young and seq - last < MOST_UNSIGNED:
            continue
        signature = key.sign(signed_text(centre_id, seq, entry_hash, at_us)).hex()
        signed.append(Checkpoint(centre_id, seq, entry_hash, at_us, name, signature))
    end_reading()
    if signed:
        add_anchors(settings.instance, signed)
        with short_transaction() as session:
            session.add_all(AuditCheckpoint(**checkpoint._asdict()) for checkpoint in signed)
    return signed


def _unsigned(session: Session) -> list[tuple[int, int, str, int, int | None]]:
    """Return (centre, head seq, head hash, last signed seq, time of the first unsigned entry) per chain."""
    # A row that claims a place beyond the head signs nothing and must not keep us from signing.
    last = func.coalesce(
        select(func.max(AuditCheckpoint.seq))
        .where(AuditCheckpoint.centre_id == AuditHead.centre_id, AuditCheckpoint.seq <= AuditHead.seq)
        .scalar_subquery(),
        -1,
    )
    oldest = (
        select(AuditEntry.at_us)
        .where(AuditEntry.centre_id == AuditHead.centre_id, AuditEntry.seq == last + 1)
        .correlate(AuditHead)
        .scalar_subquery()
    )
    rows = session.execute(
        select(AuditHead.centre_id, AuditHead.seq, AuditHead.hash, last, oldest)
        .where(AuditHead.seq > last)
        .order_by(AuditHead.centre_id)
    )
    return [tuple(row) for row in rows]


# --- anchors: what stands outside the database -----------------------------------------------------


def anchor_file(instance: Path) -> Path:
    """Return the file that grows with every checkpoint, to be copied to another machine."""
    return instance / "anchors" / "checkpoints.jsonl"


def add_anchors(instance: Path, checkpoints: list[Checkpoint]) -> None:
    """Add checkpoints to the anchor file and wait until they are on the disk."""
    path = anchor_file(instance)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        # A line that a power cut left half written was never an anchor.
        tail = os.pread(handle, TAIL_BYTES, max(size - TAIL_BYTES, 0))
        os.ftruncate(handle, size - len(tail) + tail.rfind(b"\n") + 1)
        os.write(handle, "".join(f"{canonical(each._asdict())}\n" for each in checkpoints).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_anchors(instance: Path) -> Iterator[tuple[str, Checkpoint | None]]:
    """Yield (file:line, anchor) of every anchor file; None for a line that cannot be read."""
    for path in sorted((instance / "anchors").glob("*.jsonl")):
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.endswith(b"\n"):
                    yield f"{path.name}:{number}", _read(line)


def last_anchors(instance: Path) -> dict[int, Checkpoint]:
    """Return the newest anchor of each chain, read from the end of the anchor file only."""
    try:
        with anchor_file(instance).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - TAIL_BYTES, 0))
            lines = file.read().splitlines(keepends=True)
    except FileNotFoundError:
        return {}
    if size > TAIL_BYTES:
        lines = lines[1:]
    found: dict[int, Checkpoint] = {}
    for line in lines:
        anchor = _read(line) if line.endswith(b"\n") else None
        if anchor and (anchor.centre_id not in found or found[anchor.centre_id].seq <= anchor.seq):
            found[anchor.centre_id] = anchor
    return found


def _read(line: bytes) -> Checkpoint | None:
    try:
        anchor = Checkpoint(**json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    whole = all(
        type(value) is int and 0 <= value < 2**62 for value in (anchor.centre_id, anchor.seq, anchor.at_us)
    )
    text = all(type(value) is str for value in (anchor.hash, anchor.key_id, anchor.signature))
    return anchor if whole and text else None


def foot_line(session: Session, centre_id: int) -> str:
    """Return the latest checkpoint of a centre as printed at the foot of papers; empty before the first."""
    row = session.scalar(
        select(AuditCheckpoint)
        .where(AuditCheckpoint.centre_id == centre_id)
        .order_by(AuditCheckpoint.seq.desc(), AuditCheckpoint.id.desc())
        .limit(1)
    )
    if row is None:
        return ""
    groups = " ".join(row.hash[start : start + 4] for start in range(0, 20, 4))
    at = clock.local(instant(row.at_us)).strftime("%Y-%m-%d %H:%M")
    return N_("审计检查点 %(place)s · %(hash)s · %(at)s · 密钥 %(key)s") % {
        "place": f"{row.centre_id}/{row.seq}",
        "hash": groups,
        "at": at,
        "key": row.key_id[:8],
    }
