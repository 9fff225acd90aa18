"""Duty rosters: who walks which round of a week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import select

from app.core.errors import Invalid, NotAllowed, Stale
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.inspections import plan_queries
from app.inspections.models import Duty, DutyRoster
from app.inspections.plan_rules import WEEK
from app.inspections.rules import DUTY_ROSTER_SAVED
from app.settings.rules import Round

Cells = Mapping[tuple[date, str], int | None]


def save_roster(uow: UnitOfWork, centre_id: int, week_on: date, version: int, cells: Cells) -> DutyRoster:
    """Keep who is on duty in a week; `version` is that of the roster the grid was made from, 0 for none.

    The rounds of the week stay as they are now, whatever the settings say later. Raise Stale, Invalid.
    """
    known = {user.id for user in plan_queries.inspectors_of(centre_id)}
    if not known.issuperset(user_id for user_id in cells.values() if user_id):
        raise Invalid(N_("值班人员须是本中心的督查员或科长。"))
    roster = plan_queries.find_roster(centre_id, week_on)
    if (roster.version if roster else 0) != version:
        raise Stale(N_("这张值班表刚被别人改动，请核对后重新提交。"))
    rounds = _plain(plan_queries.rounds_of(centre_id))
    if roster is None:
        roster = DutyRoster(centre_id=centre_id, week_on=week_on)
        uow.session.add(roster)
    roster.rounds, roster.saved_at = rounds, uow.now
    uow.session.flush()
    kept = {(duty.day, duty.round_name): duty for duty in _duties(uow, roster)}
    for (day, name), user_id in cells.items():
        duty = kept.get((day, name))
        if duty is None and user_id:
            duty = Duty(roster_id=roster.id, day=day, round_name=name)
            uow.session.add(duty)
        if duty is not None:
            duty.roster = roster
            duty.user_id = user_id
    uow.record(DUTY_ROSTER_SAVED, roster)
    return roster


def copy_last_week(uow: UnitOfWork, centre_id: int, week_on: date, version: int) -> DutyRoster:
    """Put the duties of the week before into a week. Raise NotAllowed if there are none."""
    last = plan_queries.find_roster(centre_id, week_on - WEEK)
    duties = plan_queries.duties_of(last.id) if last else {}
    if not any(duties.values()):
        raise NotAllowed(N_("上周没有值班表可以复制。"))
    still = {user.id for user in plan_queries.inspectors_of(centre_id)}
    cells = {
        (day + timedelta(days=7), name): user_id if user_id in still else None
        for (day, name), user_id in duties.items()
    }
    return save_roster(uow, centre_id, week_on, version, cells)


def _duties(uow: UnitOfWork, roster: DutyRoster) -> list[Duty]:
    return list(uow.session.scalars(select(Duty).where(Duty.roster_id == roster.id)))


def _plain(rounds: tuple[Round, ...]) -> list[list[str]]:
    return [[one.name, one.begins.isoformat(), one.ends.isoformat()] for one in rounds]
