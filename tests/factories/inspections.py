"""Patrols under way and submitted, and findings in numbers."""

from __future__ import annotations

import io
import tempfile
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from app import clock
from app.attachments import services as attachments
from app.attachments.models import Attachment
from app.attachments.services import MakeRoom, StoredFile
from app.db.drafts import Draft
from app.db.uow import short_transaction, unit_of_work
from app.extensions import db
from app.inspections import checklist_services, finding_services, services, walk_queries
from app.inspections.models import Checklist, Finding, Patrol
from app.inspections.rules import (
    FINDING_RECORDED,
    PATROL_SUBMITTED,
    Answer,
    Confirmation,
    Finder,
    FindingSource,
    FindingStatus,
    Followed,
    PatrolMode,
    PatrolStatus,
)
from app.organisation.models import Zone
from app.permissions import Permission
from tests.cast import actor
from tests.factories.base import Example, Ids, Ledger, Visit

NOTE = "九点零五分起无人值守，等候群众四人。"


@cache
def jpeg(colour: str = "teal") -> bytes:
    """Return a small photo; every colour is another file."""
    buffer = io.BytesIO()
    Image.new("RGB", (160, 120), colour).save(buffer, "JPEG")
    return buffer.getvalue()


@cache
def _received(content: bytes, filename: str) -> tuple[dict[Path, bytes], StoredFile]:
    """Receive a file once, reading it in a child process is slow; return what the store then holds."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        photo = attachments.receive(root, io.BytesIO(content), filename, room_enough)
        files = {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return files, photo


def room_enough(_sha256: str, _size: int, _name: str) -> None:
    """Stand for a centre whose quota is never full."""


def receive_once(
    root: Path,
    stream: BinaryIO,
    filename: str | None,
    make_room: MakeRoom = room_enough,
    *,
    recording: bool = False,
) -> StoredFile:
    """Put a file into a store as `attachments.receive` does, but read it only the first time."""
    files, photo = _received(stream.read(), filename or "")
    make_room(photo.sha256, photo.size, photo.filename)
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return replace(photo, recording=recording)


def stored_photo(site: Any, colour: str = "teal") -> StoredFile:
    """Put a photo into the site's store."""
    return receive_once(site.settings.attachments, io.BytesIO(jpeg(colour)), "现场.jpg")


def begin(site: Any, username: str = "wang", mode: PatrolMode = PatrolMode.DAILY, **plan: str) -> Draft:
    """Begin a patrol of the cast's zone."""
    with short_transaction() as session:
        zone = session.get_one(Zone, site.cast.zone)
        return services.begin_patrol(session, actor(username), zone, mode, clock.now(), plan)


def _answer(site: Any, draft_id: int, point_id: int, username: str = "wang") -> None:
    """Find a point in order, whatever is still to be mended there."""
    given = dict.fromkeys(site.cast.items, Answer.OK)
    waiting = walk_queries.open_rectifications([point_id], clock.now())[point_id]
    seen = {one.number: Followed.NOT_MENDED.value for one in waiting}
    with short_transaction() as session:
        services.answer_point(session, actor(username), draft_id, point_id, given, False, clock.now(), seen)


def noted(site: Any, photo: bool = False, username: str = "wang", mode: PatrolMode = PatrolMode.DAILY) -> int:
    """Begin a patrol and note one finding at point A; return the draft's id."""
    cast, draft_id, who = site.cast, begin(site, username, mode).id, actor(username)
    photos = [stored_photo(site)] if photo else []
    finding = {
        "point_id": cast.point_a,
        "item": "A-01",
        "owner": f"department:{cast.department_a}",
        "staff": cast.window_a_staff,
        "occurred_at": (clock.now() - timedelta(minutes=20)).isoformat(),
        "note": NOTE,
        "disposition": "rectify",
        "camera": "",
        "photos": [one.sha256 for one in photos],
        "form_key": f"finding-of-{username}",
    }
    with short_transaction() as session:
        services.keep_uploads(session, who, draft_id, photos, clock.now())
    with short_transaction() as session:
        services.save_finding(session, who, draft_id, None, finding, clock.now())
    return draft_id


def completed(
    site: Any, photo: bool = False, username: str = "wang", mode: PatrolMode = PatrolMode.DAILY
) -> int:
    draft_id = noted(site, photo, username, mode)
    for point_id in (site.cast.point_a, site.cast.point_b, site.cast.point_shared):
        _answer(site, draft_id, point_id, username)
    return draft_id


def submitted(site: Any, photo: bool = False, mode: PatrolMode = PatrolMode.DAILY) -> tuple[int, int]:
    """Submit a patrol of the section head's with one finding of department A; return the ids of both."""
    draft_id = completed(site, photo, "head", mode)
    with unit_of_work(actor("head", Permission.PATROL_CONDUCT), clock.now()) as uow:
        patrol_id = services.submit(uow, draft_id, "").id
    finding = db.session.query(Finding).filter_by(patrol_id=patrol_id).one()
    return patrol_id, finding.id


def make_findings(site: Any, n: int) -> None:
    """Record n findings of one patrol, a minute apart."""
    cast, now = site.cast, clock.now()
    with unit_of_work(actor("wang"), now) as uow:
        patrol = _patrol(site, 9_000)  # apart from those of make_patrols
        uow.session.add(patrol)
        uow.session.flush()
        uow.record(PATROL_SUBMITTED, patrol, points=3, findings=n)
        for i in range(n):
            row = Finding(
                centre_id=cast.centre,
                number=f"F{i:04}",
                patrol_id=patrol.id,
                item_id=cast.items["A-01"],
                patrol_point_id=cast.point_a if i % 2 else cast.point_b,
                department_id=cast.department_a if i % 2 else cast.department_b,
                staff_member_id=cast.window_a_staff if i % 2 else cast.window_b_staff,
                finder=Finder.INTERNAL,
                source=FindingSource.PATROL,
                status=list(FindingStatus)[i % len(FindingStatus)],
                confirmation=Confirmation.PENDING,
                occurred_at=now - timedelta(minutes=i),
                note=f"空岗{i}",
                recorded_by_id=cast.users["wang"],
                recorded_at=now,
            )
            uow.session.add(row)
            uow.record(FINDING_RECORDED, row)


def _patrol(site: Any, i: int) -> Patrol:
    cast, now = site.cast, clock.now()
    return Patrol(
        centre_id=cast.centre,
        number=f"P{i:04}",
        form_key=f"p{i}",
        zone_id=cast.zone,
        inspector_id=cast.users["wang"],
        checklist_id=cast.checklist,
        mode=PatrolMode.DAILY,
        status=PatrolStatus.SUBMITTED,
        started_at=now - timedelta(minutes=i + 1),
        submitted_at=now,
        points_checked=3,
        points_closed=0,
        findings_count=0,
    )


def make_patrols(site: Any, n: int) -> None:
    with unit_of_work(actor("wang"), clock.now()) as uow:
        for i in range(n):
            row = _patrol(site, i)
            uow.session.add(row)
            uow.record(PATROL_SUBMITTED, row, points=3, findings=0)


def make_checklists(site: Any, n: int) -> None:
    """Publish n editions of a list of one item, a day after another."""
    for i in range(n):
        item = {
            "code": "X01",
            "wording": f"台面杂乱{i}",
            "severity": "minor",
            "applies_to": ["window"],
            "deadline_workdays": 1,
        }
        data = {
            "code": "small",
            "edition": i + 1,
            "name": f"小清单{i}",
            "source": "测试",
            "groups": [{"code": "place", "name": "现场", "items": [item]}],
        }
        with unit_of_work(actor("head"), clock.now()) as uow:
            checklist_services.publish_checklist(uow, site.cast.centre, data)


def checklist_draft(site: Any) -> int:
    """Begin a new edition of the cast's checklist; return the draft's id."""
    with short_transaction() as session:
        base = session.get_one(Checklist, site.cast.checklist)
        return checklist_services.begin_draft(session, actor("head"), base, clock.now()).id


def disputed(site: Any) -> int:
    """Submit a finding that its chief representative does not accept; return its id."""
    finding_id = submitted(site)[1]
    with unit_of_work(actor("chief_a", Permission.FINDING_CONFIRM), clock.now()) as uow:
        version = uow.session.get_one(Finding, finding_id).version
        finding_services.say(uow, finding_id, version, Confirmation.DISPUTED, "当时在接待群众。")
    return finding_id


# --- examples -------------------------------------------------------------------------------------


def _draft(site: Any) -> Ids:
    return {"draft_id": begin(site).id, "point_id": site.cast.point_a, "key": "f1", **_cast(site)}


def _noted(site: Any) -> Ids:
    return {"draft_id": noted(site), "point_id": site.cast.point_a, "key": "f1", **_cast(site)}


def _ready(site: Any) -> Ids:
    return {"draft_id": completed(site)}


def _ready_with_photo(site: Any) -> Ids:
    return {"draft_id": completed(site, photo=True)}


def _photo_of_draft(site: Any) -> Ids:
    return {"draft_id": noted(site, photo=True), "sha256": stored_photo(site).sha256}


def _cast(site: Any) -> Ids:
    return {"_department": site.cast.department_a, "_staff": site.cast.window_a_staff}


def _zone(site: Any) -> Ids:
    return {"_zone": site.cast.zone}


def _finding_data(ids: Ids) -> dict[str, Any]:
    return {
        "item": "A-01",
        "owner": f"department:{ids['_department']}",
        "staff": str(ids["_staff"]),
        "occurred_at": "2026-11-18 09:40",
        "note": NOTE,
        "disposition": "rectify",
        "camera": "A区2号枪机",
    }


def _patrol_page(site: Any) -> Ids:
    return {"patrol_id": submitted(site)[0]}


def _finding_page(site: Any) -> Ids:
    return {"finding_id": submitted(site)[1]}


def _photo_page(site: Any) -> Ids:
    finding_id = submitted(site, photo=True)[1]
    photo = db.session.query(Attachment).filter_by(subject_type="finding", subject_id=finding_id).one()
    return {"finding_id": finding_id, "file_id": photo.id, "variant": "small"}


def _version_of(model: Any, row_id: int) -> int:
    return db.session.get_one(model, row_id).version


def _patrol_row(site: Any) -> Ids:
    patrol_id = submitted(site)[0]
    return {"patrol_id": patrol_id, "_version": _version_of(Patrol, patrol_id)}


def _mystery_row(site: Any) -> Ids:
    patrol_id = submitted(site, mode=PatrolMode.MYSTERY)[0]
    return {"patrol_id": patrol_id, "_version": _version_of(Patrol, patrol_id)}


def _finding_row(site: Any) -> Ids:
    finding_id = submitted(site)[1]
    return {"finding_id": finding_id, "_version": _version_of(Finding, finding_id)}


def _disputed_row(site: Any) -> Ids:
    finding_id = disputed(site)
    return {"finding_id": finding_id, "_version": _version_of(Finding, finding_id)}


def _version(ids: Ids) -> dict[str, str]:
    return {"version": str(ids["_version"])}


def _checklist_page(site: Any) -> Ids:
    return {"checklist_id": site.cast.checklist}


def _checklist_draft(site: Any) -> Ids:
    return {"draft_id": checklist_draft(site), "code": "A-02"}


def _roster(site: Any) -> Ids:
    return {"_user": site.cast.users["wang"]}


def _entry_photo(site: Any) -> Ids:
    photo = stored_photo(site)
    with short_transaction() as session:
        services.keep_entry_uploads(session, actor("wang"), [photo], clock.now())
    return {"sha256": photo.sha256}


ENTRY = {
    "form_key": "entry-of-wang-1",
    "point": "A01",
    "item": "A-01",
    "staff": "wck",
    "day": "1118",
    "time": "0940",
    "note": NOTE,
    "source": "self_check",
    "disposition": "rectify",
}
ITEM = {
    "group_name": "在岗纪律",
    "code": "A-09",
    "wording": "离岗未放置告示牌",
    "clause": "中心管理办法第九条",
    "severity": "minor",
    "red_line": "0",
    "applies_to": "window",
    "deadline_workdays": "2",
}


WALK = "inspections.walk"
CHECKLISTS = "inspections.checklists"
NOTE_PAGES = (f"{WALK}.point", f"{WALK}.edit_finding")
EXAMPLES = [
    Example(
        f"{WALK}.begin",
        "wang",
        _zone,
        data=lambda ids: {"zone": str(ids["_zone"]), "mode": "daily"},
        page=f"{WALK}.new",
        audited=False,
    ),
    Example(
        f"{WALK}.answer",
        "wang",
        _draft,
        data={"answer-A-01": "ok", "answer-A-02": "not_applicable", "answer-R-01": "ok"},
        page=f"{WALK}.point",
        audited=False,
    ),
    Example(
        f"{WALK}.answer",
        "wang",
        _draft,
        {"all": "ok"},
        page=f"{WALK}.point",
        audited=False,
        note="all in order",
    ),
    Example(
        f"{WALK}.answer",
        "wang",
        _draft,
        {"all": "closed"},
        page=f"{WALK}.point",
        audited=False,
        note="closed",
    ),
    Example(
        f"{WALK}.add_finding",
        "wang",
        _draft,
        data=_finding_data,
        page=f"{WALK}.new_finding",
        shown=NOTE_PAGES,
        text=("note", "camera"),
        audited=False,
    ),
    Example(
        f"{WALK}.add_finding",
        "wang",
        _draft,
        data=_finding_data,
        files={"photos": [(jpeg(), "现场.jpg"), (jpeg("navy"), "b.jpg")]},
        page=f"{WALK}.new_finding",
        audited=False,
        note="with photos",
    ),
    Example(
        f"{WALK}.change_finding",
        "wang",
        _noted,
        data=_finding_data,
        page=f"{WALK}.edit_finding",
        shown=NOTE_PAGES,
        text=("note",),
        audited=False,
    ),
    Example(f"{WALK}.remove_finding", "wang", _noted, page=f"{WALK}.edit_finding", audited=False),
    Example(f"{WALK}.submit", "wang", _ready, data={"note": "如常。"}, page=f"{WALK}.draft", text=("note",)),
    Example(f"{WALK}.submit", "wang", _ready_with_photo, page=f"{WALK}.draft", note="with a photo"),
    Example(
        "inspections.add_evidence",
        "wang",
        _finding_page,
        data={"camera": "A区2号枪机"},
        files={"recordings": [(jpeg("green"), "截图.jpg")]},
        page="inspections.finding",
        shown=("inspections.finding",),
        text=("camera",),
    ),
    Example(f"{WALK}.discard", "wang", _ready, page=f"{WALK}.draft", audited=False),
    Example("inspections.release", "head", _mystery_row, _version, page="inspections.patrol"),
    Example(
        "inspections.void_patrol",
        "head",
        _patrol_row,
        lambda ids: {**_version(ids), "reason": "区域选错，重新查过。"},
        page="inspections.patrol",
        text=("reason",),
    ),
    Example("inspections.confirm", "chief_a", _finding_row, _version, page="inspections.finding"),
    Example(
        "inspections.dispute",
        "chief_a",
        _finding_row,
        lambda ids: {**_version(ids), "text": "当时在后台取件，有登记。"},
        page="inspections.finding",
        text=("text",),
    ),
    Example(
        "inspections.witness",
        "wang",
        _disputed_row,
        lambda ids: {**_version(ids), "witness": "何导"},
        page="inspections.finding",
        text=("witness",),
    ),
    Example(
        "inspections.void_finding",
        "head",
        _finding_row,
        lambda ids: {**_version(ids), "reason": "重复录入。"},
        page="inspections.finding",
        text=("reason",),
    ),
    Example(
        "inspections.entry.record",
        "wang",
        data=ENTRY,
        page="inspections.entry.new",
        text=("note",),
    ),
    Example(
        "inspections.entry.record",
        "complaints",
        data={
            **ENTRY,
            "source": "media",
            "on_behalf_name": "林记者",
            "on_behalf_capacity": "云栖晚报记者",
        },
        files={"photos": (jpeg("maroon"), "截图.jpg")},
        page="inspections.entry.new",
        text=("on_behalf_name", "on_behalf_capacity"),
        note="of the press",
    ),
    Example(
        "inspections.plan.save_roster",
        "head",
        _roster,
        lambda ids: {"week": "2026-11-16", "version": "0", "duty-2026-11-18-0": str(ids["_user"])},
        page="inspections.plan.roster",
    ),
    Example(f"{CHECKLISTS}.begin", "head", _checklist_page, page=f"{CHECKLISTS}.show", audited=False),
    Example(
        f"{CHECKLISTS}.rename",
        "head",
        _checklist_draft,
        {"name": "日常巡查清单（修订）", "source": "中心管理办法"},
        page=f"{CHECKLISTS}.draft",
        text=("name", "source"),
        shown=(f"{CHECKLISTS}.draft",),
        audited=False,
    ),
    Example(
        f"{CHECKLISTS}.add_item",
        "head",
        _checklist_draft,
        ITEM,
        page=f"{CHECKLISTS}.new_item",
        text=("wording",),
        shown=(f"{CHECKLISTS}.draft",),
        audited=False,
    ),
    Example(
        f"{CHECKLISTS}.change_item",
        "head",
        _checklist_draft,
        {**ITEM, "code": "A-02"},
        page=f"{CHECKLISTS}.item",
        text=("wording", "clause"),
        shown=(f"{CHECKLISTS}.draft", f"{CHECKLISTS}.item"),
        audited=False,
    ),
    Example(
        f"{CHECKLISTS}.move_item",
        "head",
        _checklist_draft,
        {"step": "up"},
        page=f"{CHECKLISTS}.draft",
        audited=False,
    ),
    Example(f"{CHECKLISTS}.retire_item", "head", _checklist_draft, page=f"{CHECKLISTS}.draft", audited=False),
    Example(
        f"{CHECKLISTS}.publish",
        "head",
        _checklist_draft,
        {"effective_on": "2026-11-23"},
        page=f"{CHECKLISTS}.draft",
    ),
    Example(f"{CHECKLISTS}.discard", "head", _checklist_draft, page=f"{CHECKLISTS}.draft", audited=False),
]
OWN = ("zhao", "head", "outsider")
ELSEWHERE = ("outsider", "outside_head", "chief_b")
VISITS = [
    Visit("inspections.patrol", "head", _patrol_page),
    Visit("inspections.finding", "chief_a", _finding_page, hidden_from=ELSEWHERE),
    Visit(
        "inspections.finding_file", "chief_a", _photo_page, hidden_from=ELSEWHERE, content_type="image/jpeg"
    ),
    Visit(f"{WALK}.draft", "wang", _noted, hidden_from=OWN, recorded=False),
    Visit(f"{WALK}.point", "wang", _noted, hidden_from=OWN, recorded=False),
    Visit(f"{WALK}.new_finding", "wang", _noted, hidden_from=OWN, recorded=False),
    Visit(f"{WALK}.edit_finding", "wang", _noted, hidden_from=OWN, recorded=False),
    Visit(
        f"{WALK}.draft_file",
        "wang",
        _photo_of_draft,
        hidden_from=OWN,
        recorded=False,
        content_type="image/jpeg",
    ),
    Visit(
        "inspections.entry.file",
        "wang",
        _entry_photo,
        hidden_from=OWN,
        recorded=False,
        content_type="image/jpeg",
    ),
    Visit(f"{CHECKLISTS}.show", "director", _checklist_page),
    Visit(f"{CHECKLISTS}.draft", "head", _checklist_draft, hidden_from=("outside_head",), recorded=False),
    Visit(f"{CHECKLISTS}.new_item", "head", _checklist_draft, hidden_from=("outside_head",), recorded=False),
    Visit(f"{CHECKLISTS}.item", "head", _checklist_draft, hidden_from=("outside_head",), recorded=False),
]
LEDGERS = [
    Ledger(f"{CHECKLISTS}.index", "head", make_checklists),
    Ledger("inspections.patrols", "wang", make_patrols, ({}, {"mode": "daily"})),
    Ledger(
        "inspections.findings",
        "wang",
        make_findings,
        (
            {},
            {"q": "空岗"},
            {"status": "open"},
            {"red_line": "1"},
            {"recording": "1"},
            {
                "source": "patrol",
                "finder": "internal",
                "valid": "1",
                "from": "2026-11-01",
                "to": "2026-11-30",
            },
            {"confirmation": "pending", "line": "1"},
        ),
    ),
]
