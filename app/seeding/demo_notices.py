"""Notices of the demo: issued for findings or a leader's word, and taken step by step to their fate."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from app import clock
from app.db.uow import UnitOfWork, unit_of_work
from app.extensions import db
from app.permissions import Actor
from app.rectifications import (
    extension_services,
    instruction_services,
    ladder_queries,
    ladder_services,
    queries,
    rules,
    services,
)
from app.rectifications.instruction_services import Said
from app.rectifications.ladder_services import USUAL_TEXTS, Escalation
from app.rectifications.models import Rectification
from app.rectifications.rules import Addressee, Deadline, InstructionKind, Rung, Verb
from app.seeding.demo_stage import Answerer, Event, Hall, Stage, moment

if TYPE_CHECKING:
    from app.seeding.demo_findings import Found

NO_PHOTO = "内部流程问题，无现场照片，整改记录备查。"
ACCEPTED = ("现场复查，已整改到位。", "调看系统记录，整改属实。", "两次回看均未再发生，同意销号。")
RETURNS = ("照片看不出整改后的情况，请补拍全景。", "措施没有落实到人，请写明责任人和检查频次。")
REPORTED = "已按要求逐项整改，形成报告并附前后对比数据。"
TALK_RECORD = "通报逾期经过，首席代表说明系交接不清，表示立即整改。"
TALK_PROMISE = "三个工作日内整改到位，今后每周五自查并报督查科。"
_COLUMNS = {"department": "department_id", "section": "section_id", "centre": "to_centre_id"}


@dataclass(frozen=True)
class Case:
    """One notice: who answers it, who looks again, who decides."""

    row_id: int
    answerer: Answerer
    rechecker: Actor
    head: Actor
    mended: str
    scene: str | None


def by_chance(stage: Stage) -> str:
    """Return the fate of an ordinary notice."""
    fates = {name: fate["weight"] for name, fate in stage.story["fates"].items() if "weight" in fate}
    return stage.rng.choices(list(fates), list(fates.values()))[0]


# --- issued ---------------------------------------------------------------------------------------


def issue(
    stage: Stage, hall: Hall, actor: Actor, owner: str, fate: str, found: Sequence[Found], at: datetime
) -> None:
    """Issue a notice to one body for what was found."""
    rows = queries.findings_for_notice(db.session(), [one.id for one in found])
    wordings = dict.fromkeys(one.item.wording for one in found)
    issuer = actor if actor.can(rules.P.RECTIFICATION_ISSUE) else hall.head
    workdays = min(one.item.workdays for one in found)
    command = services.Issue(
        form_key=f"demo-{found[0].id}-{at:%Y%m%d}",
        finding_ids=tuple(one.id for one in found),
        owner_id=stage.answerers[owner].staff_id,
        owner_user_id=_owner_user(stage, owner),
        requirement="\n".join(f"针对“{wording}”立即整改，举一反三，防止再次发生。" for wording in wordings),
        rechecker_id=_rechecker(stage, hall, owner, found[0].id).user_id or 0,
        deadline=_deadline(stage, fate, at, workdays),
        photos=services.printed_photos(stage.settings.attachments, rows),
    )
    with unit_of_work(issuer, at) as uow:
        row_id = services.issue(uow, command, stage.settings.base_url).id
    case = _case(stage, hall, row_id, owner, found[0].id, found[0].item.mended, found[0].item.scene)
    _follow(stage, case, fate, at)


def instruction(stage: Stage, told: dict[str, Any]) -> Event:
    """Return the event of an instruction being entered, and the notice that follows within the hour."""

    def happen(at: datetime) -> None:
        head = stage.upper.head
        day = clock.local(at).date()
        said = Said(
            f"demo-{at:%Y%m%d%H%M}",
            InstructionKind(told["kind"]),
            told["given_by"],
            told["capacity"],
            day,
            told["text"],
        )
        with unit_of_work(head, at) as uow:
            instruction_id = instruction_services.record_instruction(uow, stage.upper.centre_id, said).id
        stage.at(at + timedelta(minutes=25), partial(_order, stage, told, instruction_id))

    return happen


def _order(stage: Stage, told: dict[str, Any], instruction_id: int, at: datetime) -> None:
    hall = stage.upper
    owner = stage.names[told["to"].partition(":")[2]]
    kind, _, number = owner.partition(":")
    command = services.Issue(
        form_key=f"demo-i{instruction_id}",
        finding_ids=(),
        owner_id=stage.answerers[owner].staff_id,
        owner_user_id=_owner_user(stage, owner),
        requirement=told["requirement"],
        rechecker_id=_rechecker(stage, hall, owner, instruction_id).user_id or 0,
        deadline=_deadline(stage, told["fate"], at, 5),
        instruction_id=instruction_id,
        addressee=Addressee(**{_COLUMNS[kind]: int(number)}),
    )
    with unit_of_work(hall.head, at) as uow:
        row_id = services.issue(uow, command, stage.settings.base_url).id
    _follow(stage, _case(stage, hall, row_id, owner, instruction_id, REPORTED, None), told["fate"], at)


def _owner_user(stage: Stage, owner: str) -> int | None:
    """Return the user who has to mend it, of a section or a lower centre."""
    answerer = stage.answerers[owner]
    return None if answerer.staff_id else answerer.actor.user_id


def _deadline(stage: Stage, fate: str, at: datetime, workdays: int) -> Deadline:
    return Deadline(clock.local(at).date(), workdays=stage.story["fates"][fate].get("workdays", workdays))


def _rechecker(stage: Stage, hall: Hall, owner: str, number: int) -> Actor:
    """Return who looks again, in turn: an inspector or a head who does not answer for it himself.

    In a small hall that leaves only the people of the centre above.
    """
    answers = stage.answerers[owner].actor
    able = [
        actor
        for actor in (hall.head, *hall.inspectors, stage.upper.head, *stage.upper.inspectors)
        if actor.user_id != answers.user_id
        and owner not in (f"section:{actor.section_id}", f"centre:{actor.centre_id}")
    ]
    own = [actor for actor in able if actor.centre_id == hall.centre_id] or able
    return own[number % len(own)]


def _case(
    stage: Stage, hall: Hall, row_id: int, owner: str, number: int, mended: str, scene: str | None
) -> Case:
    answerer = stage.answerers[owner]
    same = hall.head.user_id == answerer.actor.user_id and not answerer.person.name
    head = stage.upper.head if same else hall.head
    return Case(row_id, answerer, _rechecker(stage, hall, owner, number), head, mended, scene)


# --- what becomes of it ---------------------------------------------------------------------------


def _follow(stage: Stage, case: Case, fate: str, issued: datetime) -> None:
    """Plan the steps of a fate, each a little off its time and none before the one it follows."""
    day, before = clock.local(issued).date(), issued
    jitter = random.Random(case.row_id)  # noqa: S311  (chance must not depend on what lies ahead)
    for workdays, at, verb, *text in stage.story["fates"][fate]["steps"]:
        when = moment(stage.later(day, workdays), at) + timedelta(minutes=jitter.randrange(15))
        before = max(when, before + timedelta(minutes=8))
        stage.at(before, partial(_step, stage, case, verb, text[0] if text else ""))


def _step(stage: Stage, case: Case, verb: str, text: str, at: datetime) -> None:
    who, take = STEPS[verb]
    actor = {"answerer": case.answerer.actor, "rechecker": case.rechecker, "head": case.head}[who]
    version = db.session.get_one(Rectification, case.row_id).version
    with unit_of_work(actor, at) as uow:
        take(stage, case, uow, version, text)


def _receive(stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    services.receive(uow, case.row_id, version, text, case.answerer.person)


def _submit(stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    answer = services.Answer(
        form_key=f"demo-{case.row_id}-{uow.now:%Y%m%d%H%M}",
        measures=text or case.mended,
        done_on=clock.local(uow.now).date(),
        no_photo_reason="" if case.scene else NO_PHOTO,
        files=(stage.photos.after(case.scene),) if case.scene else (),
        represented=case.answerer.person,
    )
    services.submit(uow, case.row_id, version, answer)


def _accept(stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    services.accept(uow, case.row_id, version, text or ACCEPTED[case.row_id % len(ACCEPTED)])


def _send_back(stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    services.send_back(uow, case.row_id, version, text or RETURNS[case.row_id % len(RETURNS)])


def _ask(stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    due_on = clock.local(db.session.get_one(Rectification, case.row_id).due_at).date()
    extension_services.ask_extension(
        uow, case.row_id, version, stage.later(due_on, 3), text, case.answerer.person
    )


def _decide(granted: bool, stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    extension_services.decide_extension(uow, case.row_id, version, granted=granted, until_on=None, note=text)


def _park(stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    review_on = stage.later(clock.local(uow.now).date(), 30)
    extension_services.park(uow, case.row_id, version, review_on, text)


def _resume(stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    until_on = stage.later(clock.local(uow.now).date(), 5)
    extension_services.resume(uow, case.row_id, version, until_on, text)


def _cancel(stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    extension_services.cancel(uow, case.row_id, version, text)


def _climb(verb: Verb, stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    rung, _action = rules.LADDER[verb]
    day = clock.local(uow.now).date()
    talks = rung is Rung.TALK
    command = Escalation(
        text or USUAL_TEXTS[rung],
        limit_on=stage.later(day, 2) if rung in (Rung.URGING, Rung.CHANGE) else None,
        talk_at=moment(stage.later(day, 2), "15:00") if talks else None,
        talk_place="三楼督查科谈话室" if talks else "",
        talk_with=case.answerer.name if talks else "",
    )
    ladder_services.climb(uow, case.row_id, version, verb, command, stage.settings.base_url)


def _record(stage: Stage, case: Case, uow: UnitOfWork, version: int, text: str) -> None:
    talk = next(o for o in ladder_queries.orders_of(uow.session, case.row_id) if o.rung is Rung.TALK)
    ladder_services.record_talk(
        uow, case.row_id, version, talk.id, text or TALK_RECORD, TALK_PROMISE, stage.settings.base_url
    )


# The words of story.toml: who takes the step, and how.
STEPS: dict[str, tuple[str, Callable[[Stage, Case, UnitOfWork, int, str], None]]] = {
    "receive": ("answerer", _receive),
    "submit": ("answerer", _submit),
    "ask": ("answerer", _ask),
    "accept": ("rechecker", _accept),
    "send_back": ("rechecker", _send_back),
    "grant": ("head", partial(_decide, True)),
    "refuse": ("head", partial(_decide, False)),
    "park": ("head", _park),
    "resume": ("head", _resume),
    "cancel": ("head", _cancel),
    "urge": ("head", partial(_climb, Verb.URGE)),
    "change": ("head", partial(_climb, Verb.PROPOSE_CHANGE)),
    "talk": ("head", partial(_climb, Verb.TALK)),
    "record": ("head", _record),
    "report": ("head", partial(_climb, Verb.REPORT)),
}
