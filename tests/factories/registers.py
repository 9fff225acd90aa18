"""Entries of the small ledgers in every state, and a table of attendance."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

from app import clock
from app.attachments.services import StoredFile
from app.db.uow import short_transaction, unit_of_work
from app.extensions import db
from app.permissions import Permission
from app.registers import draft_services, queries, services
from app.registers.models import RegisterEntry
from app.registers.rules import ENTRY_RECORDED, KINDS, Content, EntryStatus, Kind, Level
from tests.cast import actor
from tests.factories.base import Example, Ids, Ledger, Visit
from tests.factories.inspections import jpeg, stored_photo
from tests.factories.tables import workbook

GIVER = "秦晓峰"
PRAISE = "耐心帮老人办好材料，还送到楼下。"
SHOW, NEW, EDIT = "registers.show", "registers.entry.new", "registers.entry.edit"


def letter(site: Any, **other: Any) -> Content:
    """What a letter of thanks to a person of department A says."""
    said = {
        "kind": Kind.LETTER,
        "happened_on": date(2026, 11, 17),
        "staff_member_id": site.cast.window_a_staff,
        "patrol_point_id": site.cast.point_a,
        "department_id": site.cast.department_a,
        "giver": GIVER,
        "text": PRAISE,
    }
    return Content(**{**said, **other})


def late(site: Any, **other: Any) -> Content:
    said = {
        "kind": Kind.LATE,
        "happened_on": date(2026, 11, 16),
        "staff_member_id": site.cast.window_a_staff,
        "patrol_point_id": site.cast.point_a,
        "department_id": site.cast.department_a,
        "minutes": 12,
    }
    return Content(**{**said, **other})


def recorded(
    site: Any, content: Content | None = None, username: str = "wang", colour: str = "teal"
) -> RegisterEntry:
    """Enter a letter of thanks with its photo, or something else."""
    content = content or letter(site)
    files = (stored_photo(site, colour),) if KINDS[content.kind].evidence else ()
    with unit_of_work(actor(username, Permission.REGISTER_RECORD), clock.now()) as uow:
        return services.record_entry(uow, site.cast.centre, secrets.token_hex(16), content, files)


def confirmed(site: Any, content: Content | None = None) -> RegisterEntry:
    row = recorded(site, content)
    with unit_of_work(actor("head", Permission.REGISTER_CONFIRM), clock.now()) as uow:
        return services.confirm_entries(uow, [(row.id, row.version)])[0]


def refused(site: Any, content: Content | None = None) -> RegisterEntry:
    row = recorded(site, content)
    with unit_of_work(actor("head", Permission.REGISTER_CONFIRM), clock.now()) as uow:
        return services.refuse_entry(uow, row.id, row.version, "照片看不清。")


def make_entries(site: Any, n: int) -> None:
    """Enter n entries of every kind and state, a day apart now and then."""
    cast, now, kinds = site.cast, clock.now(), list(Kind)
    with unit_of_work(actor("wang"), now) as uow:
        for i in range(n):
            kind = kinds[i % len(kinds)]
            row = RegisterEntry(
                centre_id=cast.centre,
                number=f"TZ2026-9{i:03}",
                form_key=f"register{i}",
                register=KINDS[kind].register,
                kind=kind,
                status=list(EntryStatus)[i % len(EntryStatus)],
                happened_on=clock.today() - timedelta(days=i // 4),
                staff_member_id=cast.window_a_staff if i % 2 else None,
                patrol_point_id=cast.point_a,
                department_id=cast.department_a,
                honour_level=Level.CITY if i % 5 == 0 else None,
                text=f"台账内容{i}",
                recorded_by_id=cast.users["wang"],
                recorded_at=now,
            )
            uow.session.add(row)
            uow.record(ENTRY_RECORDED, row)


ATTENDANCE_HEAD = ("工号", "姓名", "日期", "类别", "次数", "分钟", "备注")


def attendance(*rows: Any) -> bytes:
    """Return a table of attendance as a clock-in system hands it out."""
    return workbook([ATTENDANCE_HEAD, *rows])


# --- examples -------------------------------------------------------------------------------------


def _ids(row: RegisterEntry) -> Ids:
    return {"entry_id": row.id, "_version": str(row.version)}


def _recorded(site: Any) -> Ids:
    return _ids(recorded(site))


def _confirmed(site: Any) -> Ids:
    return _ids(confirmed(site))


def _refused(site: Any) -> Ids:
    return _ids(refused(site))


def _file(site: Any) -> Ids:
    row = confirmed(site)
    return {**_ids(row), "file_id": queries.files_of(db.session(), row.id)[0].id, "variant": "small"}


def _draft_file(site: Any) -> Ids:
    photo: StoredFile = stored_photo(site)
    with short_transaction() as session:
        draft_services.keep_files(session, actor("wang"), 0, [photo], clock.now())
    return {"subject_id": 0, "sha256": photo.sha256}


def _new(kind: str) -> Any:
    return lambda _site: {"?kind": kind}


LETTER = {
    "kind": "letter",
    "form_key": "letter-of-wang-1",
    "happened_on": "2026-11-17",
    "staff": "1002",
    "giver": GIVER,
    "text": PRAISE,
}


def _version(ids: Ids) -> dict[str, str]:
    return {"version": ids["_version"]}


def _reason(ids: Ids) -> dict[str, str]:
    return {**_version(ids), "reason": "照片看不清。"}


def _correction(ids: Ids) -> dict[str, str]:
    said = {name: value for name, value in LETTER.items() if name not in ("kind", "form_key")}
    return {**said, **_version(ids), "text": "耐心帮老人办好了全部材料。"}


EXAMPLES = [
    Example(
        "registers.entry.record",
        "wang",
        _new("letter"),
        LETTER,
        files={"photos": [(jpeg(), "感谢信.jpg")]},
        page=NEW,
        text=("giver", "text", "on_behalf_name", "on_behalf_capacity"),
        note="of thanks",
    ),
    Example(
        "registers.entry.record",
        "wang",
        _new("personal_honour"),
        {
            "kind": "personal_honour",
            "form_key": "honour-of-wang-1",
            "happened_on": "2026-11-10",
            "staff": "吴窗口",
            "matter": "全市十佳服务标兵",
            "awarded_by": "云栖市总工会",
            "honour_level": "city",
        },
        files={"photos": [(jpeg("maroon"), "证书.jpg")]},
        page=NEW,
        text=("matter", "awarded_by", "text"),
        note="an honour",
    ),
    Example(
        "registers.entry.record",
        "head",
        _new("late"),
        {
            "kind": "late",
            "form_key": "late-of-head-1",
            "happened_on": "2026-11-16",
            "staff": "1002",
            "quantity": "1",
            "minutes": "12",
        },
        page=NEW,
        text=("clause", "text"),
        note="late",
    ),
    Example(
        "registers.entry.correct",
        "wang",
        _recorded,
        _correction,
        page=EDIT,
        shown=(SHOW, EDIT),
        text=("giver", "text"),
    ),
    Example("registers.entry.correct", "wang", _refused, _correction, page=EDIT, note="refused"),
    Example("registers.confirm", "head", _recorded, _version, page=SHOW, shown=(SHOW,)),
    Example(
        "registers.confirm_ticked",
        "head",
        _recorded,
        lambda ids: {"entry": [f"{ids['entry_id']}:{ids['_version']}"]},
        page="registers.index",
        shown=(SHOW,),
    ),
    Example(
        "registers.refuse", "director", _recorded, _reason, page=SHOW, shown=(SHOW, EDIT), text=("reason",)
    ),
    Example("registers.void", "head", _confirmed, _reason, page=SHOW, shown=(SHOW,), text=("reason",)),
]
ELSEWHERE = ("outsider", "outside_head", "chief_b")
VISITS = [
    Visit(SHOW, "chief_a", _confirmed, hidden_from=ELSEWHERE),
    Visit("registers.file", "window_a", _file, hidden_from=ELSEWHERE, content_type="image/jpeg"),
    Visit(EDIT, "wang", _recorded),
    Visit(
        "registers.entry.file",
        "wang",
        _draft_file,
        hidden_from=("zhao", "head", "outsider"),
        recorded=False,
        content_type="image/jpeg",
    ),
]
LEDGERS = [
    Ledger(
        "registers.index",
        "wang",
        make_entries,
        (
            {},
            {"q": "内容"},
            {"register": "praise", "status": "confirmed"},
            {"kind": "late", "month": "2026-11"},
            {"mine": "confirm"},
            {"staff": "2", "point": "1", "from": "2026-11-01", "to": "2026-11-30"},
        ),
    ),
]
