"""Where a deadline leads, shown before the notice is issued: over festivals and the turn of the year."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.extensions import db
from tests.factories import inspections, rectifications
from tests.pages import Page

BEFORE_THE_FESTIVAL = datetime(2026, 2, 12, 2, 0, tzinfo=UTC)  # a Thursday; Saturday is a make-up day
FORESEEN = "#rectifications-deadline"


@pytest.fixture
def before_the_festival(clock: Any) -> None:
    clock.set(BEFORE_THE_FESTIVAL)


def opened(site: Any, app: Any, client: Any) -> Page:
    """Open the form of a notice for a finding of this morning."""
    with app.app_context():
        finding_id = inspections.submitted(site)[1]
        db.session.remove()
    return Page(client.get(f"/rectifications/new?finding={finding_id}"))


def test_a_deadline_over_the_spring_festival_is_counted_out_before_issuing(
    before_the_festival, site, app, sign_in
):
    client = sign_in("wang")
    page = opened(site, app, client)
    assert "到期：2026-02-24 周二 17:00" in page.text(FORESEEN)
    assert "其间 3 个工作日，9 天放假或周末不计" in page.text(FORESEEN)
    assert "2026-02-14 周六 第 2 个工作日" in page.text(f"{FORESEEN} .days")
    assert "2026-02-17 周二 放假" in page.text(f"{FORESEEN} .days")
    form = page.form("#issue-form").fill(kind="date", deadline_on="0217", requirement="节后整改。")
    back = Page(form.submit(), 422)
    assert "2026-02-17 是休息日（春节放假），请改为工作日。" in back.text(".errors")
    assert back.form("#issue-form").values["requirement"] == ["节后整改。"]
    issued = back.form("#issue-form").fill(kind="workdays", deadline_workdays="3").submit()
    assert "2026-02-24 17:00" in Page(client.get(issued.location)).text("main")


def test_a_deadline_is_counted_anew_while_it_is_typed(before_the_festival, sign_in):
    client = sign_in("wang")

    def counted(**typed: str) -> str:
        answer = client.get("/rectifications/deadline", query_string=typed, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        return " ".join(answer.text.split())

    assert "2026-02-25 周三 17:00" in counted(kind="workdays", deadline_workdays="4", deadline_hour="17")
    assert "2026-02-28 周六 12:00" in counted(kind="date", deadline_on="0228", deadline_hour="12")
    assert "2026-02-22 是休息日（春节放假），请改为工作日。" in counted(
        kind="date", deadline_on="2026-02-22", deadline_hour="17"
    )
    assert "请填写 1 到 60 之间的整数。" in counted(
        kind="workdays", deadline_workdays="99", deadline_hour="17"
    )
    assert "请填写整改期限。" in counted(kind="date", deadline_on="", deadline_hour="17")


def test_it_can_be_worked_out_on_a_page_of_its_own(before_the_festival, sign_in):
    page = Page(sign_in("wang").get("/rectifications/deadline"))
    assert "2026-02-24 周二 17:00" in page.text(FORESEEN)
    page = Page(page.form("main form").fill(deadline_workdays="1", deadline_hour="12").submit())
    assert "2026-02-13 周五 12:00" in page.text(FORESEEN)


def test_beyond_the_calendar_it_says_that_the_date_may_move(clock, site, app, sign_in):
    clock.set(datetime(2026, 12, 30, 2, 0, tzinfo=UTC))
    page = opened(site, app, sign_in("wang"))
    assert "（暂定）" in page.text(FORESEEN)
    assert "还没有公布放假安排" in page.text(FORESEEN)


def test_the_notice_of_an_instruction_says_it_too(before_the_festival, site, app, cast, sign_in):
    with app.app_context():
        instruction_id = rectifications.instruction(site)
        db.session.remove()
    url = f"/instructions/{instruction_id}/orders/new?to=department:{cast.department_a}"
    assert "到期：2026-02-" in Page(sign_in("head").get(url)).text(FORESEEN)
