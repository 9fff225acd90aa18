"""What a centre decides for itself: each setting with its kind, default and group. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Any

from app.core.actions import Action
from app.core.errors import Invalid
from app.core.i18n import N_
from app.documents.rules import KIND_MARKS, NUMBER_PATTERN, DocumentKind, check_mark, check_pattern
from app.permissions import Permission
from app.rectifications.rules import OFFICE_CLOSES, WORKDAYS_MAX


class Group(StrEnum):
    """The pages of settings."""

    DEADLINES = "deadlines"
    PATROLS = "patrols"
    EVALUATIONS = "evaluations"
    NUMBERING = "numbering"
    REMEDIES = "remedies"
    ATTACHMENTS = "attachments"
    SECURITY = "security"

    @property
    def permission(self) -> Permission:
        """Return what it takes to change this group; passwords are the security administrator's."""
        return Permission.ACCOUNT_MANAGE if self is Group.SECURITY else Permission.SETTING_MANAGE


class PasswordProfile(StrEnum):
    MODERN = "modern"  # length and a blocklist
    MLPS = "mlps"  # 等保: complexity, rotation, history


SETTING_CHANGED = Action("setting.changed", frozenset({"setting"}))

TEXT_MAX = 100
PATTERN_MAX = 60
MARK_MAX = 10
ROUNDS_MAX = 12
ROUND_NAME_MAX = 20


# --- kinds of values ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """A whole number between two bounds."""

    least: int
    most: int

    def check(self, value: Any) -> None:
        """Raise Invalid unless this can be the setting's value; so does every kind."""
        if type(value) is not int or not self.least <= value <= self.most:
            raise Invalid(N_("请填写 %(least)d 到 %(most)d 之间的整数。"), least=self.least, most=self.most)


@dataclass(frozen=True)
class Text:
    """One line, such as the name of an organ."""

    most: int = TEXT_MAX

    def check(self, value: Any) -> None:
        if not isinstance(value, str) or len(value) > self.most:
            raise Invalid(N_("最多 %(max)d 个字。"), max=self.most)


@dataclass(frozen=True)
class Mark:
    """The word in a number that stands for the kind of document."""

    most: int = MARK_MAX

    def check(self, value: Any) -> None:
        Text(self.most).check(value)
        check_mark(value)


@dataclass(frozen=True)
class Pattern:
    """How a number reads; see documents.rules."""

    most: int = PATTERN_MAX

    def check(self, value: Any) -> None:
        Text(self.most).check(value)
        check_pattern(value)


@dataclass(frozen=True)
class OneOf:
    """One member of an enumeration."""

    options: type[StrEnum]

    def check(self, value: Any) -> None:
        if value not in list(self.options):
            raise Invalid(N_("这一项不在可选范围内，请重新选择。"))


@dataclass(frozen=True)
class Rounds:
    """The patrol rounds of a working day, a line each: 开门 08:30-09:30."""

    most: int = ROUNDS_MAX

    def check(self, value: Any) -> None:
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            raise Invalid(N_("请填写 1 到 %(most)d 轮。"), most=self.most)
        rounds_of(value)


Kind = Number | Text | Mark | Pattern | OneOf | Rounds


@dataclass(frozen=True)
class Setting:
    """One thing that a centre decides; what it leaves open follows the centre above, then the default."""

    key: str
    label: str
    kind: Kind
    default: Any
    group: Group
    help: str = ""


# --- rounds ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Round:
    """A patrol round of every working day: its name, and between which times it is walked."""

    name: str
    begins: time
    ends: time

    @property
    def line(self) -> str:
        return f"{self.name} {self.begins:%H:%M}-{self.ends:%H:%M}"


_TIME = r"(\d{1,2})[:.]?(\d\d)"
_ROUND = re.compile(rf"(\D.*?)[\s:,]*(?<!\d){_TIME}\s*[-~—–至到]+\s*{_TIME}")


def rounds_of(lines: list[str]) -> tuple[Round, ...]:
    """Return the rounds that lines of text name. Raise Invalid, naming the line, if one cannot stand."""
    found: list[Round] = []
    for number, line in enumerate(lines, 1):
        one = _round(number, line)
        if one.name in {other.name for other in found}:
            raise Invalid(N_("第 %(line)d 行：“%(name)s”写了两次。"), line=number, name=one.name)
        if found and one.begins < found[-1].ends:
            raise Invalid(N_("第 %(line)d 行：这一轮开始时，上一轮还没有结束。"), line=number)
        found.append(one)
    return tuple(found)


def _round(number: int, line: str) -> Round:
    parts = _ROUND.fullmatch(unicodedata.normalize("NFKC", line).strip())
    if not parts or not parts[1].strip() or not parts[1].isprintable():
        raise Invalid(N_("第 %(line)d 行看不懂，请写成“开门 08:30-09:30”。"), line=number)
    name = parts[1].strip()
    if len(name) > ROUND_NAME_MAX:
        raise Invalid(N_("第 %(line)d 行：名称最多 %(max)d 个字。"), line=number, max=ROUND_NAME_MAX)
    try:
        begins, ends = time(int(parts[2]), int(parts[3])), time(int(parts[4]), int(parts[5]))
    except ValueError:
        raise Invalid(N_("第 %(line)d 行：没有这样的时刻。"), line=number) from None
    if begins >= ends:
        raise Invalid(N_("第 %(line)d 行：结束应当晚于开始。"), line=number)
    return Round(name, begins, ends)


# --- the declarations -----------------------------------------------------------------------------

# Every kind of document has a mark and a pattern of its own.
NUMBERED = {
    DocumentKind.RECTIFICATION_NOTICE: (N_("整改通知书的代字"), N_("整改通知书的文号格式")),
    DocumentKind.URGING_NOTICE: (N_("督办单的代字"), N_("督办单的文号格式")),
    DocumentKind.CHANGE_PROPOSAL: (N_("更换人员建议函的代字"), N_("更换人员建议函的文号格式")),
    DocumentKind.TALK_NOTICE: (N_("约谈通知书的代字"), N_("约谈通知书的文号格式")),
    DocumentKind.TALK_RECORD: (N_("约谈记录的代字"), N_("约谈记录的文号格式")),
    DocumentKind.DEPARTMENT_REPORT: (N_("整改逾期情况函的代字"), N_("整改逾期情况函的文号格式")),
    DocumentKind.STAFF_SHEET: (N_("个人考核表的代字"), N_("个人考核表的文号格式")),
    DocumentKind.WINDOW_SHEET: (N_("窗口考核表的代字"), N_("窗口考核表的文号格式")),
    DocumentKind.CHIEF_SHEET: (N_("首席代表考核表的代字"), N_("首席代表考核表的文号格式")),
    DocumentKind.DEPARTMENT_SHEET: (N_("部门考核表的代字"), N_("部门考核表的文号格式")),
    DocumentKind.MONTHLY_NOTICE: (N_("月度考核通报的代字"), N_("月度考核通报的文号格式")),
    DocumentKind.OBJECTION_DECISION: (N_("申诉复核决定的代字"), N_("申诉复核决定的文号格式")),
    DocumentKind.AWARD_DECISION: (N_("评选审批表的代字"), N_("评选审批表的文号格式")),
    DocumentKind.AWARD_NOTICE: (N_("表彰通报的代字"), N_("表彰通报的文号格式")),
    DocumentKind.YEAR_RESULT: (N_("年度考核结果的代字"), N_("年度考核结果的文号格式")),
    DocumentKind.WEEKLY_BULLETIN: (N_("周通报的代字"), N_("周通报的文号格式")),
}


def mark_key(kind: DocumentKind) -> str:
    return f"{kind.value}_mark"


def pattern_key(kind: DocumentKind) -> str:
    return f"{kind.value}_pattern"


def _numbering() -> list[Setting]:
    found = []
    for kind, (mark, pattern) in NUMBERED.items():
        found += [
            Setting(mark_key(kind), mark, Mark(), KIND_MARKS[kind], Group.NUMBERING),
            Setting(pattern_key(kind), pattern, Pattern(), NUMBER_PATTERN, Group.NUMBERING),
        ]
    return found


SETTINGS: dict[str, Setting] = {
    setting.key: setting
    for setting in (
        Setting(
            "rectification_workdays",
            N_("整改期限（工作日）"),
            Number(1, WORKDAYS_MAX),
            3,
            Group.DEADLINES,
            N_("检查项目没有规定期限时用；下发当日不计。"),
        ),
        Setting(
            "rectification_hour",
            N_("整改期限截止时刻（时）"),
            Number(8, 20),
            OFFICE_CLOSES,
            Group.DEADLINES,
        ),
        Setting(
            "objection_workdays",
            N_("申诉期限（工作日）"),
            Number(1, 60),
            3,
            Group.DEADLINES,
            N_("从收到扣分通知的次日起算。"),
        ),
        Setting(
            "objection_decision_workdays", N_("申诉决定期限（工作日）"), Number(1, 60), 5, Group.DEADLINES
        ),
        Setting(
            "award_publication_workdays",
            N_("评先评优公示期（工作日）"),
            Number(1, 60),
            5,
            Group.EVALUATIONS,
            N_("从公示的次日起算。"),
        ),
        Setting(
            "excellent_share",
            N_("年度优秀等次的比例上限（%）"),
            Number(0, 100),
            20,
            Group.EVALUATIONS,
            N_("按参加年度考核的人数计算，不足一人的不计。"),
        ),
        Setting(
            "patrol_rounds",
            N_("每个工作日的巡查轮次"),
            Rounds(),
            ["开门 08:30-09:30", "上午 09:30-11:30", "下班前 16:30-17:30"],
            Group.PATROLS,
            N_("一行一轮，按时间先后：名称、开始和结束时间，如“开门 0830-0930”。"),
        ),
        *_numbering(),
        Setting("reconsideration_organ", N_("行政复议机关"), Text(), "", Group.REMEDIES),
        Setting("court", N_("行政诉讼管辖法院"), Text(), "", Group.REMEDIES),
        Setting("complaint_organ", N_("投诉举报受理机关"), Text(), "", Group.REMEDIES),
        Setting(
            "hall_video_days",
            N_("大厅录像保存天数"),
            Number(1, 3650),
            30,
            Group.ATTACHMENTS,
            N_("到期前须将片段或截图存为证据。"),
        ),
        Setting("attachment_quota_gb", N_("附件总配额（GB）"), Number(1, 100_000), 200, Group.ATTACHMENTS),
        Setting(
            "password_profile",
            N_("密码策略"),
            OneOf(PasswordProfile),
            PasswordProfile.MODERN.value,
            Group.SECURITY,
        ),
    )
}


def settings_of(group: Group) -> list[Setting]:
    """Return the settings of a page in their order."""
    return [setting for setting in SETTINGS.values() if setting.group is group]


def check_together(group: Group, values: Mapping[str, Any]) -> None:
    """Raise Invalid if what would hold in a centre does not fit together: no two kinds share a mark."""
    if group is not Group.NUMBERING:
        return
    seen: set[str] = set()
    for setting in settings_of(group):
        if isinstance(setting.kind, Mark):
            if values[setting.key] in seen:
                raise Invalid(N_("两种文书不能用同一个代字。"), field=setting.key)
            seen.add(values[setting.key])
