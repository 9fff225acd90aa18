"""Numbered and issued documents, without the rectification's own services."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

from app import clock
from app.db.uow import UnitOfWork, unit_of_work
from app.documents import services
from app.documents.models import Document
from app.documents.rules import DocumentKind
from app.documents.services import Paper
from app.extensions import db
from app.organisation.models import Centre
from app.permissions import Permission, system_actor
from app.rectifications.documents import NOTICE_TEMPLATE, NoticeFact, NoticePhoto, RectificationNotice
from app.rectifications.models import Rectification
from app.rectifications.rules import RECTIFICATION_ISSUED, RectificationStatus
from tests.cast import actor
from tests.factories.base import Example, Ids, Ledger, Visit

BASE_URL = "https://duban.example"
CONTENT = b"%PDF-1.7 stands in for a rendered notice"


def small_notice(photos: tuple[str, ...] = ()) -> RectificationNotice:
    return RectificationNotice(
        centre_name="云栖市政务服务中心",
        recipient="云栖市市场监督管理局",
        point="A01窗口",
        facts=(NoticeFact("2026年11月17日 9:05", "A01窗口", "A-01 工作时间空岗"),),
        photos=tuple(NoticePhoto(sha256, "现场照片") for sha256 in photos),
        required_action="立即恢复窗口值守。",
        deadline="2026年11月23日17时",
        rechecker="督查科王巡",
        consequence="逾期未整改的，将发出督办单。",
        issuer="云栖市政务服务中心督查科",
        issued_on=date(2026, 11, 18),
    )


def rectification(
    uow: UnitOfWork, cast: Any, department_id: int, owner_id: int | None = None
) -> Rectification:
    """Add a bare rectification of a department, for documents to speak of."""
    key = secrets.token_hex(8)
    row = Rectification(
        centre_id=cast.centre,
        number=f"试{key}号",
        form_key=key,
        status=RectificationStatus.ISSUED,
        department_id=department_id,
        owner_id=owner_id,
        requirement="立即恢复窗口值守。",
        issued_on=date(2026, 11, 18),
        issued_at=uow.now,
        issued_by_id=cast.users["wang"],
        rechecker_id=cast.users["zhao"],
        deadline_workdays=3,
        due_at=uow.now + timedelta(days=3),
    )
    uow.session.add(row)
    uow.session.flush()
    uow.record(RECTIFICATION_ISSUED, row, findings=[])
    return row


def number_notice(
    uow: UnitOfWork,
    cast: Any,
    subject: Rectification | None = None,
    photos: tuple[str, ...] = (),
    centre_id: int | None = None,
) -> Document:
    """Number a notice, of department A unless `subject` says another."""
    centre = uow.get(Centre, centre_id or cast.centre)
    row = subject or rectification(uow, cast, cast.department_a)
    paper = Paper(row, NOTICE_TEMPLATE, small_notice(photos), photos)
    return services.number(uow, centre, DocumentKind.RECTIFICATION_NOTICE, paper, BASE_URL)


def numbered(cast: Any, **options: Any) -> int:
    """Number a notice in a unit of work of its own and return its id; needs an application context."""
    with unit_of_work(system_actor("test"), clock.now()) as uow:
        return number_notice(uow, cast, **options).id


def issued(cast: Any, **options: Any) -> int:
    """Number a notice and issue it with bytes that stand in for a PDF."""
    document_id = numbered(cast, **options)
    with unit_of_work(system_actor("worker"), clock.now()) as uow:
        services.issue(uow, document_id, CONTENT)
    return document_id


def voided(cast: Any, reason: str = "期限有误", by: int | None = None) -> int:
    """Void an issued notice, or let another document take its place."""
    document_id = issued(cast)
    with unit_of_work(actor("head", Permission.DOCUMENT_VOID), clock.now()) as uow:
        if by:
            services.supersede(uow, document_id, uow.get(Document, by), reason)
        else:
            services.void(uow, document_id, reason, uow.get(Document, document_id).version)
    return document_id


def _issued(site: Any) -> Ids:
    document_id = issued(site.cast)
    return {"document_id": document_id, "_version": str(db.session.get_one(Document, document_id).version)}


def make_documents(site: Any, n: int) -> None:
    """Number n notices in one unit of work."""
    with unit_of_work(system_actor("factory"), clock.now()) as uow:
        subject = rectification(uow, site.cast, site.cast.department_a)
        for _ in range(n):
            number_notice(uow, site.cast, subject)


def _code(site: Any) -> Ids:
    document_id = issued(site.cast)
    return {"code": db.session.get_one(Document, document_id).code}


EXAMPLES = [
    Example("documents.print_again", "wang", prepare=_issued, page="documents.show"),
    Example(
        "documents.void",
        "head",
        prepare=_issued,
        data=lambda ids: {"version": ids["_version"], "reason": "责任单位有误。"},
        page="documents.show",
        shown=("documents.show",),
        text=("reason",),
    ),
]
VISITS = [
    Visit("documents.show", "wang", _issued, hidden_from=("outsider", "outside_head", "chief_b")),
    Visit(
        "documents.file",
        "wang",
        _issued,
        hidden_from=("outsider", "outside_head", "chief_b"),
        content_type="application/pdf",
    ),
    Visit("documents.verify", "wang", _code, hidden_from=()),
]
LEDGERS = [
    Ledger(
        "documents.index",
        "wang",
        make_documents,
        ({}, {"status": "numbered"}, {"year": "2026"}, {"since": "2026-11-01", "until": "2026-11-30"}),
    )
]
