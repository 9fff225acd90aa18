"""Typed settings from the environment; a missing secret in production stops the start."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ("demo", "test", "production")
KEYS = ("DUBAN_SECRET_KEY", "DUBAN_FIELD_KEY", "DUBAN_SIGNING_KEY")
LEAST_DIFFERENT = 10  # characters of a key; 32 random hexadecimal digits have fewer once in two million


class SettingsError(Exception):
    """A setting is missing or unusable; the message names it."""


@dataclass(frozen=True)
class Settings:
    """All that a site decides outside the database. Secrets stay out of repr()."""

    env: str
    instance: Path
    database_url: str
    owner_url: str
    base_url: str
    own_database: bool  # the embedded one: `run` may migrate and seed it
    secret_key: str = field(repr=False)
    field_key: str = field(repr=False)
    signing_key: str = field(repr=False)
    retired_keys: str = ""  # public keys that signed before, with the time of their retirement
    anchor_copy: Path | None = None  # a folder elsewhere that the anchor file is copied to

    @property
    def attachments(self) -> Path:
        """The folder of evidence, shared by all machines of a site."""
        return self.instance / "attachments"

    @property
    def sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def _secret(environ: Mapping[str, str], name: str, env: str, instance: Path) -> str:
    """Read NAME or NAME_FILE; outside production generate it once into the instance."""
    if environ.get(name):
        return environ[name]
    if environ.get(f"{name}_FILE"):
        return Path(environ[f"{name}_FILE"]).read_text().strip()
    if env == "production":
        raise SettingsError(f"{name} (or {name}_FILE) is not set; see README, chapter Operating.")
    path = instance / f"{name.removeprefix('DUBAN_').lower()}.secret"
    if not path.exists():
        instance.mkdir(parents=True, exist_ok=True)
        # A fresh name and link(): two processes starting together agree on one secret.
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()


def _check_keys(keys: Mapping[str, str], env: str) -> None:
    """Refuse keys that can be guessed, and in production one key for two purposes. Raise SettingsError."""
    for name, value in keys.items():
        if len(value) < 32:
            raise SettingsError(f"{name} is shorter than 32 characters.")
        if env == "production" and len(set(value)) < LEAST_DIFFERENT:
            raise SettingsError(f"{name} is not random; make one with `openssl rand -hex 32`.")
    if env == "production" and len(set(keys.values())) < len(keys):
        raise SettingsError(f"{', '.join(keys)} must differ from each other.")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raise SettingsError naming the variable at fault."""
    environ = os.environ if environ is None else environ
    env = environ.get("DUBAN_ENV", "production")
    if env not in ENVIRONMENTS:
        raise SettingsError(f"DUBAN_ENV is {env!r}; it must be one of {', '.join(ENVIRONMENTS)}.")
    if env == "production" and environ.get("FLASK_DEBUG", "0").lower() not in ("", "0", "false", "no"):
        raise SettingsError("FLASK_DEBUG shows the inside of the machine room; production does without it.")
    instance = Path(environ.get("DUBAN_INSTANCE") or ROOT / "instance").resolve()
    url = environ.get("DATABASE_URL", "")
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    keys = {name: _secret(environ, name, env, instance) for name in KEYS}
    _check_keys(keys, env)
    database_url = url or f"sqlite:///{instance / 'duban.db'}"
    owner = environ.get("DATABASE_OWNER_URL", "") or database_url
    if owner.startswith(("postgresql://", "postgres://")):
        owner = "postgresql+psycopg://" + owner.split("://", 1)[1]
    return Settings(
        env=env,
        instance=instance,
        database_url=database_url,
        owner_url=owner,
        base_url=environ.get("DUBAN_BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
        own_database=not url,
        retired_keys=environ.get("DUBAN_RETIRED_KEYS", ""),
        anchor_copy=Path(copy) if (copy := environ.get("DUBAN_ANCHOR_COPY", "")) else None,
        **{name.removeprefix("DUBAN_").lower(): value for name, value in keys.items()},
    )
