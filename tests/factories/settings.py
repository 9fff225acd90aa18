"""What centres decide: examples of every group that can be changed."""

from __future__ import annotations

from typing import Any

from app import clock
from app.db.uow import unit_of_work
from app.settings import queries, services
from app.settings.rules import Group
from tests.cast import actor
from tests.factories.base import Example, Ids, Visit


def decide(site: Any, group: Group, centre_id: int | None = None, **values: Any) -> int:
    """Decide settings in a centre, by default the cast's; return the version of the page afterwards."""
    who = actor("secadmin" if group is Group.SECURITY else "sysadmin", group.permission)
    centre_id = centre_id or site.cast.centre
    with unit_of_work(who, clock.now()) as uow:
        version = queries.group_page(uow.session, centre_id, group).version
        services.change_settings(uow, centre_id, group, values, version)
        return queries.group_page(uow.session, centre_id, group).version


def _deadlines(site: Any) -> Ids:
    version = decide(site, Group.DEADLINES, rectification_workdays=5)
    return {"centre_id": site.cast.centre, "group": "deadlines", "_version": str(version)}


def _group(name: str) -> Any:
    return lambda site: {"centre_id": site.cast.centre, "group": name}


def _numbers(site: Any) -> Ids:
    return {"centre_id": site.cast.centre, "kind": "rectification_notice"}


EXAMPLES = [
    Example(
        "settings.change",
        "director",
        _deadlines,
        data=lambda ids: {
            "version": ids["_version"],
            "rectification_workdays": "",
            "rectification_hour": "16",
            "objection_workdays": "4",
            "objection_decision_workdays": "5",
        },
        page="settings.show",
    ),
    Example(
        "settings.change",
        "sysadmin",
        _group("remedies"),
        data={
            "version": "0",
            "court": "云栖市云河区人民法院",
            "reconsideration_organ": "",
            "complaint_organ": "",
        },
        page="settings.show",
        shown=("settings.show",),
        text=("court", "reconsideration_organ"),
        note="organs",
    ),
    Example(
        "settings.change",
        "sysadmin",
        _group("patrols"),
        data={"version": "0", "patrol_rounds": "开门 0830-0900\n午间 12:00～13:00"},
        page="settings.show",
        note="rounds",
    ),
    Example(
        "settings.change",
        "sysadmin",
        _group("numbering"),
        data={
            "version": "0",
            "rectification_notice_mark": "督改",
            "rectification_notice_pattern": "{字头}{代字}〔{年份}〕第{序号}号",
        },
        page="settings.show",
        note="numbers",
    ),
    Example(
        "settings.change_security",
        "secadmin",
        _group("security"),
        data={"version": "0", "password_profile": "mlps"},
        page="settings.show",
    ),
]
VISITS = [
    Visit("settings.show", "sysadmin", _group("deadlines")),
    Visit("settings.example", "sysadmin", _numbers),
]
