from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.core.errors import Invalid, NotAllowed, Stale
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.organisation.models import Centre
from app.settings import queries, rules
from app.settings.models import CentreSetting
from app.settings.rules import SETTINGS, Group

NOT_YOURS = N_("这一组设置由另一类管理员负责。")
STALE = N_("这些设置刚被别人改动，请核对后重新提交。")


def change_settings(
    uow: UnitOfWork, centre_id: int, group: Group, values: Mapping[str, Any | None], version: int
) -> list[CentreSetting]:
    """Decide settings of one group in one centre, None to follow the centre above again; return what changed.

    `version` is that of the group's page. Raise Invalid naming the setting, Stale, or NotAllowed.
    """
    if not uow.actor.can(group.permission) or centre_id not in uow.actor.centre_ids:
        raise NotAllowed(NOT_YOURS)
    # Changes of one centre take turns, so that the version is compared with what the last one left.
    uow.session.execute(select(Centre.id).where(Centre.id == centre_id).with_for_update())
    page = queries.group_page(uow.session, centre_id, group)
    if page.version != version:
        raise Stale(STALE)
    _check(group, page, values)
    changed = []
    for held in page.held:
        key = held.setting.key
        if key in values and values[key] != held.own:
            changed.append(_decide(uow, centre_id, key, values[key]))
    return changed


def _check(group: Group, page: queries.GroupPage, values: Mapping[str, Any | None]) -> None:
    for key, value in values.items():
        if value is not None:
            try:
                SETTINGS[key].kind.check(value)
            except Invalid as error:
                error.field = key
                raise
    rules.check_together(
        group,
        {
            held.setting.key: held.above if (new := values.get(held.setting.key, held.own)) is None else new
            for held in page.held
        },
    )


def _decide(uow: UnitOfWork, centre_id: int, key: str, value: Any | None) -> CentreSetting:
    row = uow.session.scalar(
        select(CentreSetting).where(CentreSetting.centre_id == centre_id, CentreSetting.key == key)
    )
    if row is None:
        row = CentreSetting(centre_id=centre_id, key=key)
        uow.session.add(row)
    row.value = value
    uow.session.flush()
    uow.record(rules.SETTING_CHANGED, row, setting=SETTINGS[key].label)
    return row
