"""The only room that reads the clock. Instants are UTC, dates are those of the office."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

OFFICE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Return today's date at the office."""
    return local(now()).date()


def local(instant: datetime) -> datetime:
    """Return the instant in office time."""
    return instant.astimezone(OFFICE)


def at_office(naive: datetime) -> datetime:
    """Return the UTC instant of a wall-clock time at the office."""
    return naive.replace(tzinfo=OFFICE).astimezone(UTC)
