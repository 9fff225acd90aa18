"""Passwords: what each profile asks of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.errors import Invalid
from app.core.i18n import N_

PASSWORD_MAX = 200
FORMER_KEPT = 5  # replaced passwords that are kept as hashes, whichever profile holds


@dataclass(frozen=True)
class PasswordProfile:
    """What a centre asks of passwords and of the sessions they open."""

    least: int  # characters
    classes: int = 1  # of lower case, upper case, digits, others
    rotation: timedelta | None = None  # after which a password must be changed
    history: int = 1  # the latest passwords, the present one included, that may not come again
    idle: timedelta = timedelta(hours=2)
    absolute: timedelta = timedelta(hours=12)


PROFILES = {
    "modern": PasswordProfile(least=10),
    # 等保: GB/T 22239-2019 8.1.4.1 asks for complexity, regular change and an end of idle sessions.
    "mlps": PasswordProfile(
        least=8, classes=3, rotation=timedelta(days=90), history=5, idle=timedelta(minutes=30)
    ),
}

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
        # Shorter ones that have the classes of characters a profile asks for.
        "abcd1234",
        "abc12345",
        "abc123456",
        "aa123456",
        "qwer1234",
        "qwerty123",
        "admin123",
        "admin1234",
        "root1234",
        "test1234",
        "passw0rd",
        "pssw0rd",
        "password1",
        "welcome1",
        "1q2w3e4r",
        "zaq12wsx",
        "1qaz2wsx",
        "qazwsx123",
        "zhengwu1",
        "duban123",
    ]
)


def classes_of(password: str) -> int:
    """Return how many of the four classes occur: lower case, upper case, digits, anything else."""
    kinds = (str.islower, str.isupper, str.isdigit)
    found = [next((n for n, kind in enumerate(kinds) if kind(char)), len(kinds)) for char in password]
    return len(set(found))


def password_faults(password: str, username: str, profile: PasswordProfile) -> list[Invalid]:
    """Return what is wrong with a new password under a profile."""
    faults = []
    plain = "".join(char for char in password.casefold() if char.isalnum())
    if len(password) < profile.least:
        faults.append(Invalid(N_("密码至少 %(least)d 个字符。"), least=profile.least))
    if len(password) > PASSWORD_MAX:
        faults.append(Invalid(N_("密码最多 %(most)d 个字符。"), most=PASSWORD_MAX))
    if classes_of(password) < profile.classes:
        faults.append(
            Invalid(
                N_("密码须含大写字母、小写字母、数字、其他符号中的至少 %(classes)d 类。"),
                classes=profile.classes,
            )
        )
    if plain in COMMON_PASSWORDS or len(set(plain)) < 4:
        faults.append(Invalid(N_("这个密码太常见，请换一个。")))
    if username and username.casefold() in password.casefold():
        faults.append(Invalid(N_("密码不能包含用户名。")))
    return faults


def outdated(changed_at: datetime, now: datetime, profile: PasswordProfile) -> bool:
    """Return whether a password has been in use for too long."""
    return profile.rotation is not None and now - changed_at > profile.rotation
