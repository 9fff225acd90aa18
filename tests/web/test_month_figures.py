"""The figures of a month and its entries, as section head, director and window people use them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from app import clock
from app.db.uow import unit_of_work
from app.evaluations import month_services
from app.permissions import Permission
from tests.cast import actor
from tests.factories.evaluations import asked, asking_rules, computed, seen
from tests.pages import Page, follow
from tests.sweeps import watch_statements


def two_months(site: Any) -> int:
    """Compute September with one finding and October with two; return October."""
    with site.app.app_context():
        october = computed(site)
        seen(site, datetime(2026, 9, 14, 2, 0, tzinfo=UTC))
        with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), clock.now()) as uow:
            month_services.compute_month(uow, site.cast.centre, date(2026, 9, 1))
        return october


def test_each_figure_opens_its_rows(site: Any, sign_in: Any) -> None:
    month_id = two_months(site)
    head = sign_in("head")
    board = Page(head.get(Page(head.get(f"/evaluations/{month_id}")).link("统计")))
    assert "与 2026-09 比较" in board.text("main")
    assert ["吴窗口", "98", "96", "−2"] in [row[:4] for row in board.rows("main")]
    spread = Page(head.get(board.link("96 以上，不到 96.5")))
    assert [row[1] for row in spread.rows("#evaluations-scores")[1:]] == ["吴窗口"]
    assert len(Page(head.get(board.link("空岗"))).rows("main")) == 3
    assert "A01" in Page(head.get(board.link("A01 企业开办"))).text("h1")
    move = Page(head.get(board.link("吴窗口")))
    assert "2026-10-12" in move.text("main") and "2026-09-14" in move.text("main")


def test_the_figures_cost_the_same_number_of_statements(site: Any, sign_in: Any) -> None:
    month_id = two_months(site)
    head = sign_in("head")
    head.get(f"/evaluations/{month_id}/figures")
    with watch_statements(site) as statements:
        Page(head.get(f"/evaluations/{month_id}/figures"))
    assert len(statements) <= 6, "\n\n".join(statements)


def test_a_person_sees_his_own_figures_only(site: Any, sign_in: Any) -> None:
    month_id = two_months(site)
    assert sign_in("window_a").get(f"/evaluations/{month_id}/figures").status_code == 404
    assert sign_in("outside_head").get(f"/evaluations/{month_id}/figures").status_code == 404


def test_entries_keep_what_was_typed_and_count_after_a_second_person(site: Any, sign_in: Any) -> None:
    with site.app.app_context():
        asking_rules()
        month_id, _ask = asked(site)
        a, b = site.cast.department_a, site.cast.department_b
    head, director = sign_in("head"), sign_in("director")
    start = Page(head.get(Page(head.get(f"/evaluations/{month_id}")).link("数据录入")))
    grid = Page(head.get(start.link("满意率")))
    (form,) = grid.forms_to(grid.address)
    typed = {f"r{a}-amount": "95", f"r{a}-whole": "100", f"r{b}-amount": "9", f"r{b}-whole": "8"}
    refused = Page(form.fill(**typed).submit(), 422)
    assert "0 和总数之间" in refused.text("main")
    (again,) = refused.forms_to(grid.address)
    assert again.values[f"r{a}-amount"] == ["95"]
    listed = follow(again.fill(**{f"r{b}-whole": "9"}).submit())
    assert not listed.all("input[name=input]")  # whoever entered them cannot confirm them
    page = Page(director.get(listed.address))
    ticked = [str(box["value"]) for box in page.all("input[name=input]")]
    assert len(ticked) == 2
    (confirm,) = page.forms_to(f"/evaluations/{month_id}/inputs/confirm")
    done = follow(confirm.fill(input=ticked).submit())
    assert "已确认" in done.text("#evaluations-inputs")


def test_who_was_overtaken_keeps_the_rows_that_are_still_his(site: Any, sign_in: Any) -> None:
    with site.app.app_context():
        asking_rules()
        month_id, _ask = asked(site)
        a, b = site.cast.department_a, site.cast.department_b
    head = sign_in("head")
    start = Page(head.get(f"/evaluations/{month_id}/inputs"))
    slow, quick = (Page(head.get(start.link("满意率"))) for _ in range(2))  # two windows of a browser
    (form,) = quick.forms_to(quick.address)
    follow(form.fill(**{f"r{a}-amount": "95", f"r{a}-whole": "100"}).submit())
    (form,) = slow.forms_to(slow.address)
    typed = {f"r{a}-amount": "90", f"r{a}-whole": "100", f"r{b}-amount": "8", f"r{b}-whole": "9"}
    page = Page(form.fill(**typed).submit(), 409)
    assert "已经有人录入" in page.text(".errors")
    (again,) = page.forms_to(page.address)
    assert again.values[f"r{b}-amount"] == ["8"]
    assert f"r{a}-amount" not in again.names
    follow(again.submit())
