"""The features, one line each: blueprints, navigation, models, commands, jobs and tests follow it."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from types import ModuleType

from app.core.i18n import NN_
from app.permissions import Permission


@dataclass(frozen=True)
class Nav:
    """An entry of the navigation; `key` is the letter after `g` that goes there, `icon` a drawing
    of static/icons.svg."""

    endpoint: str
    label: str
    permission: Permission
    key: str
    icon: str


@dataclass(frozen=True)
class Feature:
    """A package `app.<name>`; its rooms (models, routes, labels, cli, jobs, exports …) are found by name."""

    name: str
    nav: tuple[Nav, ...] = ()


P = Permission
FEATURES = (
    Feature("reports", (Nav("reports.home", NN_("首页"), P.HOME_READ, "h", "home"),)),
    Feature("accounts", (Nav("accounts.index", NN_("用户"), P.ACCOUNT_READ, "u", "user"),)),
    Feature(
        "organisation",
        (
            Nav("organisation.points", NN_("巡查点"), P.ORGANISATION_READ, "w", "point"),
            Nav("organisation.staff", NN_("人员"), P.ORGANISATION_READ, "s", "people"),
            Nav("organisation.departments", NN_("进驻部门"), P.ORGANISATION_READ, "d", "department"),
            Nav("organisation.centres", NN_("中心"), P.ORGANISATION_READ, "o", "centre"),
        ),
    ),
    Feature("settings", (Nav("settings.index", NN_("设置"), P.SETTING_READ, "e", "settings"),)),
    Feature("worktime", (Nav("worktime.index", NN_("工作日历"), P.CALENDAR_READ, "c", "calendar"),)),
    Feature("seeding"),
    Feature("backup"),
    Feature("attachments"),
    Feature("documents", (Nav("documents.index", NN_("文书"), P.DOCUMENT_READ, "n", "document"),)),
    Feature("jobs"),
    Feature(
        "inspections",
        (
            Nav("inspections.patrols", NN_("巡查"), P.PATROL_READ, "p", "patrol"),
            Nav("inspections.findings", NN_("问题"), P.FINDING_READ, "f", "finding"),
        ),
    ),
    Feature(
        "rectifications",
        (Nav("rectifications.index", NN_("整改"), P.RECTIFICATION_READ, "r", "rectification"),),
    ),
    Feature("registers", (Nav("registers.index", NN_("台账"), P.REGISTER_READ, "l", "ledger"),)),
    Feature(
        "evaluations",
        (Nav("evaluations.index", NN_("考核"), P.EVALUATION_READ, "k", "evaluation"),),
    ),
    Feature("bulletins", (Nav("bulletins.index", NN_("通报"), P.BULLETIN_READ, "b", "report"),)),
    Feature("transfers"),
    Feature("audit", (Nav("audit.index", NN_("审计"), P.AUDIT_READ, "a", "audit"),)),
)
# The order in which people look for things.
NAVIGATION = (
    "reports",
    "inspections",
    "rectifications",
    "registers",
    "evaluations",
    "bulletins",
    "documents",
    "organisation",
    "accounts",
    "audit",
    "worktime",
    "settings",
)


def find_room(feature: str, room: str) -> ModuleType | None:
    """Import one room of a feature, or return None where the feature does without it."""
    name = f"app.{feature}.{room}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def import_models() -> None:
    """Import every table, so that the metadata is whole."""
    for feature in FEATURES:
        find_room(feature.name, "models")
    importlib.import_module("app.db.models")
