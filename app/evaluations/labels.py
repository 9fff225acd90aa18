"""Words for the vocabulary of rulebooks."""

from app.core.i18n import N_
from app.evaluations.rules import (
    SPANS,
    UNITS,
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

LABELS = {
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
