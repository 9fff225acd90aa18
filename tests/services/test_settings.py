"""Settings: inherited down the tree, decided, given back, and used where they matter."""

from __future__ import annotations

from typing import Any

import pytest

from app.audit import queries as audit
from app.core.errors import Invalid, NotAllowed, Stale
from app.db.uow import unit_of_work
from app.documents.models import Document
from app.extensions import db
from app.permissions import Permission
from app.settings import queries, services
from app.settings.rules import SETTINGS, Group
from tests.cast import NOW, actor
from tests.factories.documents import numbered
from tests.factories.settings import decide

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("db_context")]
KEY = "rectification_workdays"


def held(centre_id: int | None) -> Any:
    return queries.value(db.session(), centre_id, KEY)


def test_a_lower_centre_follows_until_it_decides_otherwise(site: Any, cast: Any) -> None:
    lower = cast.lower_centre
    assert held(cast.centre) == held(lower) == held(None) == SETTINGS[KEY].default
    decide(site, Group.DEADLINES, **{KEY: 7})
    assert (held(cast.centre), held(lower), held(cast.other_centre)) == (7, 7, 3)
    decide(site, Group.DEADLINES, lower, **{KEY: 2})
    assert (held(cast.centre), held(lower)) == (7, 2)
    page = queries.group_page(db.session(), lower, Group.DEADLINES)
    first = page.held[0]
    assert (first.own, first.above, first.above_name, first.value) == (2, 7, "云栖市政务服务中心", 2)
    decide(site, Group.DEADLINES, lower, **{KEY: None})
    assert held(lower) == 7
    decide(site, Group.DEADLINES, **{KEY: None})
    assert held(lower) == 3


def test_every_change_says_before_and_after_and_moves_the_version(site: Any, cast: Any) -> None:
    versions = [decide(site, Group.DEADLINES, **{KEY: days}) for days in (7, 5, None)]
    assert versions == [1, 2, 3]
    page = queries.group_page(db.session(), cast.centre, Group.DEADLINES)
    events = audit.history_of("centre_setting", page.row_ids)
    assert [event.action for event in events] == ["setting.changed"] * 3
    changed = [
        (change.before, change.after)
        for event in events
        for change in event.changes
        if change.field == "value"
    ]
    assert changed == [(5, None), (7, 5), (None, 7)]
    assert events[0].extra == (("setting", SETTINGS[KEY].label),)


def test_nothing_changed_is_nothing_recorded(site: Any, cast: Any) -> None:
    before = decide(site, Group.DEADLINES, **{KEY: 7})
    assert decide(site, Group.DEADLINES, **{KEY: 7, "rectification_hour": None}) == before


def test_a_form_older_than_the_settings_is_refused(site: Any, cast: Any) -> None:
    decide(site, Group.DEADLINES, **{KEY: 7})
    who = actor("sysadmin", Permission.SETTING_MANAGE)
    with pytest.raises(Stale), unit_of_work(who, NOW) as uow:
        services.change_settings(uow, cast.centre, Group.DEADLINES, {KEY: 9}, 0)
    assert held(cast.centre) == 7


@pytest.mark.parametrize(
    ("username", "centre", "group"),
    [
        ("sysadmin", "centre", Group.SECURITY),
        ("secadmin", "centre", Group.DEADLINES),
        ("head", "centre", Group.DEADLINES),
        ("sysadmin", "other_centre", Group.DEADLINES),
    ],
)
def test_whoever_may_not_decide_does_not(
    site: Any, cast: Any, username: str, centre: str, group: Group
) -> None:
    with pytest.raises(NotAllowed), unit_of_work(actor(username), NOW) as uow:
        services.change_settings(uow, getattr(cast, centre), group, {}, 0)


def test_a_value_that_cannot_stand_keeps_the_whole_group_as_it_was(site: Any, cast: Any) -> None:
    who = actor("sysadmin", Permission.SETTING_MANAGE)
    values = {KEY: 7, "rectification_hour": 23}
    with pytest.raises(Invalid) as refused, unit_of_work(who, NOW) as uow:
        services.change_settings(uow, cast.centre, Group.DEADLINES, values, 0)
    assert refused.value.field == "rectification_hour"
    assert held(cast.centre) == 3


def test_a_new_pattern_is_used_from_the_next_number_on(site: Any, cast: Any) -> None:
    first = numbered(cast)
    decide(
        site,
        Group.NUMBERING,
        rectification_notice_mark="督改",
        rectification_notice_pattern="{字头}{代字}〔{年份}〕第{序号}号",
    )
    second = numbered(cast)
    numbers = [db.session.get_one(Document, one).number for one in (first, second)]
    assert numbers == ["云政服督整〔2026〕1号", "云政服督改〔2026〕第2号"]
