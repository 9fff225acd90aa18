"""The small ledgers as people use them: entering, confirming, correcting, figures, attendance from Excel."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from app.db.uow import end_reading
from app.extensions import db
from app.inspections.models import Finding
from app.inspections.rules import PatrolMode
from app.registers.models import RegisterEntry
from app.registers.rules import EntryStatus, Kind
from tests.factories.inspections import jpeg, submitted
from tests.factories.registers import (
    GIVER,
    LETTER,
    PRAISE,
    attendance,
    confirmed,
    late,
    letter,
    make_entries,
    recorded,
    refused,
)
from tests.pages import Page, follow
from tests.web.test_patrol import refusals

pytestmark = pytest.mark.usefixtures("quick_photos")


def made(app: Any, make: Any, site: Any, *args: Any, **more: Any) -> int:
    """Return the id of an entry that was made."""
    with app.app_context():
        return make(site, *args, **more).id


def entry(app: Any, entry_id: int) -> RegisterEntry:
    with app.app_context():
        end_reading()
        return db.session.get_one(RegisterEntry, entry_id)


def photo() -> dict[str, Any]:
    return {"photos": (io.BytesIO(jpeg()), "感谢信.jpg")}


# --- entering ---------------------------------------------------------------------------------------


def test_every_kind_has_a_form_that_asks_for_what_it_needs(sign_in: Any) -> None:
    wang = sign_in("wang")
    kinds = Page(wang.get("/registers/new"))
    for kind in Kind:
        assert any(link["href"].endswith(f"kind={kind}") for link in kinds.all("main a[href]"))
        form = Page(wang.get(f"/registers/new?kind={kind}")).form("#entry-form")
        assert ("giver" in form.names) == (kind in (Kind.LETTER, Kind.BANNER, Kind.CARD, Kind.CALL))
        assert ("awarded_by" in form.names) == (kind in (Kind.PERSONAL_HONOUR, Kind.COLLECTIVE_HONOUR))
        assert ("minutes" in form.names) == (kind in (Kind.LATE, Kind.EARLY, Kind.EXTENDED_HOURS))
    assert Page(wang.get("/registers/new?kind=nonsense")).text("h1") == "登记台账"


def test_a_letter_is_entered_and_the_next_form_goes_on(app: Any, sign_in: Any) -> None:
    form = Page(sign_in("wang").get("/registers/new?kind=letter")).form("#entry-form")
    page = follow(form.fill(happened_on="1117", staff="wck", giver=GIVER, text=PRAISE, **photo()).submit())
    assert "TZ2026-1 已登记，等待另一人确认。" in page.text("#flashes")
    assert page.form("#entry-form").values["happened_on"] == ["2026-11-17"]
    assert page.rows("main tbody")[0][:4] == ["TZ2026-1", "感谢信", "2026-11-17 周二", "吴窗口"]
    row = entry(app, 1)
    assert (row.staff_member_id is not None, row.giver, row.files) == (True, GIVER, 1)
    assert row.patrol_point_id
    assert row.department_id


def test_a_refused_form_keeps_words_and_files(app: Any, sign_in: Any) -> None:
    wang = sign_in("wang")
    form = Page(wang.get("/registers/new?kind=letter")).form("#entry-form")
    answer = form.fill(happened_on="1117", staff="没有这人", text=PRAISE, **photo()).submit()
    page = Page(answer, 422)
    assert "没有找到“没有这人”" in page.text(".errors")
    form = page.form("#entry-form")
    assert form.values["text"] == [PRAISE]
    assert len(form.values["photo"]) == 1
    assert wang.get(page.one(".photo-kept img")["src"]).mimetype == "image/jpeg"
    follow(form.fill(staff="1002").submit())
    assert entry(app, 1).files == 1


@pytest.mark.parametrize(
    ("kind", "typed", "said"),
    [
        ("letter", {"staff": "1002", "text": PRAISE}, "必须附照片或扫描件"),
        ("call", {"text": PRAISE}, "请写明是哪个人、哪个窗口或者哪个部门"),
        ("call", {"staff": "1002", "text": PRAISE, "happened_on": "2026-11-19"}, "日期不能晚于今天"),
        ("absent", {"staff": "1002", "quantity": "3"}, "数量应当在 1 到 2 之间"),
        ("personal_honour", {"staff": "1002"}, "请填写此项"),
        ("call", {"point": "Z99", "text": PRAISE}, "没有编号为“Z99”的巡查点"),
        ("call", {"staff": "1002", "text": PRAISE, "on_behalf_name": "谈秉正"}, "代录须写明实际办理人的身份"),
    ],
)
def test_what_is_wrong_is_said_beside_it(sign_in: Any, kind: str, typed: dict[str, str], said: str) -> None:
    form = Page(sign_in("wang").get(f"/registers/new?kind={kind}")).form("#entry-form")
    assert said in Page(form.fill(**typed).submit(), 422).text(".errors")


def test_a_second_tap_finds_the_entry(app: Any, sign_in: Any) -> None:
    wang = sign_in("wang")
    for _ in range(2):
        response = wang.post("/registers", {**LETTER, **photo()})
        assert response.status_code == 303
    with app.app_context():
        assert db.session.query(RegisterEntry).count() == 1


# --- the second person ------------------------------------------------------------------------------


def test_the_recorder_reads_why_he_cannot_confirm(app: Any, site: Any, sign_in: Any) -> None:
    entry_id = made(app, recorded, site, username="head")
    page = Page(sign_in("head").get(f"/registers/{entry_id}"))
    assert not page.forms_to(f"/registers/{entry_id}/confirm")
    assert "不能自己确认" in page.text("main")
    page = Page(sign_in("director").get(f"/registers/{entry_id}"))
    (form,) = page.forms_to(f"/registers/{entry_id}/confirm")
    page = follow(form.submit())
    assert "已确认" in page.text(".title-line")
    assert entry(app, entry_id).status is EntryStatus.CONFIRMED


def test_those_who_wait_are_ticked_and_confirmed_together(app: Any, site: Any, sign_in: Any) -> None:
    one, other = made(app, recorded, site), made(app, recorded, site, late(site))
    own = made(app, recorded, site, letter(site, kind=Kind.CALL), username="head")
    head = sign_in("head")
    page = Page(head.get("/registers?mine=confirm"))
    (form,) = page.forms_to("/registers/confirm?mine=confirm")
    ticks = form.choices("entry") or []
    assert {tick.partition(":")[0] for tick in ticks} == {str(one), str(other)}
    answer = form.fill(entry=ticks).submit()
    assert answer.location == "/registers?mine=confirm"
    assert "已确认 2 条。" in follow(answer).text("#flashes")
    assert [entry(app, each).status.value for each in (one, other, own)] == [
        "confirmed",
        "confirmed",
        "recorded",
    ]
    page = follow(head.post("/registers/confirm", {"entry": ticks}))
    assert "刚被别人改动" in page.text("#flashes")
    page = follow(head.post("/registers/confirm?kind=late", {}))
    assert "请先勾选要确认的登记。" in page.text("#flashes")


def test_a_refused_entry_is_mended_by_its_form(app: Any, site: Any, sign_in: Any) -> None:
    entry_id = made(app, refused, site)
    wang = sign_in("wang")
    page = Page(wang.get(f"/registers/{entry_id}"))
    assert "照片看不清。" in page.text("main")
    page = Page(wang.get(page.link("更正")))
    assert "照片看不清。" in page.text("#entry-form")
    form = page.form("#entry-form")
    assert form.values["staff"] == ["吴窗口 1002"]
    assert form.values["giver"] == [GIVER]
    new = {"photos": (io.BytesIO(jpeg("navy")), "再拍.jpg")}
    page = follow(form.fill(text="重新拍照。", **new).submit())
    assert "已更正，等待另一人确认。" in page.text("#flashes")
    row = entry(app, entry_id)
    assert (row.status, row.text, row.files) == (EntryStatus.RECORDED, "重新拍照。", 2)
    stale = wang.post(f"/registers/{entry_id}/correct", {**LETTER, "version": "1"})
    assert "刚被别人改动" in Page(stale, 409).text(".errors")


def test_a_confirmed_entry_has_no_form_to_correct(app: Any, site: Any, sign_in: Any) -> None:
    entry_id = made(app, confirmed, site)
    response = sign_in("wang").get(f"/registers/{entry_id}/edit")
    assert (response.status_code, response.location) == (303, f"/registers/{entry_id}")


def test_who_was_away_with_permission_is_said_to_the_second_person(
    app: Any, site: Any, sign_in: Any, clock: Any
) -> None:
    from app.db.uow import unit_of_work
    from app.organisation import term_services
    from app.organisation.models import Absence
    from app.organisation.rules import AbsenceKind
    from tests.cast import NOW, actor

    entry_id = made(app, recorded, site, late(site, happened_on=date(2026, 11, 18)))
    with app.app_context(), unit_of_work(actor("head"), NOW) as uow:
        absence = Absence(
            staff_member_id=site.cast.window_a_staff,
            kind=AbsenceKind.ERRAND,
            begins_at=NOW.replace(hour=1),
            ends_at=NOW.replace(hour=4),
        )
        term_services.grant_absence(uow, absence)
    text = Page(sign_in("head").get(f"/registers/{entry_id}")).text("main")
    assert "2026-11-18 09:00 至 2026-11-18 12:00，经批准不在岗。" in text


# --- who sees what ----------------------------------------------------------------------------------


def test_the_name_of_a_giver_is_shown_to_those_who_need_it(app: Any, site: Any, sign_in: Any) -> None:
    entry_id = made(app, confirmed, site)
    for username, shown in (("wang", True), ("head", True), ("auditor", False), ("window_a", False)):
        page = Page(sign_in(username).get(f"/registers/{entry_id}"))
        assert (GIVER in page.html) == shown, username
        assert ("受保护，不显示" in page.text("main .facts")) != shown
    for username in ("wang", "auditor"):
        (form,) = Page(sign_in(username).get("/registers")).forms_to("/exports/registers")
        sheet = load_workbook(io.BytesIO(form.submit().data)).worksheets[0]
        values = [str(cell.value) for row in sheet.iter_rows() for cell in row]
        assert PRAISE in values
        assert not [value for value in values if GIVER in value]


def test_the_people_concerned_find_their_own_confirmed_entries(app: Any, site: Any, sign_in: Any) -> None:
    made(app, confirmed, site)
    made(app, recorded, site, late(site))
    for username, rows in (("window_a", 1), ("chief_a", 1), ("chief_b", 0), ("wang", 2)):
        page = Page(sign_in(username).get("/registers"))
        assert len(page.rows("#registers-list") if page.all("#registers-list") else []) == rows, username
        assert bool(page.all("a[href^='/registers/new']")) == (username == "wang")


def test_every_figure_leads_to_its_entries(app: Any, site: Any, sign_in: Any) -> None:
    with app.app_context():
        make_entries(site, 68)
    head = sign_in("head")
    for url in ("/registers", "/registers/figures"):
        page = Page(head.get(url))
        links = page.all("main a.figure") or page.all("main td.num a")
        assert links
        for link in links:
            number = (link.select_one(".figure-value") or link).get_text(strip=True)
            target = Page(head.get(str(link["href"])))
            assert target.text(".page-count") == number, link["href"]


def test_a_meeting_names_the_findings_that_it_played(app: Any, site: Any, sign_in: Any) -> None:
    """R06: staff meetings at which recordings of the rounds were shown."""
    with app.app_context():
        finding_id = submitted(site, mode=PatrolMode.MYSTERY)[1]
        number = db.session.get_one(Finding, finding_id).number
        db.session.rollback()
    wang = sign_in("wang")
    form = Page(wang.get("/registers/new?kind=staff_meeting")).form("#entry-form")
    form = form.fill(happened_on="1118", matter="全体人员会议", text="播放暗访视频，逐条点评。")
    for typed, said in (
        ("", "请填写此项"),
        (f"{number}、20250101-9-9", "没有编号为 20250101-9-9 的问题"),
        (" ".join(f"a{i}" for i in range(21)), "一次会议最多写 20 个问题"),
    ):
        assert said in Page(form.fill(shown=typed).submit(), 422).text(".errors")
    early = form.fill(happened_on="1117", shown=number).submit()
    assert f"问题 {number} 在会议之后才发现" in Page(early, 422).text(".errors")
    follow(form.fill(happened_on="1118", shown=f"{number}，{number}").submit())
    assert entry(app, 1).shown == number
    head = sign_in("head")
    page = Page(head.get("/registers/1"))
    assert page.link(number).endswith(f"/findings/{finding_id}")
    (confirm,) = page.forms_to("/registers/1/confirm")
    follow(confirm.submit())
    line = Page(head.get("/registers/figures")).one("td a[href*='kind=staff_meeting']").find_parent("tr")
    assert line.get_text(" ", strip=True) == "播放窗口探访的全体人员会议 1 1 次"
    assert sign_in("chief_a").get("/registers/1").status_code == 404


# --- attendance from Excel --------------------------------------------------------------------------

TABLE = attendance(
    ("1002", "吴窗口", date(2026, 11, 16), "迟到", 1, 12, "未提前报告"),
    ("2002", "", date(2026, 11, 17), "旷工(半天)", 2, "", ""),
    ("7777", "", date(2026, 11, 17), "迟到", 1, "", ""),
)


def test_a_table_of_attendance_is_checked_taken_in_and_confirmed(app: Any, sign_in: Any) -> None:
    wang = sign_in("wang")
    page = Page(wang.get(Page(wang.get("/registers")).link("导入考勤")))
    (form,) = page.forms_to("/imports/attendance")
    page = follow(form.fill(file=(io.BytesIO(TABLE), "考勤.xlsx")).submit())
    (form,) = page.forms_to("/imports/attendance/columns")
    page = follow(form.submit())
    assert "没有工号为“7777”的人员。" in page.text("main")
    (form,) = page.forms_to("/imports/attendance/apply")
    page = follow(form.fill(skip_bad="1").submit())
    assert "2" in page.text(".facts")
    head = sign_in("head")
    page = Page(head.get("/registers?register=attendance"))
    assert [row[1] for row in page.rows("#registers-list")] == ["旷工", "迟到"]
    page = Page(head.get(page.link("TZ2026-1")))
    assert page.link("从 Excel 导入")
    assert "不能自己确认" not in page.text("main")


def test_a_table_of_attendance_is_no_business_of_an_administrator(app: Any, sign_in: Any) -> None:
    before = len(refusals(app))
    assert sign_in("sysadmin").get("/imports/attendance").status_code == 404
    assert sign_in("wang").get("/imports/staff").status_code == 404
    assert sign_in("wang").get("/imports/nothing").status_code == 404
    assert sign_in("director").get("/imports/attendance").status_code == 403
    assert len(refusals(app)) == before + 3  # what does not exist is refused to nobody
