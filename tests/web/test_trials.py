"""What-if as section head and director use it: tried, compared, adopted; looking saves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from app import clock
from app.db.uow import unit_of_work
from app.evaluations import rulebook_services, trial_routes
from app.jobs import worker
from tests.cast import actor
from tests.factories import rulebooks
from tests.factories.evaluations import computed, harsher
from tests.pages import Page, follow
from tests.sweeps import assert_unchanged, snapshot


def prepared(site: Any) -> tuple[int, int]:
    with site.app.app_context():
        return computed(site), harsher()


def test_a_trial_shows_who_moves_by_how_much_and_why(site: Any, sign_in: Any) -> None:
    month_id, rulebook_id = prepared(site)
    head = sign_in("head")
    start = Page(head.get(Page(head.get(f"/rulebooks/{rulebook_id}")).link("试算")))
    before = snapshot(site)
    page = Page(head.get(f"{start.address}?month={month_id}"))
    assert_unchanged(before, snapshot(site))
    moved = {row[0]: row for row in page.rows(".section table:nth-of-type(2)") if row}
    assert moved["吴窗口"][2:5] == ["96", "90", "-6"]
    assert "2 人次 × 2 分" not in page.text("main")
    assert "× 5 分" in page.text("main") and "× 2 分" in page.text("main")
    assert moved["A01 企业开办"][2:5] == ["90.8", "89", "-1.8"]  # its people's mean has moved
    assert "李首信" not in moved


def test_many_events_are_tried_in_the_background(
    site: Any, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    month_id, rulebook_id = prepared(site)
    monkeypatch.setattr(trial_routes, "DIRECT", 1)
    head = sign_in("head")
    page = Page(head.get(f"/rulebooks/{rulebook_id}/what-if?month={month_id}"))
    assert "吴窗口" not in page.text("main")
    (form,) = page.forms_to(f"/rulebooks/{rulebook_id}/what-if")
    job = follow(form.submit())
    assert "试算" in job.text("h1")
    with site.app.app_context():
        worker.run_due(site.app)
    result = Page(head.get(Page(head.get(job.address)).link("查看结果")))
    assert "吴窗口" in result.text("main")
    assert sign_in("director").get(result.address).status_code == 404


def test_what_is_adopted_is_the_next_version_of_what_is_in_force(site: Any, sign_in: Any) -> None:
    _month_id, rulebook_id = prepared(site)
    head = sign_in("head")
    page = Page(head.get(f"/rulebooks/{rulebook_id}/what-if"))
    (form,) = page.forms_to(f"/rulebooks/{rulebook_id}/adopt")
    adopted = follow(form.submit())
    assert "第 2 版" in adopted.text("main") and "草稿" in adopted.text(".title-line")
    assert "−5" in adopted.text("#items-away")
    director = sign_in("director")
    (force,) = Page(director.get(adopted.address)).forms_to(f"{adopted.address}/put-in-force")
    assert "待施行" in follow(force.fill(effective_on="2026-12-01").submit()).text(".title-line")


def test_only_who_may_try_sees_the_scores(site: Any, sign_in: Any) -> None:
    month_id, rulebook_id = prepared(site)
    for name in ("wang", "window_a", "auditor"):
        assert sign_in(name).get(f"/rulebooks/{rulebook_id}/what-if?month={month_id}").status_code == 403


def test_a_rulebook_of_quarters_is_not_tried_on_months(site: Any, sign_in: Any) -> None:
    with site.app.app_context():
        text = rulebooks.text("quarterly").replace("period: month", "period: quarter")
        with unit_of_work(actor("head"), clock.now()) as uow:
            rulebook_id = rulebook_services.import_rulebook(uow, site.cast.centre, text).id
    head = sign_in("head")
    assert "试算" not in Page(head.get(f"/rulebooks/{rulebook_id}")).text(".page-actions")
    refused = head.get(f"/rulebooks/{rulebook_id}/what-if")
    assert "按月考核" in Page(refused, 409).text("main")
