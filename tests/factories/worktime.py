"""Work calendars: a year prepared, to be looked at and applied."""

from __future__ import annotations

from typing import Any

from app import clock
from app.config import ROOT
from app.core.workdays import YearTable
from app.db.uow import short_transaction
from app.extensions import db
from app.permissions import Permission
from app.worktime import calendar_files, effects, queries, services
from app.worktime.entry_rules import HOLIDAYS, MAKEUPS, read_days, table_of
from tests.cast import actor
from tests.factories.base import Example, Ids, Visit

NOTICE = "国务院办公厅关于2027年部分节假日安排的通知（国办发明电〔2026〕7号）"
SOURCE = "测试用，未经公布"
OFF = "元旦 0101-0103\n春节 0205-0212\n劳动节 0501-0505\n国庆节 1001-1007"
MADE_UP = "春节 0130 0220\n国庆节 0926"


def table(year: int = 2027, holidays: str = OFF, makeups: str = MADE_UP, **texts: str) -> YearTable:
    """Return a table as the form would read it; by default an invented one of 2027."""
    (off, first), (made_up, second) = (
        read_days(text, year, name) for name, text in ((HOLIDAYS, holidays), (MAKEUPS, makeups))
    )
    assert not first + second
    return table_of(year, off, made_up, **{"notice": NOTICE, "source": SOURCE, "note": "", **texts})


def published(year: int) -> YearTable:
    """Return a year as it was published."""
    return calendar_files.read_year(ROOT / f"seeds/calendars/{year}.toml")


def prepare(prepared: YearTable, username: str = "sysadmin") -> str:
    """Prepare an edition; return the mark of what its preview shows."""
    with short_transaction() as session:
        services.keep_draft(session, actor(username, Permission.CALENDAR_MANAGE), prepared, clock.now())
    return effects.effect_of(db.session(), prepared).digest


def _prepared(_site: Any) -> Ids:
    return {"year": 2027, "_seen": prepare(table())}


def _draft(_site: Any) -> Ids:
    assert queries.draft_of(db.session(), actor("sysadmin"), 2027) is None
    prepare(table())
    return {"year": 2027}


FILE = (ROOT / "seeds/calendars/2024.toml").read_bytes()
TYPED = {
    "year": "2027",
    "notice": NOTICE,
    "source": SOURCE,
    "holidays": OFF,
    "makeups": MADE_UP,
    "note": "试录",
}
EXAMPLES = [
    Example(
        "worktime.take_typed",
        "sysadmin",
        lambda _site: {"year": 2027},
        data=TYPED,
        page="worktime.edit",
        shown=("worktime.preview",),
        audited=False,
        text=("notice", "source", "note"),
    ),
    Example(
        "worktime.take_file",
        "sysadmin",
        files={"file": (FILE, "2024.toml")},
        page="worktime.edit",
        audited=False,
    ),
    Example(
        "worktime.apply",
        "sysadmin",
        _prepared,
        data=lambda ids: {"seen": ids["_seen"]},
        page="worktime.preview",
        shown=("worktime.show",),
    ),
]
VISITS = [
    Visit("worktime.show", "window_a", lambda _site: {"year": 2026}, hidden_from=()),
    Visit("worktime.preview", "sysadmin", _draft, hidden_from=("outsider", "director"), recorded=False),
]
