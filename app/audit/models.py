from __future__ import annotations

from sqlalchemy import BigInteger, Index, String, Text, cast, literal_column
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.extensions import Model


class AuditEntry(Model):
    """One link of a centre's chain; written by `append` only, never changed (triggers see to it).

    No foreign keys: the log outlives whatever it speaks of.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject", "subject_type", "subject_id", "at_us"),
        Index("ix_audit_entries_at", "at_us", "centre_id", "seq"),
        Index("ix_audit_entries_actor", "actor_id", "at_us"),
        Index("ix_audit_entries_actor_action", "actor_id", "action", "at_us"),
        Index("ix_audit_entries_actor_kind", "actor_id", "subject_type", "at_us"),
        Index("ix_audit_entries_action", "action", "at_us"),
        Index("ix_audit_entries_kind", "subject_type", "at_us"),
        Index("ix_audit_entries_action_kind", "action", "subject_type", "at_us"),
        # The record of a printed number, or of the beginning of a name; LIKE finds it on PostgreSQL.
        Index(
            "ix_audit_entries_name",
            "subject_name",
            "subject_type",
            "subject_id",
            postgresql_ops={"subject_name": "text_pattern_ops"},
        ),
        Index(
            "ix_audit_entries_refused",
            "at_us",
            "centre_id",
            "seq",
            sqlite_where=literal_column("result = 'refused'"),
            postgresql_where=literal_column("result = 'refused'"),
        ),
    )

    centre_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at_us: Mapped[int] = mapped_column(BigInteger)
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(Text)
    role: Mapped[str | None] = mapped_column(String(40))
    session_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(Text)
    route: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(String(16))
    subject_type: Mapped[str | None] = mapped_column(String(40))
    subject_id: Mapped[int | None] = mapped_column(BigInteger)
    subject_name: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)
    algorithm: Mapped[str] = mapped_column(String(16))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    # One number for chain and sequence: the tie-break of a long walk.
    place: Mapped[int] = column_property(cast(centre_id, BigInteger) * 2**40 + seq)


class AuditHead(Model):
    """The last entry of each chain; moved by the database itself as entries arrive."""

    __tablename__ = "audit_heads"

    centre_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))


class AuditCheckpoint(Model):
    """A signed statement of a chain's head at one moment; append-only like the log."""

    __tablename__ = "audit_checkpoints"
    __table_args__ = (Index("ix_audit_checkpoints_place", "centre_id", "seq"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    centre_id: Mapped[int]
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    at_us: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[str] = mapped_column(String(16))
    signature: Mapped[str] = mapped_column(String(128))
