"""The ledger of instructions, and the notices that follow one."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import queries as audit
from app.core.errors import DomainError, Invalid
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.fields import refuse
from app.permissions import Permission
from app.rectifications import choice_queries, instruction_queries, instruction_services, queries, services
from app.rectifications.deadline_routes import foresee
from app.rectifications.forms import InstructionForm, OrderForm
from app.rectifications.instruction_services import Said
from app.rectifications.models import Instruction
from app.rectifications.rules import Addressee, InstructionKind
from app.web.access import actor, requires
from app.web.page import done, render
from app.web.settings import settings

instructions = Blueprint("instructions", __name__)
_COLUMNS = {"department": "department_id", "section": "section_id", "centre": "to_centre_id"}


def register(bp: Blueprint) -> None:
    """Serve the ledger under the rectifications' own blueprint."""
    bp.register_blueprint(instructions)


@instructions.get("/instructions")
@requires(Permission.RECTIFICATION_READ)
def index() -> Response:
    page, total = instruction_queries.list_instructions(actor(), request.args)
    return render(
        "rectifications/instructions.html",
        page=page,
        total=total,
        followed=instruction_queries.followed([row.id for row in page.rows]),
        kinds=list(InstructionKind),
    )


@instructions.get("/instructions/new")
@requires(Permission.RECTIFICATION_ISSUE)
def new() -> Response:
    form = InstructionForm(data={"given_on": clock.today()})
    return render("rectifications/instruction_new.html", form=form)


@instructions.post("/instructions")
@requires(Permission.RECTIFICATION_ISSUE)
def record() -> Response:
    form = InstructionForm(request.form, meta={"today": clock.today()})
    found = instruction_queries.recorded_already(form.form_key.data)
    if found is None and form.validate():
        try:
            found = _record(form)
        except Invalid as error:
            refuse(form, error)
    if found is None:
        return render("rectifications/instruction_new.html", form=form, status=422)
    return done(url_for(".show", instruction_id=found))


def _record(form: InstructionForm) -> int:
    given = {name: field.data for name, field in form._fields.items()}
    said = Said(**{**given, "kind": InstructionKind(form.kind.data), "capacity": form.capacity.data or ""})
    with unit_of_work(actor(), clock.now()) as uow:
        row = instruction_services.record_instruction(uow, actor().centre_id or 0, said)
        instruction_id, number = row.id, row.number
    flash(_("%(number)s 已登记，请下发整改。", number=number))
    return instruction_id


@instructions.get("/instructions/<int:instruction_id>")
@requires(Permission.RECTIFICATION_READ)
def show(instruction_id: int) -> Response:
    row = instruction_queries.get(actor(), instruction_id)
    ordered = instruction_queries.rectifications_of(row.id)
    return render(
        "rectifications/instruction.html",
        instruction=row,
        rows=ordered,
        clocks=queries.clocks_of(ordered, clock.now()),
        addressees=choice_queries.addressees(actor(), row.centre_id, clock.today()),
        history=audit.history_of("instruction", row.id),
    )


@instructions.get("/instructions/<int:instruction_id>/orders/new")
@requires(Permission.RECTIFICATION_ISSUE)
def new_order(instruction_id: int) -> Response:
    row = instruction_queries.get(actor(), instruction_id)
    return _order_page(row, _order_form(row, request.args.get("to", "")))


@instructions.post("/instructions/<int:instruction_id>/orders")
@requires(Permission.RECTIFICATION_ISSUE)
def order(instruction_id: int) -> Response:
    row = instruction_queries.get(actor(), instruction_id)
    form = _order_form(row, request.form.get("addressee", ""))
    issued = queries.issued_already(form.form_key.data)
    status = 422
    if issued is None and form.validate():
        try:
            issued = _order(row.id, form)
        except DomainError as error:
            refuse(form, error)
            status = 422 if isinstance(error, Invalid) else 409
    return (
        done(url_for("rectifications.show", rectification_id=issued))
        if issued
        else _order_page(row, form, status)
    )


def _order(instruction_id: int, form: OrderForm) -> int:
    command = services.Issue(
        form_key=form.form_key.data,
        finding_ids=(),
        **form.owner_ids(),
        requirement=form.requirement.data,
        rechecker_id=form.rechecker.data,
        deadline=form.deadline(clock.today()),
        instruction_id=instruction_id,
        addressee=_addressee(form.addressee.data),
    )
    with unit_of_work(actor(), clock.now()) as uow:
        issued = services.issue(uow, command, settings().base_url)
        rectification_id, number = issued.id, issued.number
    flash(_("%(number)s 已签发，正在生成通知书。", number=number))
    return rectification_id


def _addressee(token: str) -> Addressee:
    """Read `department:3`, `section:3` or `centre:3`; anything else is nobody."""
    kind, _colon, number = token.partition(":")
    known = kind in _COLUMNS and number.isascii() and number.isdecimal() and len(number) < 10
    return Addressee(**{_COLUMNS[kind]: int(number)}) if known else Addressee()


def _order_form(row: Instruction, to: str) -> OrderForm:
    """Return the form for one addressee, with the people who may be named there."""
    offered = dict(choice_queries.addressees(actor(), row.centre_id, clock.today()))
    people, usual = choice_queries.owner_choices(_addressee(to), clock.today()) if to in offered else ([], "")
    limit = choice_queries.usual_deadline(row.centre_id)
    data = {
        "owner": usual,
        "requirement": row.text,
        "deadline_workdays": limit["rectification_workdays"],
        "deadline_hour": limit["rectification_hour"],
        "rechecker": actor().user_id,
    }
    form = OrderForm(request.form or None, data=data, meta={"today": clock.today()})
    form.addressee.data = to
    form.owner.choices = people
    form.rechecker.choices = choice_queries.rechecker_choices(row.centre_id)
    if to not in offered:
        form.form_errors.append(Invalid(N_("只能向本中心的部门、科室或下级中心下发，请回到批示重新选择。")))
    elif not people:
        form.form_errors.append(Invalid(N_("该单位还没有可以指定的整改责任人，请先登记人员或用户。")))
    return form


def _order_page(row: Instruction, form: OrderForm, status: int = 200) -> Response:
    names = dict(choice_queries.addressees(actor(), row.centre_id, clock.today()))
    return render(
        "rectifications/instruction_order.html",
        status=status,
        instruction=row,
        form=form,
        foreseen=foresee(form),
        name=names.get(form.addressee.data, ""),
    )
