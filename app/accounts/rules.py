"""Sign-in and sessions: what ends them, and what a sign-in waits for. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from app.accounts.password_rules import PasswordProfile
from app.core.actions import Action


class SessionEnd(StrEnum):
    """Why a session is over; whoever comes with its cookie is told."""

    SIGNED_OUT = "signed_out"
    RENEWED = "renewed"  # a new password of its owner
    RESET = "reset"  # a temporary password of the security administrator
    DISABLED = "disabled"
    ROLES_CHANGED = "roles_changed"
    ENDED_BY_OWNER = "ended_by_owner"
    ENDED_BY_ADMINISTRATOR = "ended_by_administrator"
    EXPIRED = "expired"  # derived, never stored


SESSION_OPENED = Action("session.opened")
SESSION_CLOSED = Action("session.closed")
SESSIONS_ENDED = Action("user.sessions_ended", frozenset({"sessions"}))
SIGN_IN_REFUSED = Action("sign_in.refused", frozenset({"reason"}))
ACCOUNT_LOCKED = Action("account.locked", frozenset({"failures"}))
USER_ADDED = Action("user.added", frozenset({"roles"}))
PASSWORD_CHANGED = Action("user.password_changed")

SEEN_EVERY = timedelta(minutes=1)

FAILURES_BEFORE_LOCK = 5
FAILURE_WINDOW = timedelta(minutes=30)
ADDRESS_FREE_FAILURES = 20  # a hall may share one address: it is slowed down, never locked


def lock_time(failures: int) -> timedelta | None:
    """Return how long an account rests after so many failures in a row: 1, 2, 4 … 60 minutes."""
    over = failures - FAILURES_BEFORE_LOCK
    return timedelta(minutes=min(2**over, 60)) if over >= 0 else None


def expired(opened_at: datetime, seen_at: datetime, now: datetime, profile: PasswordProfile) -> bool:
    """Return whether a session has been idle or open for too long."""
    return now - seen_at > profile.idle or now - opened_at > profile.absolute


# The first that is found in what a browser says of itself; each claims to be those after it.
_BROWSERS = (
    ("MicroMessenger/", "WeChat"),
    ("DingTalk/", "DingTalk"),
    ("Edg/", "Edge"),
    ("QQBrowser/", "QQBrowser"),
    ("UBrowser/", "UC Browser"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """Return browser and system as people call them, empty if a browser does not say."""
    names = [next((name for mark, name in table if mark in agent), "") for table in (_BROWSERS, _SYSTEMS)]
    return " · ".join(name for name in names if name)
