"""Sign-in and passwords: what is asked of them. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.core.actions import Action
from app.core.i18n import N_

SESSION_OPENED = Action("session.opened")
SESSION_CLOSED = Action("session.closed")
SIGN_IN_REFUSED = Action("sign_in.refused", frozenset({"reason"}))
ACCOUNT_LOCKED = Action("account.locked", frozenset({"failures"}))
USER_ADDED = Action("user.added", frozenset({"roles"}))
PASSWORD_CHANGED = Action("user.password_changed")

IDLE_LIMIT = timedelta(hours=2)
ABSOLUTE_LIMIT = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)

FAILURES_BEFORE_LOCK = 5
FAILURE_WINDOW = timedelta(minutes=30)
ADDRESS_FREE_FAILURES = 20  # a hall may share one address: it is slowed down, never locked

PASSWORD_MIN = 10
PASSWORD_MAX = 200
# What people choose first; compared after folding case and dropping what is not a letter or digit.
COMMON_PASSWORDS = frozenset(
    [
        "1234567890",
        "0123456789",
        "12345678910",
        "password12",
        "passw0rd12",
        "qwertyuiop",
        "asdfghjkl1",
        "1qaz2wsx3e",
        "admin12345",
        "administrator",
        "abcd123456",
        "a123456789",
        "aa12345678",
        "woaini1314",
        "woaini5201",
        "5201314520",
        "iloveyou12",
        "zhengwu123",
        "duban12345",
        "duban123456",
        "1111111111",
        "0000000000",
        "8888888888",
        "6666666666",
        "1234512345",
        "1122334455",
    ]
)


def password_faults(password: str, username: str) -> list[str]:
    """Return what is wrong with a new password (profile `modern`: length and a blocklist)."""
    faults = []
    plain = "".join(char for char in password.casefold() if char.isalnum())
    if len(password) < PASSWORD_MIN:
        faults.append(N_("密码至少 10 个字符。"))
    if len(password) > PASSWORD_MAX:
        faults.append(N_("密码最多 200 个字符。"))
    if plain in COMMON_PASSWORDS or len(set(plain)) < 4:
        faults.append(N_("这个密码太常见，请换一个。"))
    if username and username.casefold() in password.casefold():
        faults.append(N_("密码不能包含用户名。"))
    return faults


def lock_time(failures: int) -> timedelta | None:
    """Return how long an account rests after so many failures in a row: 1, 2, 4 … 60 minutes."""
    over = failures - FAILURES_BEFORE_LOCK
    return timedelta(minutes=min(2**over, 60)) if over >= 0 else None


def expired(opened_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """Return whether a session has been idle or open for too long."""
    return now - seen_at > IDLE_LIMIT or now - opened_at > ABSOLUTE_LIMIT
