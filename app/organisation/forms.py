"""What is entered of centres, places and people. A field has its column's name; a screen and an imported
row are checked by the same form: `offer` the choices, `validate`, then `columns()` are the row's values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from wtforms import BooleanField, Form, HiddenField
from wtforms.widgets import CheckboxInput, ListWidget

from app.core.errors import DomainError, Invalid
from app.core.i18n import N_
from app.fields import Choice, Choices, Day, Line, Moment, Paragraphs, Whole, optional, required
from app.organisation import hours_rules
from app.organisation.labels import LABELS
from app.organisation.rules import (
    REASON_MAX,
    AbsenceKind,
    CentreLevel,
    DepartmentKind,
    PointKind,
    PostingRole,
    SectionKind,
    StaffKind,
)

Offer = Sequence[tuple[int, str]]
NONE = N_("（无）")
HOURS_HINT = N_(
    "一行写一种安排，例如“周一至周五 09:00-12:00 13:30-17:00”；延时服务的时段后面加“延时”，周末另写一行。"
)


def _id(value: Any) -> int | None:
    """Read the id of a row that may also be none."""
    return int(value) if value not in (None, "", "0", 0) else None


class Row(Choice):
    """A row that may be left out."""

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, [optional], coerce=_id, choices=[], **options)

    def offer(self, rows: Offer) -> None:
        self.choices = [(0, NONE), *rows]


def _kinds(label: str, kind: type[Any]) -> Choice:
    words: Any = LABELS[kind]
    return Choice(label, coerce=kind, choices=[(member.value, word) for member, word in words.items()])


def _readable(_form: Form, field: Timetable) -> None:
    try:
        field.slots = hours_rules.read(field.data or "")
    except DomainError as error:
        field.errors.append(error)


class Ticks(Choices):
    """Any of several, all of them in sight to be ticked."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class Timetable(Paragraphs):
    """Opening hours as people write them; `slots` are the rows they mean."""

    slots: list[hours_rules.Hours]

    def __init__(self, label: str, *rules: Any, **options: Any) -> None:
        super().__init__(label, _readable, *rules, most=600, description=HOURS_HINT, **options)
        self.slots = []


class RecordForm(Form):
    """The columns of one row, and the version it was read at."""

    BESIDE: ClassVar[frozenset[str]] = frozenset({"version", "hours", "served"})
    version = HiddenField()

    def columns(self) -> dict[str, Any]:
        """Return what the row's columns are to hold."""
        blank = (Line, Paragraphs)
        return {
            field.name: (field.data or "") if isinstance(field, blank) else field.data
            for field in self
            if field.name not in self.BESIDE
        }


class CentreForm(RecordForm):
    parent_id = Row(N_("上级中心"))
    name = Line(N_("名称"), required, most=120)
    short_name = Line(N_("简称"), required, most=40)
    level = _kinds(N_("层级"), CentreLevel)
    number_prefix = Line(
        N_("文号字头"), required, most=20, description=N_("写在文号年份前面，例如“云政服”。")
    )
    opened_on = Day(N_("启用日期"), required)

    def offer(self, parents: Offer) -> None:
        """Set the centres it may stand below."""
        self.parent_id.offer(parents)


class SectionForm(RecordForm):
    name = Line(N_("名称"), required, most=80)
    kind = _kinds(N_("类别"), SectionKind)
    opened_on = Day(N_("启用日期"), required)


class DepartmentForm(RecordForm):
    name = Line(N_("名称"), required, most=120)
    short_name = Line(N_("简称"), required, most=40, description=N_("列表和窗口上的叫法，例如“市场监管局”。"))
    kind = _kinds(N_("类别"), DepartmentKind)
    qualification = Paragraphs(N_("资质"), optional, most=500, description=N_("中介机构填写资质名称和等级。"))
    qualified_until = Day(N_("资质有效期至"), optional)
    opened_on = Day(N_("进驻日期"), required)

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        if self.kind.data == DepartmentKind.INTERMEDIARY and not self.qualification.data:
            self.qualification.errors = [Invalid(N_("中介机构请填写资质。"))]
            valid = False
        return valid


class ZoneForm(RecordForm):
    name = Line(N_("名称"), required, most=40)
    floor = Line(N_("楼层"), required, most=20)
    position = Whole(
        N_("顺序"), required, least=0, most=9999, description=N_("巡查时各区域的先后，小的在前。")
    )


class PointForm(RecordForm):
    """A window or another place, with its first hours and the departments it serves."""

    zone_id = Choice(N_("区域"), coerce=int, choices=[])
    kind = _kinds(N_("类别"), PointKind)
    number = Line(N_("编号"), required, most=20)
    name = Line(N_("名称"), required, most=80)
    department_id = Row(N_("进驻部门"), description=N_("综合窗口和没有部门的场所不选。"))
    comprehensive = BooleanField(N_("综合窗口（受理多个部门的事项）"))
    served = Ticks(N_("受理部门"), [optional], coerce=int, choices=[], description=N_("只有综合窗口才选。"))
    walking_order = Whole(
        N_("巡查顺序"), required, least=0, most=9999, description=N_("在区域内的先后，小的在前。")
    )
    opened_on = Day(N_("启用日期"), required)
    hours = Timetable(N_("开放时间"), optional)

    def offer(self, zones: Offer, departments: Offer) -> None:
        """Set the zones and departments of its centre."""
        self.zone_id.choices = list(zones)
        self.department_id.offer(departments)
        self.served.choices = list(departments)

    def only_columns(self) -> None:
        """Leave out what is changed from a day on, on pages of its own."""
        del self.hours, self.served


class StaffForm(RecordForm):
    name = Line(N_("姓名"), required, most=60)
    staff_number = Line(
        N_("工号"), required, most=40, description=N_("没有工号的人员（志愿者、律师等）自编一个，例如 Z001。")
    )
    kind = _kinds(N_("类别"), StaffKind)
    department_id = Row(N_("进驻部门"), description=N_("导服、代办员、志愿者等没有部门的人员不选。"))
    title = Line(N_("职务"), optional, most=60)
    joined_on = Day(N_("到岗日期"), required)

    def offer(self, departments: Offer) -> None:
        """Set the departments of its centre."""
        self.department_id.offer(departments)


# --- from a day on --------------------------------------------------------------------------------


class HoursForm(Form):
    basis = HiddenField()  # the rows it was made from
    from_on = Day(N_("自哪天起"), required)
    hours = Timetable(N_("开放时间"))


class ServedForm(Form):
    basis = HiddenField()
    from_on = Day(N_("自哪天起"), required)
    served = Ticks(N_("受理部门"), [optional], coerce=int, choices=[])


class CloseForm(Form):
    """The first day on which something is no longer there."""

    version = HiddenField()
    on = Day(N_("停用日期"), required, description=N_("从这一天起不再使用。"))


class CloseWithTermsForm(CloseForm):
    end_terms = BooleanField(N_("同时结束这些岗位安排"))


class LeaveForm(Form):
    version = HiddenField()
    on = Day(N_("离岗日期"), required, description=N_("从这一天起不再在岗。"))
    end_terms = BooleanField(N_("同时结束岗位安排和首席代表任期"))


class ReopenForm(Form):
    version = HiddenField()


# --- terms ----------------------------------------------------------------------------------------

_WHO = N_("姓名、工号或拼音首字母。")
_WHERE = N_("巡查点的编号，例如 A01。")


class PostingForm(Form):
    """A person at a window or in a post without one; person and window are typed and looked up."""

    person = Line(N_("人员"), required, most=110, description=_WHO, render_kw={"list": "people"})
    point = Line(N_("窗口"), optional, most=110, description=_WHERE, render_kw={"list": "points"})
    post = Line(N_("岗位"), optional, most=60, description=N_("没有窗口时填写，例如“项目代办”“值班律师”。"))
    role = _kinds(N_("角色"), PostingRole)
    from_on = Day(N_("自"), required)
    to_on = Day(N_("至"), optional, description=N_("最后一天；长期的不填。"))
    end_former = BooleanField(N_("结束原来的 A 角安排，至前一天为止"))


class MoveForm(Form):
    version = HiddenField()
    point = Line(N_("窗口"), optional, most=110, description=_WHERE, render_kw={"list": "points"})
    post = Line(N_("岗位"), optional, most=60, description=N_("没有窗口时填写。"))
    from_on = Day(N_("自哪天起"), required)


class ChiefForm(Form):
    department_id = Choice(N_("进驻部门"), coerce=int, choices=[])
    person = Line(N_("首席代表"), required, most=110, description=_WHO, render_kw={"list": "people"})
    from_on = Day(N_("自"), required)
    to_on = Day(N_("至"), optional, description=N_("最后一天；没有期限的不填。"))


class AbsenceForm(Form):
    person = Line(N_("人员"), required, most=110, description=_WHO, render_kw={"list": "people"})
    kind = _kinds(N_("类别"), AbsenceKind)
    begins_at = Moment(N_("开始"), required)
    ends_at = Moment(N_("结束"), required)
    stand_in = Line(
        N_("顶岗人员"),
        optional,
        most=110,
        description=N_("B 角或其他替岗的人；没有就不填。"),
        render_kw={"list": "people"},
    )
    note = Line(N_("说明"), optional, most=200)


class EndForm(Form):
    version = HiddenField()
    to_on = Day(N_("最后一天"), required)


class ReturnForm(Form):
    version = HiddenField()
    ends_at = Moment(N_("返岗时间"), required)


class WithdrawForm(Form):
    version = HiddenField()
    reason = Line(N_("原因"), required, most=REASON_MAX)
