"""Rectifications at every step of their way."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from app import clock
from app.db.uow import short_transaction, unit_of_work
from app.permissions import Permission
from app.rectifications import queries, services
from app.rectifications.models import Rectification
from app.rectifications.rules import RECTIFICATION_ISSUED, Deadline, RectificationStatus
from tests.cast import actor
from tests.factories.base import Example, Ids, Ledger, Visit
from tests.factories.inspections import jpeg, stored_photo, submitted

BASE_URL = "https://duban.example"
MEASURES = "已安排顶岗，并开展岗位纪律教育。"
REASON = "整改对象是人员在岗情况，无法拍照。"


def issued(site: Any, photo: bool = False) -> Rectification:
    """Issue a notice for one finding of department A; Zhao is to re-check."""
    finding_id = submitted(site, photo)[1]
    cast = site.cast
    command = services.Issue(
        form_key=secrets.token_hex(16),
        finding_ids=(finding_id,),
        owner_id=cast.chief_a_staff,
        requirement="立即恢复值守，并举一反三。",
        rechecker_id=cast.users["zhao"],
        deadline=Deadline(issued_on=clock.today(), workdays=3),
    )
    with unit_of_work(actor("wang", Permission.RECTIFICATION_ISSUE), clock.now()) as uow:
        return services.issue(uow, command, BASE_URL)


def received(site: Any) -> Rectification:
    row = issued(site)
    with unit_of_work(actor("chief_a", Permission.RECTIFICATION_RECEIVE), clock.now()) as uow:
        return services.receive(uow, row.id, row.version, "")


def answered(site: Any, photo: bool = False) -> Rectification:
    row = received(site)
    answer = services.Answer(
        form_key=secrets.token_hex(16),
        measures=MEASURES,
        done_on=clock.today(),
        no_photo_reason="" if photo else REASON,
        files=(stored_photo(site, "green"),) if photo else (),
    )
    with unit_of_work(actor("chief_a", Permission.RECTIFICATION_SUBMIT), clock.now()) as uow:
        return services.submit(uow, row.id, row.version, answer)


def leave_unattended(site: Any) -> None:
    """Let department A have nobody who could sign in as its chief representative."""
    from app.accounts.models import User
    from app.core.actions import Action

    with unit_of_work(actor("secadmin"), clock.now()) as uow:
        user = uow.get(User, site.cast.users["chief_a"])
        user.disabled_at = clock.now()
        uow.record(Action("user.changed_by_test"), user)


def make_rectifications(site: Any, n: int) -> None:
    """Enter n rectifications of both departments, a minute apart, in all states."""
    cast, now = site.cast, clock.now()
    with unit_of_work(actor("wang"), now) as uow:
        for i in range(n):
            row = Rectification(
                centre_id=cast.centre,
                number=f"云政服督整〔2026〕{i + 1}号",
                form_key=f"r{i}",
                status=list(RectificationStatus)[i % len(RectificationStatus)],
                department_id=cast.department_a if i % 2 else cast.department_b,
                owner_id=cast.chief_a_staff if i % 2 else cast.chief_b_staff,
                requirement=f"整改要求{i}",
                issued_on=clock.today(),
                issued_at=now - timedelta(minutes=i),
                issued_by_id=cast.users["wang"],
                rechecker_id=cast.users["zhao"],
                deadline_workdays=3,
                due_at=now + timedelta(days=i % 7 - 2),
            )
            uow.session.add(row)
            uow.record(RECTIFICATION_ISSUED, row, findings=[])


# --- examples -------------------------------------------------------------------------------------


def _ids(row: Rectification) -> Ids:
    return {"rectification_id": row.id, "_version": str(row.version)}


def _finding(site: Any) -> Ids:
    finding_id = submitted(site)[1]
    cast = site.cast
    return {
        "?finding": str(finding_id),
        "_finding": str(finding_id),
        "_owner": str(cast.chief_a_staff),
        "_rechecker": str(cast.users["zhao"]),
    }


def _issue_data(ids: Ids) -> dict[str, Any]:
    return {
        "findings": [ids["_finding"]],
        "owner": ids["_owner"],
        "requirement": "立即恢复值守，并举一反三。",
        "kind": "workdays",
        "deadline_workdays": "3",
        "deadline_hour": "17",
        "rechecker": ids["_rechecker"],
    }


def _by_date(ids: Ids) -> dict[str, Any]:
    return {**_issue_data(ids), "kind": "date", "deadline_on": "2026-11-25"}


def _issued(site: Any) -> Ids:
    return _ids(issued(site))


def _received(site: Any) -> Ids:
    return _ids(received(site))


def _unattended(site: Any) -> Ids:
    ids = _issued(site)
    leave_unattended(site)
    return ids


def _received_unattended(site: Any) -> Ids:
    ids = _received(site)
    leave_unattended(site)
    return ids


def _answered(site: Any) -> Ids:
    return _ids(answered(site))


def _photo(site: Any) -> Ids:
    row = answered(site, photo=True)
    photo = queries.rounds_of(row.id)[0].files[0]
    return {**_ids(row), "file_id": photo.id, "variant": "small"}


def _draft_file(site: Any) -> Ids:
    row, photo = received(site), stored_photo(site, "green")
    who = actor("chief_a")
    kept = {"typed": {}, "uploads": {photo.sha256: photo.to_dict()}}
    ids = _ids(row)
    with short_transaction() as session:
        row = session.get_one(Rectification, ids["rectification_id"])
        services.keep_answer(session, who, row, kept, clock.now())
    return {**ids, "sha256": photo.sha256}


def _answer_data(ids: Ids) -> dict[str, Any]:
    return {
        "version": ids["_version"],
        "measures": MEASURES,
        "done_on": "2026-11-18",
        "no_photo_reason": REASON,
    }


def _answer_with_photo(ids: Ids) -> dict[str, Any]:
    return {"version": ids["_version"], "measures": MEASURES, "done_on": "2026-11-18"}


PERSON = {"on_behalf_name": "陆远", "on_behalf_capacity": "办公室主任"}
SHOW = "rectifications.show"
ELSEWHERE = ("outsider", "outside_head", "chief_b")
EXAMPLES = [
    Example(
        "rectifications.issue",
        "wang",
        _finding,
        data=_issue_data,
        page="rectifications.new",
        text=("requirement",),
    ),
    Example(
        "rectifications.issue", "wang", _finding, data=_by_date, page="rectifications.new", note="by a date"
    ),
    Example(
        "rectifications.receive",
        "chief_a",
        _issued,
        data=lambda ids: {"version": ids["_version"], "statement": "收到，无异议。"},
        page=SHOW,
        shown=(SHOW,),
        text=("statement",),
    ),
    Example(
        "rectifications.submit",
        "chief_a",
        _received,
        data=_answer_data,
        page=SHOW,
        shown=(SHOW,),
        text=("measures", "no_photo_reason"),
    ),
    Example(
        "rectifications.submit",
        "chief_a",
        _received,
        data=_answer_with_photo,
        files={"photos": [(jpeg("green"), "整改后.jpg")]},
        page=SHOW,
        note="with a photo",
    ),
    Example(
        "rectifications.receive",
        "head",
        _unattended,
        data=lambda ids: {"version": ids["_version"], "statement": "收到。", **PERSON},
        page=SHOW,
        shown=(SHOW,),
        text=("statement", *PERSON),
        note="for somebody",
    ),
    Example(
        "rectifications.submit",
        "head",
        _received_unattended,
        data=lambda ids: {**_answer_data(ids), **PERSON},
        page=SHOW,
        shown=(SHOW,),
        text=("measures", *PERSON),
        note="for somebody",
    ),
    Example(
        "rectifications.accept",
        "zhao",
        _answered,
        data=lambda ids: {"version": ids["_version"], "note": "已到位。"},
        page=SHOW,
        shown=(SHOW,),
        text=("note",),
    ),
    Example(
        "rectifications.send_back",
        "zhao",
        _answered,
        data=lambda ids: {"version": ids["_version"], "note": "仍有空岗。"},
        page=SHOW,
        shown=(SHOW,),
        text=("note",),
    ),
]
VISITS = [
    Visit(SHOW, "chief_a", _answered, hidden_from=ELSEWHERE),
    Visit("rectifications.file", "chief_a", _photo, hidden_from=ELSEWHERE, content_type="image/jpeg"),
    Visit(
        "rectifications.draft_file",
        "chief_a",
        _draft_file,
        hidden_from=("chief_b", "window_a", "outsider"),
        content_type="image/jpeg",
    ),
    Visit(
        "rectifications.new",
        "wang",
        _finding,
        query={"finding": "<_finding>"},
        hidden_from=("outsider",),
    ),
]
LEDGERS = [
    Ledger(
        "rectifications.index",
        "wang",
        make_rectifications,
        ({}, {"q": "整改"}, {"stands": "overdue"}, {"mine": "recheck"}),
    ),
]
