"""Words for the vocabulary of rulebooks."""

from enum import StrEnum
from typing import Any

from app.core.i18n import N_
from app.evaluations.rules import (
    SPANS,
    UNITS,
    AmountKind,
    Compare,
    Counted,
    Effect,
    InputKind,
    ItemKind,
    PartKind,
    Per,
    Span,
    Subject,
    Together,
)
from app.evaluations.version_rules import Standing, VersionStatus

LABELS: dict[type[StrEnum], dict[Any, str]] = {
    Subject: {
        Subject.STAFF: N_("窗口工作人员"),
        Subject.WINDOW: N_("窗口"),
        Subject.DEPARTMENT: N_("进驻部门"),
    },
    Span: SPANS,
    Per: UNITS,
    Counted: {
        Counted.WHOLE: N_("满一个单位才计"),
        Counted.STARTED: N_("不足一个单位按一个计"),
        Counted.EXACT: N_("按比例计"),
    },
    ItemKind: {ItemKind.DEDUCT: N_("扣分"), ItemKind.BONUS: N_("加分")},
    AmountKind: {
        AmountKind.FIXED: N_("固定分值"),
        AmountKind.RANGE: N_("在幅度内酌定"),
        AmountKind.TIERS: N_("按条件分档"),
        AmountKind.AS_ENTERED: N_("由录入的人填写"),
    },
    VersionStatus: {
        VersionStatus.DRAFT: N_("草稿"),
        VersionStatus.IN_FORCE: N_("施行"),
        VersionStatus.RETIRED: N_("停用"),
    },
    Standing: {
        Standing.DRAFT: N_("草稿"),
        Standing.COMING: N_("待施行"),
        Standing.IN_FORCE: N_("施行中"),
        Standing.RETIRED: N_("已停用"),
    },
    Together: {
        Together.ITEM: N_("按条目累计"),
        Together.CATEGORY: N_("按类别累计"),
        Together.ALL: N_("全部累计"),
    },
    InputKind: {
        InputKind.NUMBER: N_("数值"),
        InputKind.MEAN: N_("取平均"),
        InputKind.SUM: N_("取合计"),
        InputKind.VOTES: N_("得票"),
        InputKind.RATE: N_("比率"),
    },
    PartKind: {
        PartKind.SCORE: N_("另一项得分"),
        PartKind.MEAN_OF: N_("个人得分平均"),
        PartKind.SUM_OF: N_("个人得分合计"),
        PartKind.INPUT: N_("输入项"),
    },
    Effect: {Effect.NO_AWARD: N_("取消评先评优资格"), Effect.GRADE_CAP: N_("限定等次")},
    Compare: {
        Compare.AT_LEAST: N_("不少于"),
        Compare.OVER: N_("超过"),
        Compare.AT_MOST: N_("不超过"),
        Compare.BELOW: N_("低于"),
        Compare.IS: N_("为"),
    },
}
ACTIONS = {
    "rulebook.imported": N_("导入考核细则"),
    "rulebook.drafted": N_("起草新版"),
    "rulebook.edited": N_("修改草稿"),
    "rulebook.put_in_force": N_("施行"),
    "rulebook.retired": N_("停用"),
    "rulebook.exported": N_("导出考核细则"),
}
SUBJECTS = {"rulebook": N_("考核细则")}
FIELDS = {
    "subject": N_("考核对象"),
    "period": N_("周期"),
    "retire_reason": N_("停用原因"),
    "sha256": N_("内容指纹（SHA-256）"),
    "lines": N_("改动的行"),
}
