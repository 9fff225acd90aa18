"""The keys that sign checkpoints: the site's own, and those it has retired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.audit.append import microseconds
from app.config import Settings, SettingsError
from app.core.i18n import N_
from app.db.types import canonical

DOMAIN = "duban.audit.checkpoint"
FOREIGN_KEY = N_("检查点不是用本站的密钥签的")
RETIRED_KEY = N_("检查点由已停用的密钥签署，时间在停用之后")
BAD_SIGNATURE = N_("检查点的签名无效")


class Checkpoint(NamedTuple):
    """One signed statement, wherever it was kept."""

    centre_id: int
    seq: int
    hash: str
    at_us: int
    key_id: str
    signature: str


@dataclass(frozen=True)
class RetiredKey:
    """A key whose checkpoints hold if they were signed up to a moment (microseconds since 1970)."""

    public: bytes
    until_us: int

    @property
    def key_id(self) -> str:
        return key_name(self.public)


def private_key(settings: Settings) -> Ed25519PrivateKey:
    """Return the site's signing key: HKDF-SHA256 of DUBAN_SIGNING_KEY, no salt, the domain as info."""
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=DOMAIN.encode())
    return Ed25519PrivateKey.from_private_bytes(derive.derive(settings.signing_key.encode()))


def public_key(settings: Settings) -> bytes:
    """Return the site's public key, 32 bytes."""
    return private_key(settings).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_name(public: bytes) -> str:
    """Return the fingerprint of a key: the first 16 digits of its SHA-256."""
    digest = Hash(SHA256())
    digest.update(public)
    return digest.finalize().hex()[:16]


def grouped(digits: str) -> str:
    """Return digits as people compare them, four by four."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def retired_keys(settings: Settings) -> tuple[RetiredKey, ...]:
    """Read DUBAN_RETIRED_KEYS: `PUBLICKEY@TIME`, separated by spaces. Raise SettingsError."""
    found = []
    for text in settings.retired_keys.split():
        public, _, until = text.partition("@")
        try:
            at = datetime.fromisoformat(until)
            if at.tzinfo is None:
                raise ValueError
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        except ValueError:
            raise SettingsError(
                f"DUBAN_RETIRED_KEYS: {text[:80]!r} is not PUBLICKEY@2026-11-18T10:00+08:00."
            ) from None
        found.append(RetiredKey(bytes.fromhex(public), microseconds(at)))
    return tuple(found)


def signed_text(centre_id: int, seq: int, entry_hash: str, at_us: int) -> bytes:
    """Return the bytes that a checkpoint signs: a canonical JSON array."""
    return canonical([DOMAIN, centre_id, seq, entry_hash, at_us]).encode()


class Verifier:
    """Checks signatures of one site; its keys are derived once."""

    def __init__(self, settings: Settings) -> None:
        own = public_key(settings)
        self.key_id = key_name(own)
        self._keys: dict[str, tuple[Ed25519PublicKey, int | None]] = {
            key.key_id: (Ed25519PublicKey.from_public_bytes(key.public), key.until_us)
            for key in retired_keys(settings)
        }
        self._keys[self.key_id] = (Ed25519PublicKey.from_public_bytes(own), None)

    def problem(self, checkpoint: Checkpoint) -> str | None:
        """Return what is wrong with a signature, or None."""
        key, until_us = self._keys.get(checkpoint.key_id, (None, None))
        if key is None:
            return FOREIGN_KEY
        try:
            text = signed_text(checkpoint.centre_id, checkpoint.seq, checkpoint.hash, checkpoint.at_us)
            key.verify(bytes.fromhex(checkpoint.signature), text)
        except (InvalidSignature, ValueError, TypeError):
            return BAD_SIGNATURE
        return RETIRED_KEY if until_us is not None and checkpoint.at_us > until_us else None
