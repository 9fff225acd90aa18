from __future__ import annotations

from enum import StrEnum
from typing import Any

from wtforms import BooleanField, Form, HiddenField

from app.core.errors import Invalid
from app.core.i18n import N_
from app.evaluations.input_rules import REASON_MAX as INPUT_REASON_MAX
from app.evaluations.input_rules import check_amount
from app.evaluations.labels import LABELS
from app.evaluations.month_rules import ObjectionStatus
from app.evaluations.rulebook_rules import (
    Amount,
    AsEntered,
    Category,
    Chosen,
    Discretion,
    Fixed,
    Input,
    RuleItem,
)
from app.evaluations.rules import AmountKind, Counted, ItemKind, Per
from app.evaluations.tier_rules import read_tiers, write_tiers
from app.evaluations.version_rules import (
    CLAUSE_MAX,
    NAME_MAX,
    NOTES_MAX,
    REASON_MAX,
    SOURCE_MAX,
    TEXT_MAX,
    TITLE_MAX,
)
from app.fields import (
    REQUIRED,
    Cards,
    Choice,
    Choices,
    Day,
    Line,
    OneTimeKey,
    Paragraphs,
    Points,
    optional,
    refuse,
    required,
)


def _words(kind: type[StrEnum]) -> list[tuple[str, str]]:
    return [(member.value, word) for member, word in LABELS[kind].items()]


class ItemForm(Form):
    """One item of a draft: what it is called, what it costs, which check items lead to it."""

    version = HiddenField()
    category = Choice(N_("类别"), [required])
    id = Line(
        N_("代码"), required, most=40, description=N_("字母、数字或汉字，同一部细则里不重复；各版保持不变。")
    )
    name = Line(N_("条目"), required, most=NAME_MAX)
    clause = Line(N_("依据条款"), optional, most=CLAUSE_MAX)
    kind = Cards(N_("扣分还是加分"), choices=_words(ItemKind), default=ItemKind.DEDUCT.value)
    per = Choice(N_("按什么计（每…）"), choices=_words(Per), default=Per.OCCURRENCE.value)
    amount = Choice(N_("分值怎么定"), choices=_words(AmountKind), default=AmountKind.FIXED.value)
    points = Points(N_("固定分值"), optional)
    low = Points(N_("幅度：最少"), optional)
    high = Points(N_("幅度：最多"), optional)
    tiers = Paragraphs(
        N_("分档"),
        optional,
        most=NOTES_MAX,
        description=N_("一行一档，从上往下第一个符合的算数，如“minutes ≤ 10：1”；最后一行可写“其余：5”。"),
    )
    target = Points(N_("目标值"), optional, description=N_("“比目标每少”和百分点用。"))
    threshold = Points(N_("限度"), optional, description=N_("“比限度每多”用。"))
    each = Points(N_("每多少算一个单位"), optional, description=N_("留空为 1。"))
    counted = Choice(N_("零头怎么计"), choices=_words(Counted), default=Counted.WHOLE.value)
    at_most = Points(
        N_("本条最多"), optional, description=N_("一个周期内这一条最多扣或加多少分；留空为不限。")
    )
    links = Choices(N_("连到的检查项目和台账"), [optional])

    def validate(self, **options: Any) -> bool:
        valid = super().validate(**options)
        for name in {AmountKind.FIXED: ("points",), AmountKind.RANGE: ("low", "high")}.get(
            self.amount.data, ()
        ):
            field = self[name]
            if field.data is None and not field.errors:
                refuse(self, Invalid(N_("请填写此项。"), field=name))
                valid = False
        try:
            self.choices = read_tiers(self.tiers.data or "") if self.amount.data == AmountKind.TIERS else ()
            if self.amount.data == AmountKind.TIERS and not self.choices:
                raise Invalid(N_("请填写此项。"))
        except Invalid as error:
            error.field = "tiers"
            refuse(self, error)
            valid = False
        return valid

    def item(self, always: bool) -> RuleItem:
        """Return the item that a valid form describes; `always` is kept as the rulebook has it."""
        return RuleItem(
            id=self.id.data,
            name=self.name.data,
            kind=ItemKind(self.kind.data),
            amount=self._amount(),
            per=Per(self.per.data),
            clause=self.clause.data or "",
            target=self.target.data,
            threshold=self.threshold.data,
            **({} if self.each.data is None else {"each": self.each.data}),
            counted=Counted(self.counted.data),
            at_most=self.at_most.data,
            always=always,
            links=tuple(self.links.data or ()),
        )

    def _amount(self) -> Amount:
        match self.amount.data:
            case AmountKind.RANGE:
                return Discretion(self.low.data, self.high.data)
            case AmountKind.TIERS:
                return Chosen(self.choices)
            case AmountKind.AS_ENTERED:
                return AsEntered()
        return Fixed(self.points.data)


def item_values(category: Category, item: RuleItem) -> dict[str, Any]:
    """Return an item as its form shows it."""
    shown: dict[str, Any] = {
        "category": category.id,
        "id": item.id,
        "name": item.name,
        "clause": item.clause,
        "kind": item.kind.value,
        "per": item.per.value,
        "target": item.target,
        "threshold": item.threshold,
        "each": None if item.each == 1 else item.each,
        "counted": item.counted.value,
        "at_most": item.at_most,
        "links": list(item.links),
    }
    match item.amount:
        case Fixed(points):
            return shown | {"amount": AmountKind.FIXED.value, "points": points}
        case Discretion(low, high):
            return shown | {"amount": AmountKind.RANGE.value, "low": low, "high": high}
        case Chosen(choices):
            return shown | {"amount": AmountKind.TIERS.value, "tiers": write_tiers(choices)}
    return shown | {"amount": AmountKind.AS_ENTERED.value}


# Which field a fault of the rulebook belongs to, by the last key of its path.
ITEM_FIELDS = {
    "deduct": "points",
    "bonus": "points",
    "from": "low",
    "to": "high",
    "if": "tiers",
    **{name: name for name in ("id", "per", "target", "threshold", "each", "at_most", "links", "points")},
}


class CategoryForm(Form):
    """A group of items with its limits."""

    version = HiddenField()
    id = Line(
        N_("代码"), required, most=40, description=N_("字母、数字或汉字，同一部细则里不重复；各版保持不变。")
    )
    name = Line(N_("类别"), required, most=NAME_MAX)
    score = Choice(N_("计入哪项得分"), [required])
    max = Points(N_("满分"), optional, description=N_("这一类最多扣多少分；留空为不限。"))
    stop_at_zero = BooleanField(N_("扣完为止"))
    bonus_cap = Points(N_("加分上限"), optional, description=N_("这一类最多加多少分；留空为不限。"))


class ScoreForm(Form):
    """The limits of a score."""

    version = HiddenField()
    base = Points(N_("基础分"), required)
    floor = Points(N_("下限"), optional, description=N_("留空为不限，可以出现负分。"))
    ceiling = Points(N_("上限"), optional, description=N_("留空为不限。"))
    bonus_cap = Points(N_("加分合计上限"), optional, description=N_("留空为不限。"))


class HeadForm(Form):
    """What a draft says about itself."""

    version = HiddenField()
    title = Line(N_("名称"), required, most=TITLE_MAX)
    source = Line(N_("依据"), optional, most=SOURCE_MAX)
    readings = Paragraphs(
        N_("条文的理解"), optional, most=NOTES_MAX, description=N_("一行一条；印在每份结果下面。")
    )
    notes = Paragraphs(N_("备注"), optional, most=NOTES_MAX, description=N_("一行一条；不参与计分。"))


class ImportForm(Form):
    """A rulebook as YAML text, pasted; a file goes before it."""

    text = Paragraphs(N_("或者粘贴 YAML 文本"), optional, most=TEXT_MAX)


class InForceForm(Form):
    version = HiddenField()
    effective_on = Day(N_("施行日期"), required)


class RetireForm(Form):
    version = HiddenField()
    retired_on = Day(N_("停用日期"), required)
    reason = Line(N_("停用原因"), required, most=REASON_MAX)


class MonthForm(Form):
    month = Line(N_("月份"), required, most=7, description=N_("如 2026-10。"))


class StepForm(Form):
    """A step of a month that needs nothing but the version it was shown in."""

    version = HiddenField()


class ReopenForm(StepForm):
    reason = Paragraphs(N_("重开原因"), required, most=REASON_MAX)


class ObjectionForm(Form):
    reason = Paragraphs(N_("申诉理由"), required, most=1000)


class DecisionForm(Form):
    version = HiddenField()
    status = Cards(
        N_("决定"),
        [required],
        choices=[
            (each.value, LABELS[ObjectionStatus][each])
            for each in ObjectionStatus
            if each is not ObjectionStatus.PENDING
        ],
    )
    count = Points(N_("改为多少次"), optional, description=N_("只在“变更”时填写；半次写 0.5。"))
    decision = Paragraphs(N_("决定理由"), required, most=1000)


class CorrectionForm(Form):
    form_key = OneTimeKey()
    points = Points(N_("更正分值"), required, description=N_("补回写正数，补扣写负数。"))
    reason = Paragraphs(N_("更正原因"), required, most=1000)


class InputRowForm(Form):
    """One row of what a month asks for: points or a figure, of what whole, and why."""

    amount = Points(N_("数值"))
    whole = Points(N_("总数"))
    reason = Line(N_("理由或来源"), optional, most=INPUT_REASON_MAX)

    @property
    def is_empty(self) -> bool:
        """Return whether nobody typed anything."""
        return not any(str(typed).strip() for field in self for typed in field.raw_data or ())

    def judge(self, about: RuleItem | Input) -> bool:
        """Return whether the rulebook can take the row; else its errors stand beside the fields."""
        valid = self.validate()
        try:
            if valid and self.amount.data is None:
                raise Invalid(REQUIRED, field="amount")
            if valid:
                check_amount(about, self.amount.data, self.whole.data, self.reason.data or "")
        except Invalid as error:
            refuse(self, error)
            return False
        return valid


class InputStepForm(Form):
    version = HiddenField()


class InputWhyForm(InputStepForm):
    reason = Line(N_("原因"), required, most=INPUT_REASON_MAX)
