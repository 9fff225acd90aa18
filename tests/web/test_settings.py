"""Setting pages as administrators use them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.inspections import submitted
from tests.factories.settings import Group, decide
from tests.pages import Page, follow


def page(client: Any, centre_id: int, group: str = "deadlines") -> Page:
    return Page(client.get(f"/settings/{centre_id}/{group}"))


def test_a_deadline_is_decided_and_given_back(site: Any, sign_in: Any) -> None:
    client, centre = sign_in("sysadmin"), site.cast.centre
    start = follow(client.get("/settings"))
    assert "留空则用默认值：3" in start.text("main")
    saved = follow(start.form(".entry").fill(rectification_workdays="5").submit())
    assert "已保存" in saved.text("#flashes")
    assert saved.form(".entry").values["rectification_workdays"] == ["5"]
    assert "沿用 → 5" in saved.text(".timeline") or "5" in saved.text(".timeline")
    below = page(client, site.cast.lower_centre)
    assert "留空则沿用云栖市政务服务中心：5" in below.text("main")
    assert below.form(".entry").values["rectification_workdays"] == [""]
    again = follow(saved.form(".entry").fill(rectification_workdays="").submit())
    assert again.form(".entry").values["rectification_workdays"] == [""]
    unchanged = follow(page(client, centre).form(".entry").submit())
    assert "没有改动" in unchanged.text("#flashes")


def test_a_chooser_leads_to_the_centres_below(site: Any, sign_in: Any) -> None:
    client = sign_in("director")
    chosen = page(client, site.cast.centre).form("form[method=get]")
    assert chosen.choices("centre") == [str(site.cast.centre), str(site.cast.lower_centre)]
    below = follow(chosen.fill(centre=site.cast.lower_centre).submit())
    assert "青坪区" in below.text(".page-sub")
    assert not page(sign_in("outside_head"), site.cast.other_centre).all("form[method=get]")


def test_a_bad_value_comes_back_beside_its_field_with_all_that_was_typed(site: Any, sign_in: Any) -> None:
    form = page(sign_in("sysadmin"), site.cast.centre).form(".entry")
    response = form.fill(rectification_workdays="99", objection_workdays="4").submit()
    refused = Page(response, 422)
    assert "1 到 60 之间" in refused.text("#rectification_workdays-error")
    assert refused.form(".entry").values["objection_workdays"] == ["4"]


def test_a_bad_round_is_named_by_its_line(site: Any, sign_in: Any) -> None:
    form = page(sign_in("sysadmin"), site.cast.centre, "patrols").form(".entry")
    typed = "开门 0830-0930\n上午 0900-1000"
    refused = Page(form.fill(patrol_rounds=typed).submit(), 422)
    assert "第 2 行" in refused.text("#patrol_rounds-error")
    assert refused.form(".entry").values["patrol_rounds"] == [typed]
    saved = follow(refused.form(".entry").fill(patrol_rounds="开门 0830-0930").submit())
    assert saved.form(".entry").values["patrol_rounds"] == ["开门 08:30-09:30"]


def test_an_older_form_is_refused_and_loses_nothing(site: Any, sign_in: Any) -> None:
    client = sign_in("sysadmin")
    form = page(client, site.cast.centre).form(".entry").fill(rectification_workdays="5")
    with site.app.app_context():
        decide(site, Group.DEADLINES, rectification_workdays=9)
    refused = Page(form.submit(), 409)
    assert "刚被别人改动" in refused.text(".errors")
    assert refused.form(".entry").values["rectification_workdays"] == ["5"]
    assert follow(refused.form(".entry").submit()).form(".entry").values["rectification_workdays"] == ["5"]


def test_readers_see_values_and_whose_they_are(site: Any, sign_in: Any) -> None:
    with site.app.app_context():
        decide(site, Group.SECURITY, password_profile="mlps")
    for username in ("head", "auditor", "sysadmin"):
        seen = page(sign_in(username), site.cast.centre, "security")
        assert not seen.all(".entry")
        assert "等保" in seen.text(".facts")
        assert "本中心设定" in seen.text(".facts")
        assert "安全管理员修改" in seen.text("main")
    mine = page(sign_in("secadmin"), site.cast.centre, "security")
    assert mine.form(".entry").values["password_profile"] == ["mlps"]
    assert not page(sign_in("secadmin"), site.cast.centre, "deadlines").all(".entry")


def test_the_security_group_has_a_door_of_its_own(site: Any, sign_in: Any) -> None:
    url = f"/settings/{site.cast.centre}/security"
    assert sign_in("sysadmin").post(url, {"version": "0", "password_profile": "mlps"}).status_code == 403
    assert sign_in("secadmin").post(url, {"version": "0", "password_profile": "mlps"}).status_code == 303


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "示例：云政服督整〔2026〕12号"),
        ({"rectification_notice_mark": "督改"}, "示例：云政服督改〔2026〕12号"),
        ({"rectification_notice_pattern": "{代字}{序号}号"}, "{年份}"),
        ({"rectification_notice_mark": "<b>"}, "示例：云政服<b>〔2026〕12号"),
    ],
)
def test_a_number_is_shown_while_its_pattern_is_typed(
    site: Any, sign_in: Any, typed: dict[str, str], said: str
) -> None:
    url = f"/settings/{site.cast.centre}/numbers/rectification_notice"
    shown = Page(sign_in("sysadmin").get(url, query_string=typed, headers={"HX-Request": "true"}))
    assert said in shown.text("output")


def test_a_new_notice_begins_with_the_centres_deadline(site: Any, sign_in: Any) -> None:
    with site.app.app_context():
        decide(site, Group.DEADLINES, rectification_hour=12)
        finding = submitted(site)[1]
    form = Page(sign_in("wang").get(f"/rectifications/new?finding={finding}")).form("#issue-form")
    assert form.values["deadline_hour"] == ["12"]
    assert form.values["deadline_workdays"] == ["3"]  # the check item's own
