"""The ledger of rectifications and its records, as each role meets them."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.extensions import db
from app.rectifications.models import Rectification
from tests.factories.inspections import jpeg, make_findings, submitted
from tests.factories.rectifications import (
    answered,
    asked,
    issued,
    leave_unattended,
    make_rectifications,
    overdue,
    parked,
    received,
)
from tests.pages import Page, check_partial, follow
from tests.web.test_patrol import fill, numbers, refusals

ROWS = "#rectifications-list"


def made(app: Any, site: Any, make: Any, **options: Any) -> tuple[str, int]:
    """Make a rectification; return its address and id."""
    with app.app_context():
        row_id = make(site, **options).id
        db.session.remove()
    return f"/rectifications/{row_id}", row_id


# --- the ledger -----------------------------------------------------------------------------------


def test_the_ledger_and_its_partial(site, app, sign_in):
    fill(app, make_rectifications, site, 3)
    client = sign_in("wang")
    page = Page(client.get("/rectifications"))
    assert numbers(page, ROWS) == [f"云政服督整〔2026〕{n}号" for n in (1, 2, 3)]
    assert [cell["data-label"] for cell in page.all(f"{ROWS} tr:first-child td[data-label]")] == [
        "责任单位",
        "整改责任人",
        "截止时间",
        "时限",
    ]
    check_partial(client, "/rectifications")


@pytest.mark.parametrize("name", ["wang", "zhao", "director", "chief_a"])
def test_every_figure_opens_as_many_rows_as_it_says(site, app, sign_in, name):
    fill(app, make_rectifications, site, 47)
    with app.app_context():
        from app.db.uow import unit_of_work
        from app.rectifications.rules import RECTIFICATION_DUE_MOVED, RectificationStatus
        from tests.cast import NOW, actor

        with unit_of_work(actor("wang"), NOW) as uow:
            for row in uow.session.query(Rectification).filter_by(status=RectificationStatus.CLOSED):
                row.closed_at, row.on_time = NOW, row.id % 3 > 0
                uow.record(RECTIFICATION_DUE_MOVED, row)
    client = sign_in(name)
    for address in ("/rectifications", "/"):
        figures = Page(client.get(address)).all("a.figure")
        assert figures
        for figure in figures:
            rows = numbers(Page(client.get(figure["href"])), "main")
            said = figure.select_one(".figure-value").get_text(strip=True)
            if said.endswith("%"):
                said = figure.select_one(".figure-note").get_text(strip=True).split(" / ")[0]
            assert len(rows) == int(said), figure.get_text(" ", strip=True)


def test_the_filters_say_which_one_is_chosen(site, app, sign_in):
    fill(app, make_rectifications, site, 20)
    client = sign_in("zhao")
    for chip in Page(client.get("/rectifications")).all("a.chip"):
        page = Page(client.get(chip["href"]))
        (chosen,) = page.all("a.chip[aria-current]")
        assert chosen.get_text(strip=True) == chip.get_text(strip=True)
        states = {tag.get_text(strip=True) for tag in page.all(f"{ROWS} td.state")}
        if parse_qs(urlsplit(chip["href"]).query).get("mine") == ["recheck"]:
            assert states == {"待复查"}


def test_pages_go_both_ways_with_the_filter_and_the_words(site, app, sign_in):
    fill(app, make_rectifications, site, 462)
    client = sign_in("wang")
    first = Page(client.get("/rectifications?stands=closed&q=要求"))
    second = Page(client.get(first.one("a[rel=next]")["href"]))
    assert (len(first.all("tbody tr")), len(second.all("tbody tr"))) == (50, 16)
    back = Page(client.get(second.one("a[rel=prev]")["href"]))
    assert numbers(back, ROWS) == numbers(first, ROWS)


def test_two_characters_find_department_place_item_and_person(site, app, sign_in):
    made(app, site, issued)
    client = sign_in("wang")
    for words in ("市场", "企业", "空岗", "吴窗", "值守", "A01"):
        assert len(Page(client.get(f"/rectifications?q={words}")).all("tbody tr")) == 1, words
    assert Page(client.get("/rectifications?q=松岚")).all("tbody tr") == []


# --- who sees which -------------------------------------------------------------------------------


def test_another_departments_chief_finds_nothing_and_the_log_knows(site, app, cast, sign_in):
    url, row_id = made(app, site, issued)
    chief = sign_in("chief_b")
    assert Page(chief.get(url), 404).title.startswith("404")
    for verb in ("receive", "submit"):
        assert chief.post(f"{url}/{verb}", {"version": "1"}).status_code == 404
    assert chief.post(f"{url}/accept", {"version": "1"}).status_code == 403
    assert Page(chief.get("/rectifications")).all("tbody tr") == []
    assert refusals(app)[:3] == [("周首", "rectification", row_id)] * 3
    for name in ("outsider", "outside_head", "lower"):
        assert sign_in(name).get(url).status_code == 404


def test_numbers_that_are_no_rows_are_not_there(sign_in):
    client = sign_in("zhao")
    for number in ("0", "999999", str(2**31), str(2**63), "9" * 40, "-1", "x"):
        assert client.get(f"/rectifications/{number}").status_code == 404
        assert client.post(f"/rectifications/{number}/accept", {"version": "1"}).status_code in (404, 405)


def test_findings_of_another_centre_cannot_be_put_on_a_notice(site, app, sign_in):
    with app.app_context():
        finding_id = submitted(site)[1]
    client = sign_in("outsider")
    assert client.get(f"/rectifications/new?finding={finding_id}").status_code == 404
    assert client.post("/rectifications", {"findings": [str(finding_id)]}).status_code == 404
    assert refusals(app) == [("韩外", "finding", finding_id)] * 2
    assert sign_in("wang").get("/rectifications/new?finding=999999").status_code == 404
    assert len(refusals(app)) == 2


@pytest.mark.parametrize(
    ("make", "verbs"),
    [
        (issued, {"chief_a": {"receive", "extension"}, "wang": set(), "director": {"cancel"}}),
        (received, {"chief_a": {"submit", "extension"}, "wang": set(), "head": {"park", "cancel"}}),
        (asked, {"chief_a": {"submit"}, "head": {"extension/grant", "extension/refuse", "park", "cancel"}}),
        (overdue, {"chief_a": {"submit"}, "wang": set(), "head": {"urge", "park", "cancel"}}),
        (parked, {"chief_a": set(), "director": {"resume"}, "auditor": set()}),
        (answered, {"chief_a": set(), "wang": {"accept", "return"}, "zhao": {"accept", "return"}}),
    ],
)
def test_a_record_offers_each_reader_his_own_step(site, app, sign_in, make, verbs):
    url, _ = made(app, site, make)
    for name, expected in verbs.items():
        page = Page(sign_in(name).get(url))
        offered = {form["action"].removeprefix(f"{url}/") for form in page.all(f"form[action^='{url}/']")}
        assert offered == expected, name


# --- the way --------------------------------------------------------------------------------------


def test_from_the_finding_to_the_close_out(site, app, cast, sign_in):
    fill(app, make_findings, site, 1)
    with app.app_context():
        from app.inspections.models import Finding

        finding_id = db.session.query(Finding).one().id
    wang, chief, zhao = sign_in("wang"), sign_in("chief_b"), sign_in("zhao")
    page = Page(wang.get(f"/findings/{finding_id}"))
    form = Page(wang.get(page.link("下发整改通知书"))).form("#issue-form")
    assert form.values["owner"] == [f"staff:{cast.chief_b_staff}"], (
        "the chief representative, unless another is named"
    )
    assert form.values["deadline_workdays"] == ["3"]
    record = follow(form.fill(rechecker=cast.users["zhao"]).submit())
    url, number = record.address, record.title
    assert number == "云政服督整〔2026〕1号"

    (form,) = Page(chief.get(url)).forms_to(f"{url}/receive")
    assert "已签收" in follow(form.fill(statement="收到。").submit()).text("body")
    (form,) = Page(chief.get(url)).forms_to(f"{url}/submit")
    form.fill(measures="已安排顶岗。", done_on="1118")
    form.values["photos"] = [(io.BytesIO(jpeg("green")), "整改后.jpg")]
    assert "等待复查" in follow(form.submit()).text("body")

    home = Page(zhao.get("/"))
    assert number in home.text("main"), "it waits for the one who was named"
    page = Page(zhao.get(url))
    (form,) = page.forms_to(f"{url}/return")
    follow(form.fill(note="请补全景。").submit())
    (form,) = Page(chief.get(url)).forms_to(f"{url}/submit")
    follow(form.fill(measures="已补拍。", no_photo_reason="现场同上。").submit())
    (form,) = Page(zhao.get(url)).forms_to(f"{url}/accept")
    page = follow(form.fill(note="到位。").submit())
    assert "已销号" in page.text("main")
    for words in ("收到。", "已安排顶岗。", "请补全景。", "已补拍。", "到位。", "现场同上。"):
        assert words in page.text("main")
    assert Page(wang.get("/rectifications?stands=closed&on_time=1&year=2026")).all("tbody tr")
    audited = Page(sign_in("auditor").get(url))
    assert len(audited.all("ol.timeline > li")) >= 6


def test_a_notice_by_date_may_be_typed_as_four_digits(site, app, cast, sign_in):
    with app.app_context():
        finding_id = submitted(site)[1]
    form = Page(sign_in("wang").get(f"/rectifications/new?finding={finding_id}")).form("#issue-form")
    follow(form.fill(kind="date", deadline_on="１１２５", deadline_workdays="", deadline_hour="12").submit())
    with app.app_context():
        row = db.session.query(Rectification).one()
        assert (str(row.deadline_on), row.deadline_workdays, row.deadline_hour) == ("2026-11-25", None, 12)


def test_the_person_concerned_is_offered_no_link_that_leads_nowhere(site, app, sign_in):
    _url, _ = made(app, site, issued)
    with app.app_context():
        from app.inspections.models import Finding

        finding_id = db.session.query(Finding).one().id
    client = sign_in("window_a")
    for link in Page(client.get(f"/findings/{finding_id}")).all("main a[href^='/']"):
        assert client.get(link["href"]).status_code == 200, link


def test_evidence_is_shown_before_and_after(site, app, sign_in):
    url, _ = made(app, site, answered, photo=True)
    for name in ("zhao", "chief_a"):
        client = sign_in(name)
        sources = [image["src"] for image in Page(client.get(url)).all(".photo-pair img")]
        assert sources
        assert all(client.get(source).status_code == 200 for source in sources)


# --- entered for somebody without an account ------------------------------------------------------


def test_the_record_offers_the_step_says_why_and_tells_for_whom_it_was_entered(
    app: Any, site: Any, sign_in: Any
) -> None:
    with app.app_context():
        url = f"/rectifications/{issued(site).id}"
        leave_unattended(site)
    head = sign_in("head")
    page = Page(head.get(url))
    assert "责任单位现在没有持账号的首席代表" in page.text(".steps")
    form = page.forms_to(f"{url}/receive")[0]
    page = Page(form.fill(on_behalf_name="陆远").submit(), 422)
    assert "代录须写明实际办理人的身份" in page.text(".errors")
    form = page.forms_to(f"{url}/receive")[0]
    assert form.values["on_behalf_name"] == ["陆远"]
    page = follow(form.fill(on_behalf_capacity="办公室主任").submit())
    assert "钱科 代 陆远（办公室主任）录入" in page.text(".facts:first-of-type")


def test_whoever_answers_himself_is_not_asked_for_whom(app: Any, site: Any, sign_in: Any) -> None:
    with app.app_context():
        url = f"/rectifications/{issued(site).id}"
    page = Page(sign_in("chief_a").get(url))
    assert "on_behalf_name" not in page.html
