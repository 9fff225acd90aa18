"""What a security administrator may do with an account, and when he may not. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.core.actions import Action
from app.core.i18n import N_
from app.permissions import Role

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")
REASON_MAX = 200

USER_CHANGED = Action("user.changed")
ROLES_CHANGED = Action("user.roles_changed", frozenset({"roles_granted", "roles_withdrawn", "reason"}))
USER_DISABLED = Action("user.disabled", frozenset({"reason"}))
USER_ENABLED = Action("user.enabled")
USER_UNLOCKED = Action("user.unlocked")
PASSWORD_RESET = Action("user.password_reset")


class AccountState(StrEnum):
    """How an account stands; derived, the first that holds."""

    DISABLED = "disabled"
    LOCKED = "locked"
    MUST_CHANGE = "must_change"
    NORMAL = "normal"


class AccountVerb(StrEnum):
    CHANGE = "change"
    SET_ROLES = "set_roles"
    RESET = "reset"
    UNLOCK = "unlock"
    END_SESSIONS = "end_sessions"
    DISABLE = "disable"
    ENABLE = "enable"


# Whoever holds one of these last takes the management of the house with him.
LAST_OF = {
    Role.SYSTEM_ADMINISTRATOR: N_(
        "这是最后一名系统管理员，停用账号或收回角色后没有人能维护机构和设置；请先授予另一人。"
    ),
    Role.SECURITY_ADMINISTRATOR: N_(
        "这是最后一名安全管理员，停用账号或收回角色后没有人能管理账号；请先授予另一人。"
    ),
}


@dataclass(frozen=True)
class AccountFacts:
    """What decides about a verb: whose account it is, how it stands, and what only it holds."""

    own: bool
    state: AccountState
    last_of: frozenset[Role] = frozenset()  # administrators' roles that nobody else holds


def state_of(
    disabled_at: datetime | None, locked_until: datetime | None, must_change: bool, now: datetime
) -> AccountState:
    """Return how an account stands."""
    if disabled_at:
        return AccountState.DISABLED
    if locked_until and locked_until > now:
        return AccountState.LOCKED
    return AccountState.MUST_CHANGE if must_change else AccountState.NORMAL


def refusal(verb: AccountVerb, facts: AccountFacts) -> str | None:
    """Return why a verb is refused, or None: the one predicate behind button, route and service."""
    disabled = facts.state is AccountState.DISABLED
    refused = {
        AccountVerb.CHANGE: None,
        AccountVerb.SET_ROLES: N_("不能变更自己的角色，请由另一名安全管理员办理。") if facts.own else None,
        AccountVerb.RESET: N_("自己的密码请在“我的账号”里修改。")
        if facts.own
        else N_("账号已停用，请先启用。")
        if disabled
        else None,
        AccountVerb.UNLOCK: None if facts.state is AccountState.LOCKED else N_("账号没有暂停登录。"),
        AccountVerb.END_SESSIONS: N_("自己的登录请在“我的账号”里结束。") if facts.own else None,
        AccountVerb.DISABLE: N_("账号已经停用。")
        if disabled
        else N_("不能停用自己的账号，请由另一名安全管理员办理。")
        if facts.own
        else last_refusal(facts.last_of),
        AccountVerb.ENABLE: None if disabled else N_("账号没有停用。"),
    }
    return refused[verb]


def last_refusal(roles: frozenset[Role]) -> str | None:
    """Return why these roles may not be given up, if one of them is held by nobody else."""
    return next((why for role, why in LAST_OF.items() if role in roles), None)
