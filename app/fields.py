"""Form fields that forgive how people type and refuse what cannot be kept; shared by every form.

Errors are DomainError values: the page translates them, an import writes them beside the bad row.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from wtforms import (
    Field,
    Form,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import ValidationError
from wtforms.widgets import DateInput, DateTimeLocalInput, NumberInput, TimeInput

from app.core.errors import DomainError, Invalid
from app.core.i18n import N_
from app.core.on_behalf import CAPACITY_MAX, NAME_MAX, NOBODY, Represented
from app.core.points import plain, read_number

REQUIRED = N_("请填写此项。")
TOO_LONG = N_("最多 %(max)d 个字，现在是 %(length)d 个字。")
CONTROL = N_("第 %(place)d 个字符是无法保存的控制字符，请删除后重试。")
NOT_A_DATE = N_("日期不对，请写成 2026-11-22 或 1122。")
NOT_A_TIME = N_("时间不对，请写成 2026-11-22 09:05。")
NOT_A_TIME_OF_DAY = N_("时间不对，请写成 09:05 或 0905。")
NOT_OFFERED = N_("这一项不在可选范围内，请重新选择。")
NOT_A_NUMBER = N_("请填写 %(least)d 到 %(most)d 之间的整数。")
NOT_POINTS = N_("请填写数字，如 2 或 0.5。")

YEARS = range(1900, 2200)  # beyond them no date is meant, and time zones overflow

Rule = Callable[[Form, Field], None]


def required(_form: Form, field: Field) -> None:
    """Refuse an empty field; what was typed and could not be read has its own refusal."""
    unread = field.errors and any(str(typed).strip() for typed in field.raw_data or ())
    if field.data in (None, "", []) and not unread:
        field.errors[:] = []
        raise _stop(REQUIRED)


required.field_flags = {"required": True}  # type: ignore[attr-defined]  # WTForms reads it: the control says so


def optional(_form: Form, _field: Field) -> None:
    """Mark a field that may stay empty, so that its label says so."""


optional.field_flags = {"optional": True}  # type: ignore[attr-defined]


def no_longer_than(most: int) -> Rule:
    """Return a rule that refuses text of more than `most` characters, saying how long it is."""

    def rule(_form: Form, field: Field) -> None:
        if field.data and len(field.data) > most:
            raise _stop(TOO_LONG, max=most, length=len(field.data))

    return rule


def printable(_form: Form, field: Field) -> None:
    """Refuse characters that no database can hold and nobody can see."""
    for place, char in enumerate(field.data or "", 1):
        if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t":
            raise _stop(CONTROL, place=place)


def _stop(text: str, **params: Any) -> ValidationError:
    error = ValidationError()
    error.args = (Invalid(text, **params),)
    return error


class Line(StringField):
    """One line of text: trimmed, no longer than `most`, nothing invisible in it."""

    def __init__(self, label: str, *rules: Rule, most: int, **options: Any) -> None:
        super().__init__(label, [printable, no_longer_than(most), *rules], **options)

    def process_formdata(self, values: list[str]) -> None:
        if values:
            self.data = re.sub(r"\s*[\r\n]\s*", " ", values[0].strip())  # pasted line ends


class Paragraphs(TextAreaField):
    """Several lines of text; the browser's line ends become plain ones."""

    def __init__(self, label: str, *rules: Rule, most: int, **options: Any) -> None:
        super().__init__(label, [printable, no_longer_than(most), *rules], **options)
        self.most = most

    def process_formdata(self, values: list[str]) -> None:
        if values:
            self.data = values[0].replace("\r\n", "\n").replace("\r", "\n").strip()


class OneTimeKey(HiddenField):
    """The key of a creation form: a second tap sends the same one; without a usable one, a new one."""

    def process_data(self, value: str | None) -> None:
        self.data: str = value or secrets.token_hex(16)

    def process_formdata(self, values: list[str]) -> None:
        self.data = (values and one_time_key(values[0])) or self.data


def one_time_key(typed: str) -> str:
    """Return a one-time key as a form sent it, empty if it cannot be one of ours."""
    return typed if re.fullmatch(r"[0-9a-z-]{8,40}", typed) else ""


class _Offered:
    """A choice: whatever is not on offer is refused in the house's own words."""

    data: Any

    def __init__(
        self, label: str, rules: Sequence[Rule] = (), *, choices: Any = None, **options: Any
    ) -> None:
        refused = {"invalid_value_message": NOT_OFFERED, "invalid_choice_message": NOT_OFFERED}
        super().__init__(label, rules, **refused, **options)  # type: ignore[call-arg]
        self.choices = choices  # set apart: WTForms takes pairs here without complaint


class Choice(_Offered, SelectField):
    """One of several, from a list."""


class Choices(_Offered, SelectMultipleField):
    """Any of several."""


class Cards(_Offered, RadioField):
    """One of a few, all of them in sight."""


class _Typed(Field):
    """A field that keeps what was typed, right or wrong, and parses it into `data`."""

    data: Any

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else self._write(self.data)

    def process_formdata(self, values: list[str]) -> None:
        typed = unicodedata.normalize("NFKC", values[0]).strip() if values else ""
        self.data = None
        if typed:
            try:
                self.data = self._read(typed)
            except DomainError as error:
                self.process_errors.append(error)  # type: ignore[attr-defined]

    def _read(self, typed: str) -> Any:
        raise ValueError(typed)

    def _write(self, value: Any) -> str:
        return "" if value is None else str(value)


class Day(_Typed):
    """A date, typed as 2026-11-22, 20261122 or 1122, which is of the year of the form's `today`.

    A form takes it with its data: `SomeForm(typed, data=…, meta={"today": clock.today()})`.
    """

    widget = DateInput()

    def __init__(self, label: str, *rules: Rule, **options: Any) -> None:
        super().__init__(label, list(rules), **options)

    def _read(self, typed: str) -> date:
        today: date | None = getattr(self.meta, "today", None)
        return _day(typed, today.year if today else None)


def _day(typed: str, this_year: int | None) -> date:
    """Read a date however it is written; four digits are month and day of `this_year`."""
    written = re.sub(r"[-/.年月]", "-", typed).removesuffix("日")
    parts = (
        re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", written)
        or re.fullmatch(r"(\d{4})(\d\d)(\d\d)", written)
        or (this_year and re.fullmatch(r"(\d\d)(\d\d)", written))
    )
    if not parts:
        raise Invalid(NOT_A_DATE)
    year, month, day = (int(part) for part in ((this_year or 0), *parts.groups())[-3:])
    try:
        if year in YEARS:
            return date(year, month, day)
    except ValueError:
        pass
    raise Invalid(NOT_A_DATE)


class Moment(_Typed):
    """A wall-clock time at the office to the minute, typed or from a browser's picker; naive."""

    widget = DateTimeLocalInput()

    def __init__(self, label: str, *rules: Rule, **options: Any) -> None:
        super().__init__(label, list(rules), **options)

    def _read(self, typed: str) -> datetime:
        parts = re.fullmatch(r"(\S+?)(?:T|\s+)(\d{1,2}):(\d\d)(?::\d\d(?:\.\d+)?)?", typed)
        try:
            if parts:
                return datetime.combine(_day(parts[1], None), time(int(parts[2]), int(parts[3])))
        except (Invalid, ValueError):
            pass
        raise Invalid(NOT_A_TIME)

    def _write(self, value: datetime | None) -> str:
        return value.strftime("%Y-%m-%dT%H:%M") if value else ""


class TimeOfDay(_Typed):
    """A time of the day to the minute, typed as 09:05, 9:05 or 0905."""

    widget = TimeInput()

    def __init__(self, label: str, *rules: Rule, **options: Any) -> None:
        super().__init__(label, list(rules), **options)

    def _read(self, typed: str) -> time:
        parts = re.fullmatch(r"(\d{1,2}):?(\d\d)(?::00)?", typed)
        if parts and int(parts[1]) < 24 and int(parts[2]) < 60:
            return time(int(parts[1]), int(parts[2]))
        raise Invalid(NOT_A_TIME_OF_DAY)

    def _write(self, value: time | None) -> str:
        return f"{value:%H:%M}" if value else ""


class Whole(_Typed):
    """A whole number between two bounds."""

    widget = NumberInput()

    def __init__(self, label: str, *rules: Rule, least: int, most: int, **options: Any) -> None:
        super().__init__(label, list(rules), **options)
        self.least, self.most = least, most

    def _read(self, typed: str) -> int:
        if not re.fullmatch(r"-?\d{1,9}", typed) or not self.least <= int(typed) <= self.most:
            raise Invalid(NOT_A_NUMBER, least=self.least, most=self.most)
        return int(typed)


class Points(_Typed):
    """A number with decimals as people write points; never a float."""

    widget = NumberInput(step="any")

    def __init__(self, label: str, *rules: Rule, **options: Any) -> None:
        super().__init__(label, list(rules), **options)

    def _read(self, typed: str) -> Decimal:
        value = read_number(typed)
        if value is None:
            raise Invalid(NOT_POINTS)
        return value

    def _write(self, value: Decimal | None) -> str:
        return "" if value is None else plain(value)


class OnBehalfFields:
    """A form that may be entered for a person without an account: his name and the capacity he acts in.

    Put it before `Form` among the bases; components/on_behalf.html draws the two fields.
    """

    on_behalf_name = Line(N_("实际办理人姓名"), most=NAME_MAX)
    on_behalf_capacity = Line(N_("实际办理人身份"), most=CAPACITY_MAX)

    @property
    def represented(self) -> Represented:
        """Return the person the form names; nobody where it does not ask."""
        name, capacity = self.on_behalf_name, self.on_behalf_capacity
        return Represented(name.data or "", capacity.data or "") if name else NOBODY

    def leave_out_person(self) -> None:
        """Ask for nobody: the reader takes this step himself."""
        del self.on_behalf_name, self.on_behalf_capacity


def refuse(form: Form, error: DomainError) -> None:
    """Put a refusal that a service raised beside the field it speaks of, or at the top of the form."""
    if error.field and error.field in form:
        form[error.field].errors = [*form[error.field].errors, error]
    else:
        form.form_errors.append(error)
