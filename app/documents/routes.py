from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for

from app import clock
from app.audit import queries as audit
from app.core.errors import NotFound
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.documents import queries, rules, services
from app.documents.rules import DocumentKind, DocumentStatus
from app.permissions import Permission
from app.web.access import actor, public, requires
from app.web.page import done, render

bp = Blueprint("documents", __name__)


@bp.get("/documents")
@requires(Permission.DOCUMENT_READ)
def index() -> Response:
    page, total = queries.list_documents(actor(), request.args)
    return render(
        "documents/list.html", page=page, total=total, kinds=list(DocumentKind), statuses=list(DocumentStatus)
    )


@bp.get("/documents/<int:document_id>")
@requires(Permission.DOCUMENT_READ)
def show(document_id: int) -> Response:
    document = queries.get(actor(), document_id)
    return render(
        "documents/show.html",
        "documents/_document.html",
        document=document,
        job=queries.pending_job(document),
        history=audit.history_of("document", document.id),
    )


@bp.get("/documents/<int:document_id>/file")
@requires(Permission.DOCUMENT_READ)
def file(document_id: int) -> Response:
    document = queries.get(actor(), document_id)
    content = queries.content_of(document.id)
    if content is None:
        raise NotFound(N_("这份文书还没有生成。"))
    name = rules.file_name(document.kind, document.year, document.serial)
    # Not send_file, which would let browsers and proxies keep it for as long as a style sheet.
    return Response(
        content, mimetype="application/pdf", headers={"Content-Disposition": f"inline; filename={name}"}
    )


@bp.post("/documents/<int:document_id>/print")
@requires(Permission.DOCUMENT_READ)
def print_again(document_id: int) -> Response:
    document = queries.get(actor(), document_id)
    with unit_of_work(actor(), clock.now()) as uow:
        services.record_print(uow, document.id)
    return done(url_for(".file", document_id=document_id))


@bp.get("/verify")
@public
def verify_form() -> Response:
    code = rules.tidy_code(request.args.get("code", ""))
    if code:
        return redirect(url_for(".verify", code=code), 303)  # type: ignore[return-value]
    return render("documents/verify.html", document=None, code="")


@bp.get("/verify/<code>")
@public
def verify(code: str) -> Response:
    """Say whether a paper is genuine, to anyone who holds it.

    No limit of tries: behind many processes a count would be wrong, and a look-up in a unique index costs
    the same for every code. Among 100 000 papers a guesser needs 8 billion tries on average (31^10 codes),
    and a hit tells him a number, a kind and a day.
    """
    document = queries.find_by_code(code)
    return render("documents/verify.html", document=document, code=code, status=200 if document else 404)
