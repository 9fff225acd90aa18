"""Entries of the small ledgers: recorded, confirmed by a second person, corrected, voided, imported."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app import clock as office
from app.audit import queries as audit
from app.audit.models import AuditEntry
from app.core.errors import DomainError, Invalid, NotAllowed, NotFound, Stale
from app.db.scope import OutOfScope
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.registers import figure_queries, queries, services
from app.registers.models import RegisterEntry
from app.registers.rules import EntryStatus, Kind, Level, Register, Verb
from app.transfers import intake
from app.transfers import services as transfers
from app.transfers.models import Batch
from tests.cast import NOW, actor
from tests.factories import registers as made
from tests.factories.inspections import stored_photo
from tests.factories.registers import GIVER, attendance, confirmed, late, letter, recorded, refused

pytestmark = pytest.mark.both_databases
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)


@pytest.fixture(autouse=True)
def _context(db_context: Any) -> None:
    """Every test here talks to the services."""


def again(row: RegisterEntry) -> RegisterEntry:
    entry_id = row.id
    end_reading()
    return db.session.get_one(RegisterEntry, entry_id)


def confirm(username: str, *rows: RegisterEntry) -> None:
    wanted = [(row.id, row.version) for row in rows]
    with unit_of_work(actor(username), office.now()) as uow:
        services.confirm_entries(uow, wanted)


def entries(action: str) -> list[AuditEntry]:
    end_reading()
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


# --- a second person --------------------------------------------------------------------------------


def test_an_entry_counts_once_a_second_person_has_confirmed_it(site: Any) -> None:
    row = recorded(site)
    assert (row.number, row.status, row.register) == ("TZ2026-1", EntryStatus.RECORDED, Register.PRAISE)
    assert not list(queries.score_events(site.cast.centre, FIRST, LAST))
    confirm("head", row)
    assert again(row).status is EntryStatus.CONFIRMED
    (event,) = queries.score_events(site.cast.centre, FIRST, LAST)
    assert (event.source, event.source_id, event.link) == ("register_entry", row.id, "letter")
    assert event.quantity == Decimal(1)
    assert event.staff_id == site.cast.window_a_staff
    assert event.patrol_point_id == site.cast.point_a
    assert event.department_id == site.cast.department_a
    assert event.evidence == (stored_photo(site).sha256,)
    assert office.local(event.occurred_at).date() == date(2026, 11, 17)


@pytest.mark.parametrize("verb", [Verb.CONFIRM, Verb.REFUSE])
def test_nobody_confirms_or_refuses_his_own_entry(site: Any, verb: Verb) -> None:
    row = recorded(site, username="head")
    with pytest.raises(NotAllowed), unit_of_work(actor("head"), office.now()) as uow:
        if verb is Verb.CONFIRM:
            services.confirm_entries(uow, [(row.id, row.version)])
        else:
            services.refuse_entry(uow, row.id, row.version, "不实。")
    confirm("director", row)
    assert again(row).status is EntryStatus.CONFIRMED


def test_whoever_corrected_last_cannot_confirm_either(site: Any) -> None:
    row = recorded(site)
    with unit_of_work(actor("head"), office.now()) as uow:
        services.correct_entry(uow, row.id, row.version, letter(site, text="更正后的内容。"), ())
    row = again(row)
    assert row.corrected_by_id == site.cast.users["head"]
    with pytest.raises(NotAllowed):
        confirm("head", row)
    confirm("director", again(row))


def test_several_are_confirmed_together_or_none(site: Any) -> None:
    one, other = recorded(site), recorded(site, late(site), username="head")
    with pytest.raises(NotAllowed):
        confirm("head", one, other)
    assert [again(row).status for row in (one, other)] == [EntryStatus.RECORDED] * 2
    confirm("director", again(one), again(other))
    assert [again(row).status for row in (one, other)] == [EntryStatus.CONFIRMED] * 2
    assert len(entries("register_entry.confirmed")) == 2


def test_what_was_looked_at_is_what_is_confirmed(site: Any) -> None:
    row = recorded(site)
    seen = (row.id, row.version)
    with unit_of_work(actor("wang"), office.now()) as uow:
        services.correct_entry(uow, row.id, row.version, letter(site, text="另一回事。"), ())
    with pytest.raises(Stale), unit_of_work(actor("head"), office.now()) as uow:
        services.confirm_entries(uow, [seen])


def test_a_refused_entry_is_corrected_and_handed_in_again(site: Any) -> None:
    row = refused(site)
    assert (row.status, row.refusal_reason) == (EntryStatus.REFUSED, "照片看不清。")
    with unit_of_work(actor("wang"), office.now()) as uow:
        services.correct_entry(uow, row.id, row.version, letter(site), [stored_photo(site, "green")])
    row = again(row)
    assert (row.status, row.refusal_reason, row.decided_by_id, row.files) == (
        EntryStatus.RECORDED,
        "",
        None,
        2,
    )
    confirm("head", row)


@pytest.mark.parametrize("make", [confirmed, made.refused])
def test_what_is_decided_is_not_confirmed_again(site: Any, make: Callable[[Any], RegisterEntry]) -> None:
    with pytest.raises(NotAllowed):
        confirm("director", make(site))


def test_a_confirmed_entry_is_not_corrected_but_voided(site: Any) -> None:
    row = confirmed(site)
    with pytest.raises(NotAllowed), unit_of_work(actor("wang"), office.now()) as uow:
        services.correct_entry(uow, row.id, row.version, letter(site), ())
    row = again(row)
    with unit_of_work(actor("director"), office.now()) as uow:
        services.void_entry(uow, row.id, row.version, "重复登记。")
    assert (again(row).status, again(row).void_reason) == (EntryStatus.VOID, "重复登记。")
    assert not list(queries.score_events(site.cast.centre, FIRST, LAST))


def test_the_kind_stays(site: Any) -> None:
    row = recorded(site)
    with pytest.raises(NotAllowed), unit_of_work(actor("wang"), office.now()) as uow:
        services.correct_entry(uow, row.id, row.version, letter(site, kind=Kind.BANNER), ())


def test_one_person_has_one_late_arrival_a_day(site: Any) -> None:
    row = recorded(site, late(site))
    with pytest.raises(Invalid, match=row.number):
        recorded(site, late(site))
    recorded(site, late(site, kind=Kind.EARLY))
    recorded(site, late(site, happened_on=date(2026, 11, 17)))
    with unit_of_work(actor("head"), office.now()) as uow:
        services.refuse_entry(uow, row.id, row.version, "系统故障。")
    again_late = recorded(site, late(site))
    with pytest.raises(Invalid), unit_of_work(actor("wang"), office.now()) as uow:
        services.correct_entry(uow, row.id, row.version, late(site), ())
    assert again(again_late).status is EntryStatus.RECORDED


# --- who sees what ----------------------------------------------------------------------------------


def test_people_see_their_own_once_it_is_confirmed(site: Any) -> None:
    row = recorded(site)
    for username in ("window_a", "chief_a"):
        with pytest.raises(OutOfScope):
            queries.get(actor(username), row.id)
    confirm("head", row)
    for username in ("window_a", "chief_a", "wang", "auditor"):
        assert queries.get(actor(username), row.id).id == row.id
    for username in ("chief_b", "outsider", "lower"):
        with pytest.raises(OutOfScope):
            queries.get(actor(username), row.id)


def test_the_name_of_a_giver_stays_out_of_log_and_search(site: Any) -> None:
    row = recorded(site)
    with unit_of_work(actor("wang"), office.now()) as uow:
        services.correct_entry(uow, row.id, row.version, letter(site, giver="另一位群众"), ())
    end_reading()
    payloads = " ".join(db.session.scalars(select(AuditEntry.payload)))
    assert GIVER not in payloads
    assert "另一位群众" not in payloads
    (change,) = [
        change for change in audit.history_of("register_entry", row.id)[0].changes if change.field == "giver"
    ]
    assert (change.before, change.after) == ("***", "***")
    for words, found in ((GIVER, 0), ("另一位", 0), ("老人", 1), ("吴窗口", 1), ("A01", 1), ("TZ2026", 1)):
        rows = queries.ledger(actor("wang"), {"q": words}, office.today()).page.rows
        assert len(rows) == found, words


def test_the_filters(site: Any) -> None:
    recorded(site)
    confirm("head", recorded(site, late(site)))
    recorded(
        site,
        letter(site, kind=Kind.PERSONAL_HONOUR, matter="标兵", awarded_by="总工会", honour_level=Level.CITY),
        username="head",
    )
    cast = site.cast
    for query, found in (
        ({}, 3),
        ({"register": "praise"}, 1),
        ({"kind": "late"}, 1),
        ({"status": "recorded"}, 2),
        ({"mine": "confirm"}, 1),
        ({"level": "city"}, 1),
        ({"month": "2026-11"}, 3),
        ({"month": "2026-10"}, 0),
        ({"from": "2026-11-17"}, 2),
        ({"staff": str(cast.window_a_staff)}, 3),
        ({"point": str(cast.point_b)}, 0),
        ({"department": str(cast.department_a), "register": "attendance"}, 1),
        ({"kind": "nonsense", "month": "2026-13", "staff": "x"}, 3),
    ):
        ledger = queries.ledger(actor("head"), query, office.today())
        assert (len(ledger.page.rows), ledger.total) == (found, found), query
    ledger = queries.ledger(actor("head"), {}, office.today())
    assert ledger.to_confirm == 1
    assert ledger.month == {
        Register.PRAISE: 0,
        Register.HONOUR: 0,
        Register.SERVICE: 0,
        Register.ATTENDANCE: 1,
        Register.MEETING: 0,
    }


def test_the_figures_count_what_is_confirmed(site: Any) -> None:
    confirm("head", recorded(site, late(site)))
    confirm("head", recorded(site, letter(site, kind=Kind.AT_HOME, quantity=5)))
    recorded(site, letter(site, kind=Kind.AT_HOME, quantity=7))
    honour = letter(site, kind=Kind.PERSONAL_HONOUR, matter="标兵", honour_level=Level.CITY)
    confirm("head", recorded(site, honour))
    span = figure_queries.this_month(office.today())
    groups = {group.register: group for group in figure_queries.figures(actor("head"), span)}
    lines = {line.member: line for group in groups.values() for line in group.lines}
    at_home = lines[Kind.AT_HOME]
    assert (at_home.entries, at_home.quantity, at_home.waiting) == (1, 5, 1)
    assert lines[Level.CITY].entries == lines[Kind.PERSONAL_HONOUR].entries == 1
    assert groups[Register.HONOUR].entries == 1  # its level is no second honour
    for line in lines.values():
        rows = queries.ledger(actor("head"), {"status": "confirmed", **line.query}, office.today())
        assert rows.total == line.entries, line.member


def test_events_are_those_of_the_days_and_the_centre(site: Any) -> None:
    confirm("head", recorded(site, late(site, happened_on=date(2026, 10, 31))))
    confirm("head", recorded(site, late(site, happened_on=FIRST, quantity=2, minutes=30)))
    events = list(queries.score_events(site.cast.centre, FIRST, LAST))
    assert [(e.link, e.quantity, e.facts) for e in events] == [
        ("late", Decimal(2), {"register": "attendance", "minutes": Decimal(30)})
    ]
    assert not list(queries.score_events(site.cast.other_centre, FIRST, LAST))


# --- attendance out of a table ----------------------------------------------------------------------


class Table:
    """A table of attendance on its way in, as an inspector hands it in."""

    def __init__(self, site: Any, content: bytes, username: str = "wang") -> None:
        self.site, self.who = site, username
        self.kind = intake.kind_of(actor(username), "attendance")
        intake.begin(site.settings, actor(username), self.kind, io.BytesIO(content), "考勤.xlsx", NOW)

    def check(self) -> dict[str, int]:
        end_reading()
        draft = intake.get(actor(self.who), self.kind)
        self.report = intake.check(self.site.settings, self.kind, draft)
        return {name: count for name, count in self.report.counts.items() if count}

    def faults(self) -> list[tuple[int, str, str]]:
        self.check()
        end_reading()
        draft = intake.get(actor(self.who), self.kind)
        found = intake.faults_of(self.site.settings, self.kind, draft)
        return [(each.row, each.label, str(each.reason)) for each in found]

    def apply(self, *, skip_bad: bool = False) -> Batch:
        self.check()
        end_reading()
        draft_id = intake.get(actor(self.who), self.kind).id
        self.kind.prepare(self.report.judged)
        with unit_of_work(actor(self.who), office.now()) as uow:
            return transfers.apply_table(uow, self.kind, draft_id, self.report, skip_bad=skip_bad)


ROWS = (
    ("1002", "吴窗口", date(2026, 11, 16), "迟到", 1, 12, "未提前报告"),
    ("", "周首诺", "2026-11-17", "缺卡", "", "", ""),
    ("2002", "", date(2026, 11, 17), "旷工", 2, "", ""),
)


def imported() -> list[RegisterEntry]:
    end_reading()
    return list(db.session.scalars(select(RegisterEntry).order_by(RegisterEntry.id)))


def test_a_table_becomes_entries_that_wait_for_a_second_person(site: Any) -> None:
    batch_id = Table(site, attendance(*ROWS)).apply().id
    rows = imported()
    assert [(row.kind, row.quantity, row.minutes, row.status) for row in rows] == [
        (Kind.LATE, 1, 12, EntryStatus.RECORDED),
        (Kind.UNSIGNED, 1, None, EntryStatus.RECORDED),
        (Kind.ABSENT, 2, None, EntryStatus.RECORDED),
    ]
    assert [row.number for row in rows] == ["TZ2026-1", "TZ2026-2", "TZ2026-3"]
    assert rows[0].patrol_point_id == site.cast.point_a  # where he was posted that day
    assert [row.department_id for row in rows[1:]] == [site.cast.department_b] * 2
    assert {row.batch_id for row in rows} == {batch_id}
    found = queries.ledger(actor("head"), {"q": "吴窗口"}, office.today()).page.rows
    assert [row.id for row in found] == [rows[0].id]
    with pytest.raises(NotAllowed):
        confirm("wang", rows[0])
    confirm("head", *imported())
    assert len(list(queries.score_events(site.cast.centre, FIRST, LAST))) == 3


def test_the_same_file_twice_does_nothing(site: Any) -> None:
    Table(site, attendance(*ROWS)).apply()
    rows = imported()
    confirm("head", rows[0])
    with unit_of_work(actor("head"), office.now()) as uow:
        services.refuse_entry(uow, rows[1].id, rows[1].version, "当天公出。")
    second = Table(site, attendance(*ROWS))
    assert second.check() == {"unchanged": 3}
    with pytest.raises(Invalid):
        second.apply()
    assert len(imported()) == 3


def test_a_row_that_says_otherwise_corrects_what_still_waits(site: Any) -> None:
    Table(site, attendance(*ROWS)).apply()
    confirm("head", imported()[2])
    changed = (("1002", "", date(2026, 11, 16), "迟到", 2, 30, ""), (*ROWS[2][:4], 1, "", ""))
    table = Table(site, attendance(*changed), username="head")
    assert table.faults() == [(3, "次数", "TZ2026-3 已经确认，与这一行不同；确需更正的，请先作废再导入。")]
    table.apply(skip_bad=True)
    row = imported()[0]
    assert (row.quantity, row.minutes, row.text) == (2, 30, "未提前报告")
    assert row.corrected_by_id == site.cast.users["head"]


@pytest.mark.parametrize(
    ("row", "label", "reason"),
    [
        (("7777", "", date(2026, 11, 16), "迟到"), "工号", "没有工号为“7777”的人员。"),
        (("", "无名氏", date(2026, 11, 16), "迟到"), "姓名", "没有名叫“无名氏”的人员。"),
        (("1002", "周首诺", date(2026, 11, 16), "迟到"), "姓名", "工号 1002 是吴窗口，与姓名不符。"),
        (("", "", date(2026, 11, 16), "迟到"), "工号", "请填写此项。"),
        (("1002", "", "", "迟到"), "日期", "请填写此项。"),
        (("1002", "", date(2026, 11, 19), "迟到"), "日期", "日期不能晚于今天。"),
        (("1002", "", date(2026, 11, 16), "旷工", 3), "次数", "数量应当在 1 到 2 之间。"),
        (("1002", "", date(2026, 11, 16), "漏签", 1, 5), "分钟", "这一类不填分钟。"),
    ],
)
def test_a_bad_row_says_what_is_wrong(site: Any, row: tuple[Any, ...], label: str, reason: str) -> None:
    assert Table(site, attendance(row)).faults() == [(2, label, reason)]


def test_a_kind_that_is_none_is_refused_with_those_there_are(site: Any) -> None:
    ((_, label, reason),) = Table(site, attendance(("1002", "", date(2026, 11, 16), "喝茶"))).faults()
    assert label == "类别"
    assert reason == "没有“喝茶”，可以填：迟到、早退、旷工、漏签。"


def test_a_person_and_day_stand_in_a_table_once(site: Any) -> None:
    twice = (ROWS[0], (*ROWS[0][:4], 2, 20, ""))
    ((number, _, reason),) = Table(site, attendance(*twice)).faults()
    assert (number, reason) == (3, "与第 2 行重复。")


def test_what_was_entered_since_the_check_is_not_entered_twice(site: Any) -> None:
    table = Table(site, attendance(ROWS[0]))
    table.check()
    recorded(site, late(site, minutes=None))
    end_reading()
    draft_id = intake.get(actor("wang"), table.kind).id
    for report in (table.report, replace(table.report, fingerprint=_now(table))):
        with pytest.raises(Stale), unit_of_work(actor("wang"), office.now()) as uow:
            transfers.apply_table(uow, table.kind, draft_id, report, skip_bad=False)
    assert len(imported()) == 1


def _now(table: Table) -> list[list[int]]:
    from app.transfers import importing

    return importing.fingerprint(table.kind)


def test_a_kind_of_table_asks_for_its_own_permission(site: Any) -> None:
    batch_id = Table(site, attendance(*ROWS)).apply().id
    from app.transfers import import_queries

    for username, name in (("sysadmin", "attendance"), ("wang", "staff"), ("head", "patrol-points")):
        with pytest.raises(NotFound):
            intake.kind_of(actor(username), name)
    assert import_queries.get(actor("head"), batch_id).kind == "attendance"
    for username in ("sysadmin", "outside_head"):
        with pytest.raises(OutOfScope):
            import_queries.get(actor(username), batch_id)


def test_a_time_of_the_future_or_long_past_is_refused(site: Any) -> None:
    for days in (-1, 400):
        with pytest.raises(DomainError):
            recorded(site, letter(site, happened_on=office.today() - timedelta(days=days)))
