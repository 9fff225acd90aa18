"""The round on a phone, and the ledgers of patrols and findings, as an inspector and a clerk meet them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.db.drafts import Draft
from app.extensions import db
from app.inspections.models import Finding, Patrol
from tests.factories.inspections import begin, make_findings, make_patrols, submitted
from tests.pages import Page, check_partial, follow


def refusals(app: Any) -> list[tuple[str, str | None, int | None]]:
    with app.app_context():
        rows = db.session.execute(
            select(AuditEntry.actor_name, AuditEntry.subject_type, AuditEntry.subject_id)
            .where(AuditEntry.action == "access.refused")
            .order_by(AuditEntry.seq)
        ).all()
    return [tuple(row) for row in rows]


def fill(app: Any, make: Any, site: Any, n: int) -> None:
    with app.app_context():
        make(site, n)
        db.session.remove()


def numbers(page: Page, css: str) -> list[str]:
    return [link.get_text(strip=True) for link in page.all(f"{css} th a")]


# --- the walk -------------------------------------------------------------------------------------


def test_a_round_from_choosing_the_zone_to_the_ledger(app, cast, sign_in):
    client = sign_in("wang")
    form = Page(client.get("/patrols/new")).form("form[action='/patrols']")
    draft = follow(form.fill(zone=cast.zone, mode="daily").submit())
    assert draft.title == "巡查进行中"
    assert [place.get_text(strip=True) for place in draft.all(".point-no")] == ["A01", "B01", "K01"]

    point = Page(client.get(draft.link("继续：A01")))
    assert not point.all("input[type=radio][checked]"), "every item is unanswered by default"
    answers = point.form("#point-answers").fill(
        **{"answer-A-01": "finding", "answer-A-02": "ok", "answer-R-01": "ok"}
    )
    wanted = follow(answers.submit())
    assert wanted.title == "记录问题"
    form = wanted.form("#finding-form")
    assert form.values["item"] == ["A-01"]
    assert form.values["owner"] == [f"department:{cast.department_a}"]
    assert str(cast.window_a_staff) in form.choices("staff"), "who is posted here today"
    point = follow(form.fill(note="无人值守。", staff=cast.window_a_staff).submit())
    assert point.title == "A01 企业开办"
    assert "无人值守。" in point.text("main")

    for _ in range(2):
        point = Page(client.get(point.all("a[rel=next]")[0]["href"]))
        form = point.form("#point-answers")
        form.values["all"] = ["ok"]
        following = follow(form.submit())
    assert following.title == "巡查进行中"
    patrol = follow(following.form("#submit-patrol").fill(note="如常。").submit())
    assert patrol.title == "巡查 20261118-1"
    with app.app_context():
        row = db.session.query(Patrol).one()
        assert (row.points_checked, row.findings_count, row.note) == (3, 1, "如常。")
        assert db.session.query(Draft).count() == 0


def test_a_point_is_done_in_one_tap_and_the_walk_goes_on(site, app, cast, sign_in):
    with app.app_context():
        draft_id = begin(site).id
    client = sign_in("wang")
    url = f"/patrols/drafts/{draft_id}/points/"
    assert client.post(f"{url}{cast.point_a}", {"all": "ok"}).location == f"{url}{cast.point_b}"
    assert client.post(f"{url}{cast.point_b}", {"all": "closed"}).location == f"{url}{cast.point_shared}"
    assert client.post(f"{url}{cast.point_shared}", {"all": "ok"}).location == f"/patrols/drafts/{draft_id}"
    states = [
        tag.get_text(strip=True) for tag in Page(client.get(f"/patrols/drafts/{draft_id}")).all(".point .tag")
    ]
    assert states == ["正常", "未开放", "正常"]


def test_another_device_goes_on_where_the_first_stopped(site, app, cast, sign_in):
    with app.app_context():
        draft_id = begin(site).id
    phone, tablet = sign_in("wang"), sign_in("wang")
    phone.post(f"/patrols/drafts/{draft_id}/points/{cast.point_a}", {"all": "ok"})
    page = Page(tablet.get("/patrols"))
    assert f"/patrols/drafts/{draft_id}" in [link["href"] for link in page.all("a.point")]
    response = tablet.post("/patrols", {"zone": str(cast.zone), "mode": "video"})
    assert response.location == f"/patrols/drafts/{draft_id}", "beginning again goes on with it"
    assert "1/3" in Page(tablet.get(response.location)).html


def test_a_comprehensive_window_asks_which_department(site, app, cast, sign_in):
    with app.app_context():
        draft_id = begin(site).id
    url = f"/patrols/drafts/{draft_id}/points/{cast.point_shared}/findings"
    form = Page(sign_in("wang").get(f"{url}/new?item=A-02")).form("#finding-form")
    assert form.values["owner"] == [""]
    page = Page(form.fill(note="牌子没亮。").submit(), 422)
    assert "责任单位：请填写此项。" in page.text(".errors")
    assert page.form("#finding-form").values["note"] == ["牌子没亮。"]


def test_leaving_asks_first_and_leaves_nothing(site, app, sign_in):
    with app.app_context():
        draft_id = begin(site).id
    client = sign_in("wang")
    page = Page(client.get(f"/patrols/drafts/{draft_id}"))
    (form,) = page.forms_to(f"/patrols/drafts/{draft_id}/discard")
    assert "已放弃这次巡查" in follow(form.submit()).text("body")
    assert client.get(f"/patrols/drafts/{draft_id}").status_code == 404


def test_a_round_of_another_is_not_there(site, app, cast, sign_in):
    with app.app_context():
        draft_id = begin(site).id
    for name in ("zhao", "outsider"):
        client = sign_in(name)
        assert client.get(f"/patrols/drafts/{draft_id}").status_code == 404
        assert (
            client.post(f"/patrols/drafts/{draft_id}/points/{cast.point_a}", {"all": "ok"}).status_code == 404
        )
        assert client.post(f"/patrols/drafts/{draft_id}/submit", {}).status_code == 404


def test_a_zone_of_another_centre_is_not_there_and_the_log_knows(app, cast, sign_in):
    client = sign_in("wang")
    response = client.post("/patrols", {"zone": str(cast.other_zone), "mode": "daily"})
    assert response.status_code == 404
    assert refusals(app) == [("王巡", "zone", cast.other_zone)]
    assert client.post("/patrols", {"zone": "999999", "mode": "daily"}).status_code == 404
    assert len(refusals(app)) == 1, "what does not exist is no refusal"


@pytest.mark.parametrize(
    ("zone", "words"), [("", "请填写此项。"), ("x", "这一项不在可选范围内"), ("1.5", "这一项不在可选范围内")]
)
def test_no_zone_is_said_in_the_form(sign_in, zone, words):
    page = Page(sign_in("wang").post("/patrols", {"zone": zone, "mode": "daily"}), 422)
    assert words in page.text(".errors")


def test_a_point_of_another_zone_is_not_there(site, app, cast, sign_in):
    with app.app_context():
        draft_id = begin(site).id
    for point in (cast.other_point, 999_999, 2**31, 2**70):
        assert sign_in("wang").get(f"/patrols/drafts/{draft_id}/points/{point}").status_code == 404


# --- the ledgers ----------------------------------------------------------------------------------


def test_the_ledger_of_patrols(site, app, sign_in):
    fill(app, make_patrols, site, 3)
    client = sign_in("director")
    page = Page(client.get("/patrols"))
    assert page.rows("#inspections-patrols-rows")[0] == [
        "P0000",
        "1F 一楼大厅",
        "日常巡查",
        "",
        "王巡",
        "2026-11-18 09:59",
        "3",
        "0",
        "0",
    ]
    assert numbers(page, "#inspections-patrols-rows") == ["P0000", "P0001", "P0002"]
    assert not page.all("a[href='/patrols/new']"), "a director reads"
    check_partial(client, "/patrols")
    assert Page(client.get("/patrols?mode=video")).all("tbody tr") == []
    assert len(Page(client.get("/patrols?mode=daily")).all("tbody tr")) == 3


def test_the_ledger_of_findings_and_its_filters(site, app, cast, sign_in):
    fill(app, make_findings, site, 12)
    client = sign_in("wang")
    page = Page(client.get("/findings"))
    assert numbers(page, "#inspections-findings-rows") == [f"F{i:04}" for i in range(12)]
    check_partial(client, "/findings")
    for query, expected in (
        ("status=open", ["F0000", "F0005", "F0010"]),
        ("status=void", ["F0004", "F0009"]),
        (f"department={cast.department_a}", ["F0001", "F0003", "F0005", "F0007", "F0009", "F0011"]),
        (f"point={cast.point_b}&status=open", ["F0000", "F0010"]),
        ("red_line=1", []),
        ("q=空岗11", ["F0011"]),
        ("q=空岗", [f"F{i:04}" for i in range(12)]),
        ("q=岗空", []),
        ("status=nonsense", [f"F{i:04}" for i in range(12)]),
    ):
        found = Page(client.get(f"/findings?{query}"))
        assert (
            numbers(found, "#inspections-findings-rows") if expected else found.all("tbody tr")
        ) == expected, query


def test_two_characters_find_person_place_item_and_note(site, app, sign_in):
    with app.app_context():
        finding_id = submitted(site)[1]
    client = sign_in("wang")
    for words in ("吴窗", "企业", "空岗", "市场", "值守", "A01", "20261118", "空岗 值守"):
        assert len(Page(client.get(f"/findings?q={words}")).all("tbody tr")) == 1, words
    for words in ("松岚", "岗工", "空岗 松岚"):
        assert Page(client.get(f"/findings?q={words}")).all("tbody tr") == [], words
    assert Page(client.get(f"/findings/{finding_id}")).title == "工作时间空岗"


def test_pages_go_both_ways_and_keep_the_filter(site, app, sign_in):
    fill(app, make_findings, site, 330)  # 66 of each status
    client = sign_in("wang")
    first = Page(client.get("/findings?status=open"))
    second = Page(client.get(first.one("a[rel=next]")["href"]))
    assert "status=open" in first.one("a[rel=next]")["href"]
    assert (len(first.all("tbody tr")), len(second.all("tbody tr"))) == (50, 16)
    back = Page(client.get(second.one("a[rel=prev]")["href"]))
    assert numbers(back, "tbody") == numbers(first, "tbody")
    assert not second.all("a[rel=next]")
    assert first.text(".pager span") == "共 66 条"


def test_a_phone_gets_cards_that_say_what_each_value_is(site, app, sign_in):
    fill(app, make_findings, site, 1)
    page = Page(sign_in("wang").get("/findings"))
    assert page.all("table.ledger.is-cards")
    assert page.one("meta[name=viewport]")["content"].startswith("width=device-width")
    cells = page.all("#inspections-findings-rows td:not(.state):not(.desk)")
    assert all(cell.get("data-label") for cell in cells)


def test_a_chief_representative_sees_the_findings_of_the_own_department_only(site, app, sign_in):
    with app.app_context():
        patrol_id, finding_id = submitted(site)
    for name, rows in (("chief_a", 1), ("window_a", 1), ("chief_b", 0)):
        client = sign_in(name)
        assert len(Page(client.get("/findings")).all("tbody tr")) == rows, name
        assert client.get(f"/findings/{finding_id}").status_code == (200 if rows else 404)
        assert client.get(f"/patrols/{patrol_id}").status_code == 403
    assert ("周首", "finding", finding_id) in refusals(app)
    page = Page(sign_in("chief_a").get(f"/findings/{finding_id}"))
    assert not page.all("a[href^='/patrols/'], a[href^='/rectifications/new']")


@pytest.mark.parametrize("path", ["/patrols/", "/findings/"])
def test_numbers_that_are_no_rows_are_not_there(sign_in, path):
    client = sign_in("wang")
    for number in ("0", "999999", str(2**31), str(2**63), "9" * 40, "-1", "x", "1.0"):
        assert client.get(path + number).status_code == 404


def test_a_photo_of_another_row_is_not_there(site, app, sign_in):
    with app.app_context():
        finding_id = submitted(site, photo=True)[1]
    client = sign_in("wang")
    assert client.get(f"/findings/{finding_id}/files/1/small").status_code == 200
    for photo_id in (2, 2**31, 2**63, 10**30):
        assert client.get(f"/findings/{finding_id}/files/{photo_id}/small").status_code == 404
    assert client.get(f"/findings/{finding_id}/files/1/huge").status_code == 404
    with app.app_context():
        assert db.session.get_one(Finding, finding_id).photos == 1
