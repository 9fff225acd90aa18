"""A weekly bulletin as the inspector, the section head, the director and the hall use it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.factories.bulletins import FIRST_ON, drafted, issued, reviewed
from tests.factories.evaluations import seen
from tests.factories.inspections import submitted
from tests.factories.rectifications import received
from tests.pages import Page, follow


def prepared(site: Any, make: Any, *args: Any) -> int:
    with site.app.app_context():
        return int(make(*args) or 0)


def of_the_week(site: Any) -> None:
    """Let the week have findings, a patrol and a notice."""
    with site.app.app_context():
        for hour in (1, 2, 3):
            seen(site, datetime(2026, 11, 10, hour, tzinfo=UTC))
        submitted(site)
        received(site)


def test_a_bulletin_goes_from_the_inspector_to_the_hall(site: Any, sign_in: Any, clock: Any) -> None:
    of_the_week(site)
    wang = sign_in("wang")
    start = Page(wang.get("/bulletins")).form("form.entry")
    record = follow(start.fill(week="2026-11-16").submit())
    assert record.text("h1") == "2026年第47周通报"
    written = record.form("form[data-entry]").fill(
        good_practice="三号窗口代填表格。", requirements="立即整改。"
    )
    record = follow(written.submit())
    assert "代填表格" in record.text("main")
    address = record.address
    assert "还没有结束" in Page(sign_in("head").get(address)).text("main")
    clock.now += timedelta(days=5)
    head = sign_in("head")
    (review,) = Page(head.get(address)).forms_to(f"{address}/review")
    assert "待签发" in follow(review.submit()).text(".title-line")
    director = sign_in("director")
    assert "待我处理的通报" in Page(director.get("/")).text("main")
    (send_back,) = Page(director.get(address)).forms_to(f"{address}/return")
    refused = Page(send_back.fill(reason=" ").submit(), 422)
    assert "退回原因" in refused.text(".errors")
    (issue,) = Page(director.get(address)).forms_to(f"{address}/issue")
    shown = follow(issue.submit())
    assert "已签发" in shown.text(".title-line") and "政服通〔2026〕1号" in shown.text("main")
    hall = Page(sign_in("window_a").get(address))
    assert "代填表格" in hall.text("main") and not hall.forms_to(f"{address}/correct")


def test_every_number_of_a_bulletin_opens_its_rows(site: Any, sign_in: Any) -> None:
    of_the_week(site)
    head = sign_in("head")
    for week_on in (FIRST_ON, date(2026, 11, 16)):
        bulletin_id = prepared(site, drafted, site, week_on)
        page, followed = Page(head.get(f"/bulletins/{bulletin_id}")), 0
        for link in page.all(".bulletin table a"):
            address = str(link["href"])
            # The days of the cadence lead to the patrols of those days, the windows to the board.
            if address.startswith(("/findings", "/rectifications")) or "released=1" in address:
                count = Page(head.get(address)).all(".page-count")
                assert (count[0].get_text(strip=True) if count else "0") == link.get_text(strip=True), address
                followed += 1
        assert followed > 8


def test_what_was_typed_comes_back_when_somebody_was_faster(site: Any, sign_in: Any) -> None:
    bulletin_id = prepared(site, drafted, site)
    wang, zhao = sign_in("wang"), sign_in("zhao")
    mine, theirs = (
        Page(who.get(f"/bulletins/{bulletin_id}")).form("form[data-entry]") for who in (wang, zhao)
    )
    follow(theirs.fill(good_practice="预约服务。").submit())
    again = Page(mine.fill(good_practice="延时服务。").submit(), 409)
    assert again.one("[name=good_practice]").get_text(strip=True) == "延时服务。"
    follow(again.form("form[data-entry]").submit())
    assert "延时服务" in Page(zhao.get(f"/bulletins/{bulletin_id}")).text("main")


def test_a_reviewed_bulletin_can_no_longer_be_written(site: Any, sign_in: Any) -> None:
    bulletin_id = prepared(site, drafted, site)
    wang, address = sign_in("wang"), f"/bulletins/{bulletin_id}"
    form = Page(wang.get(address)).form("form[data-entry]")
    head = sign_in("head")
    (review,) = Page(head.get(address)).forms_to(f"{address}/review")
    follow(review.submit())
    late = Page(form.fill(good_practice="来晚了的一段话。").submit(), 409)
    assert "来晚了的一段话" in late.text("main"), "nothing typed is lost"


def test_a_week_that_was_told_is_not_offered(site: Any, sign_in: Any) -> None:
    of_the_week(site)
    prepared(site, issued, site, FIRST_ON)
    page = Page(sign_in("wang").get("/bulletins"))
    offered = [option["value"] for option in page.all("select[name=week] option")]
    assert FIRST_ON.isoformat() not in offered and "2026-11-16" in offered
    form = page.form("form.entry")
    form.values["week"] = [FIRST_ON.isoformat()]
    assert "哪一周" in Page(form.submit(), 422).text(".errors")


def test_a_week_of_last_year_can_still_be_told(site: Any, sign_in: Any, clock: Any) -> None:
    of_the_week(site)
    clock.now += timedelta(weeks=7)
    form = Page(sign_in("wang").get("/bulletins?year=2026")).form("form.entry")
    record = follow(form.fill(week="2026-11-16").submit())
    assert record.text("h1") == "2026年第47周通报"


def test_an_issued_bulletin_is_corrected_by_another(site: Any, sign_in: Any) -> None:
    bulletin_id = prepared(site, issued, site)
    address = f"/bulletins/{bulletin_id}"
    (correct,) = Page(sign_in("wang").get(address)).forms_to(f"{address}/correct")
    record = follow(correct.fill(reason="漏报一个窗口").submit())
    assert record.address != address and "漏报一个窗口" in record.text("main")
    assert "草稿" in record.text(".title-line")


def test_filters_and_the_hall(site: Any, sign_in: Any) -> None:
    prepared(site, reviewed, site, FIRST_ON)
    issued_id = prepared(site, issued, site)
    head = sign_in("head")
    shown = Page(head.get("/bulletins?status=reviewed"))
    assert len(shown.rows("#bulletins-rows")) == 2
    assert "还没有" in Page(head.get("/bulletins?year=2020")).text("#bulletins-rows")
    hall = sign_in("chief_a")
    rows = Page(hall.get("/bulletins")).rows("#bulletins-rows")
    assert len(rows) == 2
    assert Page(hall.get(f"/bulletins/{issued_id}")).all(".bulletin table a") == []
