from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, literal_column
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts import rules
from app.accounts.rules import SessionEnd
from app.db.mixins import Audited
from app.db.types import Instant, enum_type
from app.extensions import Model
from app.organisation.models import Centre, Section, StaffMember
from app.permissions import SEPARATED, Role

_HELD_APART: ColumnElement[bool] = literal_column(
    f"withdrawn_at IS NULL AND role IN ({', '.join(sorted(repr(role.value) for role in SEPARATED))})"
)


class User(Audited, Model):
    """Someone who signs in; may belong to a staff member."""

    __tablename__ = "users"
    __audit_type__ = "user"

    username: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    sort_key: Mapped[str] = mapped_column(String(240), info={"derived": True})
    initials: Mapped[str] = mapped_column(String(60), info={"derived": True})
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centres.id"), index=True)
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    staff_member_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"), unique=True)
    password_hash: Mapped[str] = mapped_column(Text, info={"protected": True})
    password_changed_at: Mapped[datetime] = mapped_column(Instant)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    roles_changed_at: Mapped[datetime | None] = mapped_column(Instant)

    roles: Mapped[list[RoleGrant]] = relationship(back_populates="user", lazy="selectin")
    centre: Mapped[Centre | None] = relationship(lazy="raise")
    section: Mapped[Section | None] = relationship(lazy="raise")
    staff_member: Mapped[StaffMember | None] = relationship(lazy="raise")

    @property
    def held(self) -> frozenset[Role]:
        """Return the roles held now."""
        return frozenset(grant.role for grant in self.roles if grant.withdrawn_at is None)

    @property
    def audit_name(self) -> str:
        return self.username


class RoleGrant(Audited, Model):
    """A role held by a user, from the moment it was granted until it was withdrawn."""

    __tablename__ = "role_grants"
    __table_args__ = (
        UniqueConstraint("user_id", "role", "granted_at"),
        # 三员分立, whoever writes the row: one of these roles per account at a time.
        Index(
            "uq_role_grants_separated",
            "user_id",
            unique=True,
            sqlite_where=_HELD_APART,
            postgresql_where=_HELD_APART,
        ),
    )
    __audit_type__ = "role_grant"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    role: Mapped[Role] = mapped_column(enum_type(Role))
    granted_at: Mapped[datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)

    user: Mapped[User] = relationship(back_populates="roles")

    def audit_subject(self) -> Audited:
        return self.user


class UserSession(Model):
    """A sign-in; the cookie holds a random token, the row its hash, so that it can be ended at once."""

    __tablename__ = "user_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[SessionEnd | None] = mapped_column(enum_type(SessionEnd))
    profile: Mapped[str] = mapped_column(String(20))  # the one in force at sign-in: it sets the limits

    @property
    def device(self) -> str:
        """Return browser and system as people call them, empty if the browser did not say."""
        return rules.device(self.agent)

    address: Mapped[str] = mapped_column(String(60))
    agent: Mapped[str] = mapped_column(String(200))


class FormerPassword(Model):
    """A password that was replaced, kept so that it does not come back too soon."""

    __tablename__ = "former_passwords"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    password_hash: Mapped[str] = mapped_column(Text, info={"protected": True})
    replaced_at: Mapped[datetime] = mapped_column(Instant)


class SignInFailure(Model):
    """A failed sign-in, kept to slow the next one down; the audit log keeps the lasting trace."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (
        Index("ix_sign_in_failures_account", "username_hash", "at"),
        Index("ix_sign_in_failures_address", "address", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username_hash: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(Instant)
