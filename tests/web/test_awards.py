"""An award as the section head, the hall and the director use it."""

from __future__ import annotations

from typing import Any

from tests.factories.evaluations_awards import (
    QUARTER_ON,
    award_rules,
    complete,
    decided,
    in_publication,
    proposed,
    settled,
    to_decide,
)
from tests.pages import Page, follow


def prepared(site: Any, make: Any, *args: Any) -> int:
    with site.app.app_context():
        return int(make(*args) or 0)


def test_an_award_is_proposed_completed_and_published(site: Any, sign_in: Any) -> None:
    prepared(site, settled, site)
    prepared(site, award_rules)
    head = sign_in("head")
    start = Page(head.get("/awards")).form("form.entry")
    record = follow(start.fill(subject="staff", period=f"quarter:{QUARTER_ON}").submit())
    assert "2026年第三季度 · 服务标兵" in record.text("h1")
    assert "缺少输入项" in record.text("#evaluations-candidates")
    grid = Page(head.get(record.link("录入测评")))
    (form,) = grid.forms_to(grid.address)
    fields = [name for name in form.values if name.startswith("value_")]
    bad = Page(form.fill(**dict.fromkeys(fields, "101")).submit(), 422)
    assert "应当在 0 到 100 之间" in bad.text(".errors")
    assert form.values[fields[0]] == ["101"]
    record = follow(form.fill(**{name: str(90 - n) for n, name in enumerate(fields)}).submit())
    (publish,) = record.forms_to(f"{record.address}/publish")
    assert "公示中" in follow(publish.submit()).text(".title-line")


def test_every_figure_of_an_award_leads_to_its_candidates(site: Any, sign_in: Any) -> None:
    """R03: the rank of the quarter's score among the eligible, vetoes and decision."""
    award_id = prepared(site, decided, site)
    head = sign_in("head")
    page = Page(head.get(f"/awards/{award_id}"))
    for link in page.all("a.figure"):
        shown = Page(head.get(str(link["href"]).split("#")[0]))
        rows = shown.rows("#evaluations-candidates") if shown.all("#evaluations-candidates table") else [[]]
        assert len(rows) - 1 == int(link.select(".figure-value")[0].get_text())
    ranks = [row[0] for row in page.rows("#evaluations-candidates")[1:]]
    assert ranks[0] == "1"
    assert "季度" in page.text("h1")


def test_the_director_decides_and_the_papers_are_numbered(site: Any, sign_in: Any) -> None:
    award_id = prepared(site, to_decide, site)
    director = sign_in("director")
    page = Page(director.get(f"/awards/{award_id}/decision"))
    (form,) = page.forms_to(page.address)
    first = next(name for name in form.values if name.startswith("rank_"))
    missing = Page(form.fill(**{first: ""}, decision="主任办公会审定").submit(), 422)
    assert "请写明理由" in missing.text(".errors")
    (again,) = missing.forms_to(missing.address)
    assert again.values["decision"] == ["主任办公会审定"]
    record = follow(again.fill(**{first: "1"}).submit())
    assert "已决定" in record.text(".title-line")
    assert "评选审批表" in record.text("main") and "表彰通报" in record.text("main")


def test_a_decision_from_an_older_page_comes_back_as_typed(site: Any, sign_in: Any) -> None:
    award_id = prepared(site, to_decide, site)
    page = Page(sign_in("director").get(f"/awards/{award_id}/decision"))
    (form,) = page.forms_to(page.address)
    stale = Page(form.fill(version="7", decision="主任办公会审定").submit(), 409)
    assert "刚被别人改动" in stale.text(".errors")
    (again,) = stale.forms_to(stale.address)
    assert again.values["decision"] == ["主任办公会审定"]
    assert "已决定" in follow(again.submit()).text(".title-line")


def test_the_decision_waits_for_the_publication_to_end(site: Any, sign_in: Any) -> None:
    award_id = prepared(site, in_publication, site)
    page = Page(sign_in("director").get(f"/awards/{award_id}/decision"))
    assert "公示期还没有结束" in page.text("main")
    assert not page.all("form.entry")


def test_the_hall_sees_who_is_proposed_and_itself(site: Any, sign_in: Any) -> None:
    award_id = prepared(site, in_publication, site)
    person = sign_in("window_a")
    assert "2026年第三季度" in Page(person.get("/awards")).text("main")
    page = Page(person.get(f"/awards/{award_id}"))
    assert "吴窗口" in page.text("#evaluations-candidates")
    assert not page.all("a.figure")
    hidden = prepared(site, proposed, site)
    assert person.get(f"/awards/{hidden}").status_code == 404


def test_a_rulebook_that_asks_for_nothing_has_no_grid(site: Any, sign_in: Any) -> None:
    award_id = prepared(site, complete, site)
    assert sign_in("head").get(f"/awards/{award_id}/inputs/nothing").status_code == 404
