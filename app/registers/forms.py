from __future__ import annotations

from wtforms import Field, Form, HiddenField, SelectMultipleField

from app.core.i18n import N_
from app.core.on_behalf import CAPACITY_MAX, NAME_MAX
from app.fields import Choice, Day, Line, OneTimeKey, Paragraphs, Whole, optional, required
from app.registers.labels import LABELS
from app.registers.rules import ASKED, KINDS, MINUTES_MAX, TEXT_MAX, Kind, Level, Register, Unit
from app.registers.rules import NAME_MAX as WORDS_MAX

# What a field is called where a ledger has a word of its own for it.
_CALLED = {
    (Register.HONOUR, "matter"): N_("荣誉名称"),
    (Register.HONOUR, "happened_on"): N_("授予日期"),
    (Register.PRAISE, "happened_on"): N_("收到日期"),
    (Register.PRAISE, "text"): N_("表扬内容"),
    (Register.SERVICE, "matter"): N_("服务事项"),
    (Register.MEETING, "matter"): N_("会议名称"),
    (Register.MEETING, "happened_on"): N_("会议日期"),
    (Register.MEETING, "text"): N_("会议情况和处理结果"),
}
_COUNTED = {Unit.TIMES: N_("次数"), Unit.HALF_DAYS: N_("半天数"), Unit.CASES: N_("件数")}


class EntryForm(Form):
    """An entry of any kind; `ask` leaves what its kind asks for. Places and people are typed."""

    form_key = OneTimeKey()
    happened_on = Day(N_("日期"), required)
    ended_on = Day(N_("截止日期"))
    staff = Line(N_("人员"), most=60)
    point = Line(N_("窗口"), most=60)
    department = Choice(N_("部门"), coerce=int, default=0)
    giver = Line(N_("赠送人"), most=WORDS_MAX)
    matter = Line(N_("事项"), most=WORDS_MAX)
    awarded_by = Line(N_("授予单位"), most=WORDS_MAX)
    honour_level = Choice(
        N_("级别"),
        choices=[("", N_("请选择")), *((level.value, LABELS[Level][level]) for level in Level)],
        default="",
    )
    quantity = Whole(N_("数量"), least=1, most=999, default=1)
    minutes = Whole(N_("分钟"), least=1, most=MINUTES_MAX)
    clause = Line(N_("依据条款"), most=WORDS_MAX)
    shown = Line(
        N_("播放的问题"),
        most=600,
        description=N_("写问题编号，几个之间用顿号或空格隔开，如 20261117-12-31、20261118-L-32。"),
    )
    text = Paragraphs(N_("说明"), most=TEXT_MAX)
    on_behalf_name = Line(N_("代何人填报"), optional, most=NAME_MAX)
    on_behalf_capacity = Line(N_("身份"), optional, most=CAPACITY_MAX)
    photo = SelectMultipleField(N_("证据"), validate_choice=False)

    def ask(self, kind: Kind) -> None:
        """Leave the fields that one kind asks for, and say which of them it cannot do without."""
        rule = KINDS[kind]
        for name in ASKED:
            if rule.asks(name):
                _mark(self[name], needed=name in rule.required)
            else:
                del self[name]
        _mark(self.text, needed=rule.explained)
        for field in self:
            field.label.text = _CALLED.get((rule.register, field.name), field.label.text)
        if "quantity" in self:
            self.quantity.label.text = _COUNTED[rule.unit]


def _mark(field: Field, *, needed: bool) -> None:
    field.validators = [*field.validators, required if needed else optional]
    setattr(field.flags, "required" if needed else "optional", True)


class StepForm(Form):
    """A step that needs no words; `version` is that of the entry that was looked at."""

    version = HiddenField()


class RefuseForm(StepForm):
    reason = Paragraphs(N_("不予确认的原因"), required, most=TEXT_MAX)


class VoidForm(StepForm):
    reason = Paragraphs(N_("作废原因"), required, most=TEXT_MAX)


class RowForm(Form):
    """What a row of an attendance table says besides the fields that it shares with the screen's form."""

    staff_number = Line(N_("工号"), most=40)
    kind = Choice(
        N_("类别"),
        [required],
        choices=[
            (kind.value, LABELS[Kind][kind])
            for kind, rule in KINDS.items()
            if rule.register is Register.ATTENDANCE
        ],
    )
