from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, flash, g, redirect, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import queries as audit
from app.core.errors import NotFound
from app.core.i18n import N_
from app.db.scope import row_id
from app.db.uow import UnitOfWork, short_transaction, unit_of_work
from app.documents import queries, rules, services
from app.documents.forms import VoidForm
from app.documents.models import Document
from app.documents.rules import DocumentKind, DocumentStatus
from app.permissions import Permission, system_actor
from app.web.access import actor, public, requires
from app.web.changes import attempt
from app.web.page import done, render

bp = Blueprint("documents", __name__)
YEARS = 4  # that can be chosen with one press; the days reach further back


@bp.get("/documents")
@requires(Permission.DOCUMENT_READ)
def index() -> Response:
    page, total = queries.list_documents(actor(), request.args)
    return render(
        "documents/list.html",
        page=page,
        total=total,
        kinds=list(DocumentKind),
        statuses=list(DocumentStatus),
        years=range(clock.today().year, clock.today().year - YEARS, -1),
        troubled=queries.failures(page.rows),
    )


@bp.get("/documents/<int:document_id>")
@requires(Permission.DOCUMENT_READ)
def show(document_id: int) -> Response:
    return _page(queries.get(actor(), document_id), VoidForm())


def _page(document: Document, form: VoidForm, status: int = 200) -> Response:
    form.version.data = str(document.version)
    return render(
        "documents/show.html",
        "documents/_document.html",
        status=status,
        document=document,
        form=form,
        ours=document.centre_id in actor().centre_ids,
        job=queries.pending_job(document),
        relations=queries.relations(document),
        prints=queries.prints_of(document.id),
        history=audit.history_of("document", document.id),
    )


@bp.post("/documents/<int:document_id>/void")
@requires(Permission.DOCUMENT_VOID)
def void(document_id: int) -> Response:
    queries.get(actor(), document_id)
    form, numbers = VoidForm(request.form), []

    def change(uow: UnitOfWork) -> None:
        version = row_id(form.version.data) or 0
        numbers.append(services.void(uow, document_id, form.reason.data, version).number)

    status = attempt(form, change)
    if status:
        return _page(queries.get(actor(), document_id), form, status)
    flash(_("%(number)s 已作废，文号不再使用。", number=numbers[0]))
    return done(url_for(".show", document_id=document_id))


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
        return redirect(url_for(".verify", code=code[:40]), 303)  # type: ignore[return-value]
    return render("documents/verify.html", document=None, code="")


@bp.get("/verify/<code>")
@public
def verify(code: str) -> Response:
    """Say whether a paper is genuine, to anyone who holds it, and no more than stands on it.

    Whoever tries many wrong codes waits, with a right one too, so that he learns nothing by going on. Among
    100 000 papers he would need 8 billion tries (31^10 codes).
    """
    address, now = request.remote_addr or "", clock.now()
    wait = queries.must_wait(address, now)
    document = queries.find_by_code(code)
    if wait:
        answer = render("documents/verify.html", document=None, code="", wait=wait, status=429)
        answer.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
        return answer
    if document is None:
        _note_guess(address, now)
    return render("documents/verify.html", document=document, code=code, status=200 if document else 404)


def _note_guess(address: str, now: datetime) -> None:
    with short_transaction() as session:
        wrong = services.note_guess(session, address, now)
    if wrong == rules.GUESSES:
        with unit_of_work(system_actor("anonymous", g.origin), now) as uow:
            services.record_guesses(uow, wrong)
