"""What moves while somebody writes: people, windows, centres; said in the form, nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.db.uow import unit_of_work
from app.extensions import db
from app.inspections.models import Finding
from app.organisation import change_services, term_services
from app.organisation.models import PatrolPoint, Posting
from app.rectifications.models import Rectification
from tests.cast import NOW, actor
from tests.client import Client
from tests.factories.inspections import begin, noted
from tests.factories.rectifications import instruction
from tests.pages import Form, Page
from tests.web.test_bad_input import NOTE, rows

TODAY = NOW.date()


@pytest.fixture
def url(site: Any, app: Any, cast: Any) -> str:
    """The address of a finding at point A, in a round under way."""
    with app.app_context():
        draft_id = begin(site).id
    return f"/patrols/drafts/{draft_id}/points/{cast.point_a}/findings/new?item=A-01"


def filled(client: Client, url: str, cast: Any, **over: Any) -> Form:
    form = Page(client.get(url)).form("#finding-form")
    return form.fill(note=NOTE, staff=cast.window_a_staff, disposition="corrected_on_spot", **over)


def kept_in_spite(form: Form) -> None:
    """Send a doubtful finding once more, with the box ticked."""
    assert form.fill(despite=True).submit().status_code == 303


def test_a_person_moved_to_another_window_during_the_round(site, app, cast, sign_in, url):
    form = filled(sign_in("wang"), url, cast)
    with app.app_context(), unit_of_work(actor("sysadmin"), NOW) as uow:
        posting = uow.session.scalars(select(Posting).filter_by(staff_member_id=cast.window_a_staff)).one()
        term_services.move_posting(
            uow, posting.id, posting.version, point_id=cast.point_b, post="", from_on=TODAY
        )
    page = Page(form.submit(), 409)
    assert "当事人当天的岗位不在这里，可能已调到别的窗口。" in page.text("#doubts")
    back = page.form("#finding-form")
    assert back.values["note"] == [NOTE]
    assert back.values["staff"] == [str(cast.window_a_staff)]
    kept_in_spite(back)


def test_a_person_moved_after_the_finding_was_noted_stays_its_person(site, app, cast, sign_in):
    with app.app_context():
        draft_id = noted(site)
        with unit_of_work(actor("sysadmin"), NOW) as uow:
            posting = uow.session.scalars(
                select(Posting).filter_by(staff_member_id=cast.window_a_staff)
            ).one()
            term_services.end_posting(uow, posting.id, posting.version, TODAY - timedelta(days=1))
    client = sign_in("wang")
    for point in (cast.point_a, cast.point_b, cast.point_shared):
        assert client.post(f"/patrols/drafts/{draft_id}/points/{point}", {"all": "ok"}).status_code == 303
    assert client.post(f"/patrols/drafts/{draft_id}/submit", {"note": ""}).status_code == 303
    with app.app_context():
        assert db.session.scalars(select(Finding)).one().staff_member_id == cast.window_a_staff


def test_a_finding_at_a_window_that_was_not_open(site, app, cast, sign_in, url):
    form = filled(sign_in("wang"), url, cast, occurred_at="2026-11-15T10:00")  # a Sunday
    page = Page(form.submit(), 409)
    assert "按开放时间，这里当时没有开放。" in page.text("#doubts")
    back = page.form("#finding-form")
    assert (back.values["note"], back.values["occurred_at"]) == ([NOTE], ["2026-11-15T10:00"])
    kept_in_spite(back)


def test_a_window_closed_for_good_during_the_round(site, app, cast, sign_in, url):
    form = filled(sign_in("wang"), url, cast)
    with app.app_context(), unit_of_work(actor("sysadmin"), NOW) as uow:
        point = uow.session.get_one(PatrolPoint, cast.point_a)
        change_services.close_point(uow, point.id, point.version, TODAY - timedelta(days=1), end_terms=True)
    page = Page(form.submit(), 409)
    assert "按开放时间，这里当时没有开放。" in page.text("#doubts")
    kept_in_spite(page.form("#finding-form"))
    assert "A01" in Page(sign_in("wang").get(url.partition("/points/")[0])).text("main")


def test_an_instruction_to_a_centre_that_is_not_below_ours(site, app, cast, sign_in):
    with app.app_context():
        instruction_id = instruction(site)
    client, issued = sign_in("head"), rows(app, Rectification)
    url = f"/instructions/{instruction_id}/orders"
    (form,) = Page(client.get(f"{url}/new?to=centre:{cast.lower_centre}")).forms_to(url)
    form.fill(requirement="分设咨询与受理窗口。")
    for centre in (cast.other_centre, cast.centre):
        form.values["addressee"] = [f"centre:{centre}"]
        page = Page(form.submit(), 422)
        assert "下级" in page.text(".errors")
        (back,) = page.forms_to(url)
        assert back.values["requirement"] == ["分设咨询与受理窗口。"]
    assert rows(app, Rectification) == issued
