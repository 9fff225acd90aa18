"""The small ledgers of one shape: what kinds of entry there are, what each asks for, and its life. Pure.

A further kind is a member of `Kind` with its word in `labels.py` and its line in `KINDS`; a further
ledger a member of `Register`. Nothing else knows them one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.core.actions import Action
from app.core.errors import Invalid
from app.core.i18n import N_
from app.core.machine import Transition
from app.core.on_behalf import NOBODY, Represented, require_represented
from app.permissions import Permission


class Register(StrEnum):
    PRAISE = "praise"
    HONOUR = "honour"
    SERVICE = "service"
    ATTENDANCE = "attendance"
    MEETING = "meeting"


class Kind(StrEnum):
    """A kind of entry; its name is what a rulebook's items are linked to, and permanent."""

    LETTER = "letter"
    BANNER = "banner"
    CARD = "card"
    CALL = "call"
    PERSONAL_HONOUR = "personal_honour"
    COLLECTIVE_HONOUR = "collective_honour"
    AT_HOME = "at_home"
    BY_APPOINTMENT = "by_appointment"
    EXTENDED_HOURS = "extended_hours"
    WITH_GAPS = "with_gaps"
    JOINT_REVIEW = "joint_review"
    RECEPTION_DAY = "reception_day"
    AGENCY = "agency"
    LATE = "late"
    EARLY = "early"
    ABSENT = "absent"
    UNSIGNED = "unsigned"
    STAFF_MEETING = "staff_meeting"


class Level(StrEnum):
    """Of whom an honour is."""

    NATIONAL = "national"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    CENTRE = "centre"


class Unit(StrEnum):
    """What the quantity of an entry counts."""

    TIMES = "times"
    HALF_DAYS = "half_days"
    CASES = "cases"


class EntryStatus(StrEnum):
    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    VOID = "void"


class Verb(StrEnum):
    CORRECT = "correct"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    VOID = "void"


ENTRY_RECORDED = Action("register_entry.recorded")
ENTRY_CORRECTED = Action("register_entry.corrected")
ENTRY_CONFIRMED = Action("register_entry.confirmed")
ENTRY_REFUSED = Action("register_entry.refused")
ENTRY_VOIDED = Action("register_entry.voided")

TEXT_MAX = 2000
NAME_MAX = 120
MINUTES_MAX = 480
BACKDATING = timedelta(days=366)  # a letter is found in a drawer, an honour arrives months later

# What a kind may ask for besides its day, the words about it, and for whom it is entered.
ASKED = (
    "ended_on",
    "staff",
    "point",
    "department",
    "giver",
    "matter",
    "awarded_by",
    "honour_level",
    "quantity",
    "minutes",
    "clause",
    "shown",
)


@dataclass(frozen=True)
class KindRule:
    """What one kind of entry asks for."""

    register: Register
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    unit: Unit = Unit.TIMES
    most: int = 1  # how much one entry may count
    evidence: bool = False  # nothing is recorded without a file
    single: bool = False  # one for a person and a day
    explained: bool = True  # the words about it are required
    about: bool = True  # a person, a window or a department is named

    def asks(self, field: str) -> bool:
        return field in self.required or field in self.optional


_ABOUT = frozenset({"staff", "point", "department"})  # one of them at least


def _praise(*, evidence: bool) -> KindRule:
    return KindRule(Register.PRAISE, frozenset(), _ABOUT | {"giver"}, evidence=evidence)


def _honour(*required: str) -> KindRule:
    needed = frozenset({"matter", "awarded_by", "honour_level", *required})
    return KindRule(Register.HONOUR, needed, _ABOUT - needed, evidence=True, explained=False)


def _service(unit: Unit = Unit.CASES, most: int = 999, *optional: str) -> KindRule:
    return KindRule(
        Register.SERVICE, frozenset({"quantity"}), _ABOUT | {"matter", *optional}, unit=unit, most=most
    )


def _attendance(unit: Unit = Unit.TIMES, most: int = 4, *optional: str) -> KindRule:
    return KindRule(
        Register.ATTENDANCE,
        frozenset({"staff", "quantity"}),
        frozenset({"point", "clause", *optional}),
        unit=unit,
        most=most,
        single=True,
        explained=False,
    )


KINDS: dict[Kind, KindRule] = {
    Kind.LETTER: _praise(evidence=True),
    Kind.BANNER: _praise(evidence=True),
    Kind.CARD: _praise(evidence=True),
    Kind.CALL: _praise(evidence=False),
    Kind.PERSONAL_HONOUR: _honour("staff"),
    Kind.COLLECTIVE_HONOUR: _honour(),
    Kind.AT_HOME: _service(),
    Kind.BY_APPOINTMENT: _service(),
    Kind.EXTENDED_HOURS: _service(Unit.CASES, 999, "ended_on", "minutes"),
    Kind.WITH_GAPS: _service(),
    Kind.JOINT_REVIEW: _service(Unit.TIMES, 99),
    Kind.RECEPTION_DAY: _service(),
    Kind.AGENCY: _service(Unit.CASES, 999, "ended_on"),
    Kind.LATE: _attendance(Unit.TIMES, 4, "minutes"),
    Kind.EARLY: _attendance(Unit.TIMES, 4, "minutes"),
    Kind.ABSENT: _attendance(Unit.HALF_DAYS, 2),
    Kind.UNSIGNED: _attendance(),
    Kind.STAFF_MEETING: KindRule(Register.MEETING, frozenset({"matter", "shown"}), about=False),
}


def kinds_of(register: Register) -> list[Kind]:
    """Return the kinds of one ledger in their order."""
    return [kind for kind, rule in KINDS.items() if rule.register is register]


@dataclass(frozen=True)
class Content:
    """What an entry says; `giver` is a citizen's name and protected."""

    kind: Kind
    happened_on: date
    ended_on: date | None = None
    staff_member_id: int | None = None
    patrol_point_id: int | None = None
    department_id: int | None = None
    giver: str = ""
    matter: str = ""
    awarded_by: str = ""
    honour_level: Level | None = None
    quantity: int = 1
    minutes: int | None = None
    clause: str = ""
    shown: str = ""  # numbers of findings, as `join_shown` writes them
    text: str = ""
    represented: Represented = NOBODY


def check(content: Content, today: date, files: int) -> None:
    """Refuse an entry that lies ahead, speaks of nobody, counts too much or lacks evidence. Raise Invalid."""
    rule = KINDS[content.kind]
    _check_days(content, today)
    if rule.about and not (content.staff_member_id or content.patrol_point_id or content.department_id):
        raise Invalid(N_("请写明是哪个人、哪个窗口或者哪个部门。"), field="staff")
    if not 1 <= content.quantity <= rule.most:
        raise Invalid(N_("数量应当在 1 到 %(most)d 之间。"), field="quantity", most=rule.most)
    if rule.explained and not content.text:
        raise Invalid(N_("请写明情况。"), field="text")
    if content.represented != NOBODY:
        require_represented(content.represented)
    if rule.evidence and not files:
        raise Invalid(N_("这一类登记必须附照片或扫描件。"), field="photos")


def _check_days(content: Content, today: date) -> None:
    if content.happened_on > today:
        raise Invalid(N_("日期不能晚于今天。"), field="happened_on")
    if today - content.happened_on > BACKDATING:
        raise Invalid(N_("日期早于一年前，请核对。"), field="happened_on")
    if content.ended_on and content.ended_on < content.happened_on:
        raise Invalid(N_("截止日期不能早于开始日期。"), field="ended_on")
    if content.ended_on and content.ended_on > today:
        raise Invalid(N_("日期不能晚于今天。"), field="ended_on")


SHOWN_MOST = 20
_BETWEEN = re.compile(r"[\s,，;；、]+")


def split_shown(typed: str) -> list[str]:
    """Return the numbers that a text holds, each once, in their order."""
    return list(dict.fromkeys(filter(None, _BETWEEN.split(typed))))


def join_shown(numbers: Iterable[str]) -> str:
    return "、".join(numbers)


# --- the life of an entry ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What the guards ask: who acts, who wrote the entry, and whom it is about."""

    user_id: int | None
    staff_member_id: int | None = None
    writers: frozenset[int | None] = frozenset()  # who recorded it, and who corrected it last
    concerned_id: int | None = None


def _second_person(facts: Facts) -> str | None:
    if facts.user_id in facts.writers:
        return N_("登记或更正这一条的人不能自己确认，请由另一人确认。")
    if facts.concerned_id is not None and facts.concerned_id == facts.staff_member_id:
        return N_("当事人不能确认关于自己的登记。")
    return None


S, V, P = EntryStatus, Verb, Permission
Step = Transition[EntryStatus]
TRANSITIONS: dict[tuple[EntryStatus, Verb], Step] = {
    (S.RECORDED, V.CONFIRM): Step(S.CONFIRMED, P.REGISTER_CONFIRM, ENTRY_CONFIRMED, _second_person),
    (S.RECORDED, V.REFUSE): Step(S.REFUSED, P.REGISTER_CONFIRM, ENTRY_REFUSED, _second_person),
    (S.RECORDED, V.CORRECT): Step(S.RECORDED, P.REGISTER_RECORD, ENTRY_CORRECTED),
    (S.RECORDED, V.VOID): Step(S.VOID, P.REGISTER_VOID, ENTRY_VOIDED),
    (S.REFUSED, V.CORRECT): Step(S.RECORDED, P.REGISTER_RECORD, ENTRY_CORRECTED),
    (S.CONFIRMED, V.VOID): Step(S.VOID, P.REGISTER_VOID, ENTRY_VOIDED),
}
# What stands: a second one of the same person, kind and day is one too many.
STANDING = (S.RECORDED, S.CONFIRMED)
