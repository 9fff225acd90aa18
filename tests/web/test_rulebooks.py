"""Rulebooks as a section head and a director use them."""

from __future__ import annotations

from typing import Any

from app.registers.rules import Kind
from tests.factories.rulebooks import drafted, in_force, text
from tests.pages import Page, follow


def prepared(site: Any, make: Any, *args: Any) -> int:
    with site.app.app_context():
        return int(make(*args))


def test_a_broken_file_comes_back_with_its_lines_and_all_that_was_pasted(site: Any, sign_in: Any) -> None:
    start = Page(sign_in("head").get("/rulebooks/import"))
    pasted = text().replace("max: 40", "max: -1")
    refused = Page(start.form("form.entry").fill(text=pasted).submit(), 422)
    assert "第 13 行" in refused.text(".errors")
    assert refused.form("form.entry").values["text"] == [pasted.strip()]


def test_an_item_is_changed_and_a_fault_stands_beside_its_field(site: Any, sign_in: Any) -> None:
    rulebook_id = prepared(site, drafted)
    client = sign_in("head")
    page = Page(client.get(f"/rulebooks/{rulebook_id}/items/away"))
    assert "−2" not in page.text("output")
    assert "3 次：94 分" in page.text("output")
    refused = Page(page.form("#rule-item").fill(points="-1").submit(), 422)
    assert "小于 0" in refused.text("#points-error")
    saved = follow(refused.form("#rule-item").fill(points="4", at_most="8").submit())
    row = saved.text("#items-away")
    assert "−4" in row and "最多 8" in row
    assert "deduct: 4" in saved.text(".timeline")


def test_an_item_is_linked_to_what_people_call_by_name(site: Any, sign_in: Any) -> None:
    rulebook_id = prepared(site, drafted)
    page = Page(sign_in("head").get(f"/rulebooks/{rulebook_id}/items/away"))
    offered = {str(box["value"]): box.parent.get_text(" ", strip=True) for box in page.all("[name=links]")}
    assert offered[Kind.AGENCY] == "帮办代办"
    items = {code: name for code, name in offered.items() if code not in set(Kind)}
    assert items and all(name.startswith(f"{code} ") for code, name in items.items())


def test_the_example_follows_what_is_typed(site: Any, sign_in: Any) -> None:
    rulebook_id = prepared(site, drafted)
    client = sign_in("head")
    form = Page(client.get(f"/rulebooks/{rulebook_id}/items/late")).form("#rule-item")
    typed = {name: values[0] for name, values in form.values.items() if values and name != "csrf_token"}
    typed |= {"former": "late", "times": "2", "facts": "minutes=12", "tiers": "minutes ≤ 10：1\n其余：7"}
    shown = Page(client.get(f"/rulebooks/{rulebook_id}/example", query_string=typed))
    assert "2 次：86 分" in shown.text("output")
    plain = Page(client.get(f"/rulebooks/{rulebook_id}/items/late?times=1&facts=minutes%3D12"))
    assert "1 次：97 分" in plain.text("output")


def test_an_item_that_a_rule_needs_cannot_be_removed(site: Any, sign_in: Any) -> None:
    client = sign_in("head")
    whole = text() + "vetoes:\n  - {id: gone, name: 空岗, span: month, effect: no_award, items: [away]}\n"
    start = Page(client.get("/rulebooks/import"))
    record = follow(start.form("form.entry").fill(text=whole).submit())
    removal = next(form for form in record.all("form") if str(form["action"]).endswith("away/remove"))
    answer = record.forms_to(str(removal["action"]))[0].submit()
    assert "away" in Page(answer, 422).text(".errors")


def test_a_director_puts_in_force_and_the_head_drafts_the_next(site: Any, sign_in: Any) -> None:
    rulebook_id = prepared(site, drafted)
    head = Page(sign_in("head").get(f"/rulebooks/{rulebook_id}"))
    assert "由中心主任施行" in head.text("main")
    assert not [form for form in head.all("form") if "put-in-force" in str(form["action"])]
    record = Page(sign_in("director").get(f"/rulebooks/{rulebook_id}"))
    (form,) = record.forms_to(f"/rulebooks/{rulebook_id}/put-in-force")
    assert "施行中" in follow(form.fill(effective_on="1118").submit()).text(".title-line")
    standing = Page(sign_in("head").get(f"/rulebooks/{rulebook_id}"))
    (begin,) = standing.forms_to(f"/rulebooks/{rulebook_id}/versions")
    draft = follow(begin.submit())
    assert "第 2 版" in draft.text(".page-sub")


def test_a_window_reads_the_rules_it_is_judged_by(site: Any, sign_in: Any) -> None:
    rulebook_id = prepared(site, in_force)
    page = Page(sign_in("window_a").get(f"/rulebooks/{rulebook_id}"))
    assert "空岗" in page.text("main")
    assert not [form for form in page.all("main form") if "export" not in str(form["action"])]
