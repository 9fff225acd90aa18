"""One month of work at the demo centre, through the same services that people use."""

from __future__ import annotations

import heapq
import io
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from app import clock
from app.accounts.models import User
from app.accounts.queries import build_actor
from app.attachments.services import StoredFile, receive, take_room
from app.config import Settings
from app.db.drafts import Draft
from app.db.uow import end_reading, root_centre_id, short_transaction, unit_of_work
from app.extensions import db
from app.inspections import draft_rules as content_of
from app.inspections import plan_queries as plan
from app.inspections import queries as inspections
from app.inspections import services as patrols
from app.inspections import walk_queries as walks
from app.inspections.models import ChecklistItem, Finding
from app.inspections.rules import Answer, Disposition, FindingStatus, Followed, PatrolMode
from app.organisation import queries as organisation
from app.organisation.models import PatrolPoint, Zone
from app.permissions import Actor, Origin, Role
from app.rectifications import queries as ledger
from app.rectifications import services as rectifications
from app.rectifications.models import Rectification
from app.rectifications.rules import Deadline
from app.seeding.demo_photos import picture
from app.settings.rules import Round
from app.worktime.queries import calendar

SEED = 20261122
DAYS = 30
PICTURES = 12  # of each kind; drawing and checking one takes a third of a second
FULL_DAYS = 8  # the last days are walked as the plan has it; before them each zone once a day
MISSED = 0.05  # of the rounds of a zone

NOTES = (
    "巡查时当事人不在岗，约十分钟后返回，未见离岗公示牌。",
    "台面摆放水杯、零食等私人物品，办事群众的材料与其混放。",
    "群众询问时答复简单，未做到一次性告知。",
    "评价器未开启，经提醒后当场通电。",
    "取号屏显示与实际叫号不一致，群众在旁等候。",
    "未佩戴工作牌，胸前无党员徽章标识。",
    "办事指南缺页，样表不是最新版本。",
)
MEASURES = (
    "已当场批评教育并调整值班表，明确AB角顶岗，窗口负责人每半天自查一次。",
    "已清理台面，私人物品统一放入储物柜，并在科务会上通报。",
    "已更换设备并报送维保单位，增加每日开机检查记录。",
    "已补齐办事指南和样表，安排专人每周核对。",
)
RETURNS = ("照片看不出整改后的情况，请补拍全景。", "措施没有落实到人，请写明责任人和检查频次。")


@dataclass
class Month:
    """The month as it runs: things that will happen, in the order of their time."""

    now: datetime
    settings: Settings
    rng: random.Random
    actors: dict[str, Actor]
    answers_for: dict[int, Actor]  # department -> its chief representative's actor
    before: list[StoredFile]
    after: list[StoredFile]
    queue: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=itertools.count)
    issued: int = 0

    def at(self, when: datetime, what: Callable[[datetime], None]) -> None:
        if when <= self.now:
            heapq.heappush(self.queue, (when, next(self.order), what))

    def play(self) -> None:
        while self.queue:
            when, _, what = heapq.heappop(self.queue)
            end_reading()
            what(when)


def run(settings: Settings, now: datetime) -> None:
    """Play the month before `now`: a round of each zone on every working day, and what follows."""
    rng = random.Random(SEED)  # noqa: S311  (the same demo on every machine, nothing secret)
    today = clock.local(now).date()
    users = {user.username: user for user in db.session.scalars(select(User).order_by(User.id))}
    actors = {name: actor_of(user, today) for name, user in users.items()}
    chiefs = {d: a for a in actors.values() for d in sorted(a.department_ids)}
    month = Month(
        now, settings, rng, actors, chiefs, *_pictures(settings, now, rng, root_centre_id(db.session()))
    )
    inspectors = [a for a in actors.values() if Role.INSPECTOR in a.roles]
    zones = db.session.scalars(select(Zone).order_by(Zone.position, Zone.id)).all()
    days = [today - timedelta(days=back) for back in range(DAYS, -1, -1)]
    for number, day in enumerate(day for day in days if works(day)):
        for place, zone in enumerate(zones):
            rounds = plan.rounds_of(zone.centre_id)
            if (today - day).days > FULL_DAYS:
                rounds = rounds[(number + place) % len(rounds) :][:1]
            for one in rounds:
                if rng.random() < MISSED:
                    continue
                begun = clock.at_office(datetime.combine(day, one.begins)) + timedelta(minutes=2 * place + 1)
                actor = inspectors[(number + place) % len(inspectors)]
                month.at(begun, _round(month, zone.id, zone.centre_id, actor, one))
    month.play()


def works(day: date) -> bool:
    """Return whether the demo centre is patrolled; in a year without a calendar, Monday to Friday."""
    return calendar().is_workday(day) if calendar().covers(day) else day.weekday() < 5


def actor_of(user: User, today: date) -> Actor:
    roles = frozenset(grant.role for grant in user.roles if grant.withdrawn_at is None)
    return build_actor(user, roles, today, Origin(route="seed demo"))


def _pictures(
    settings: Settings, now: datetime, rng: random.Random, centre_id: int
) -> tuple[list[StoredFile], list[StoredFile]]:
    def make_room(sha256: str, size: int, name: str) -> None:
        with short_transaction() as session:
            take_room(session, centre_id, sha256, size, name)

    kinds: tuple[list[StoredFile], list[StoredFile]] = ([], [])
    for index in range(PICTURES):
        at = now - timedelta(days=2 * index, minutes=rng.randrange(180))
        for kind, tidy in zip(kinds, (False, True), strict=True):
            data = picture(at, f"{index + 1:02d} 号窗口", rng, tidy=tidy)
            name = f"IMG_{index + 1:04d}.jpg"
            kind.append(receive(settings.attachments, io.BytesIO(data), name, make_room))
    return kinds


def _round(
    month: Month, zone_id: int, centre_id: int, actor: Actor, walked: Round
) -> Callable[[datetime], None]:
    def happen(begun: datetime) -> None:
        day = clock.local(begun).date()
        checklist = inspections.current_checklist(centre_id, day)
        points = organisation.points_of_zone(db.session(), zone_id, day)
        if checklist is None or not points:
            return
        items = inspections.items_of(checklist.id)
        content = content_of.new(
            f"demo-{zone_id}-{begun:%Y%m%d%H%M}",
            zone_id,
            checklist.id,
            PatrolMode.DAILY.value,
            {"round_on": day.isoformat(), "round_name": walked.name},
        )
        waiting = walks.open_rectifications([point.id for point in points], begun)
        for step, point in enumerate(points):
            at = begun + timedelta(seconds=50 * (step + 1))
            asked = inspections.items_for(items, point)
            given = {item.code: Answer.OK.value for item in asked}
            seen = {one.number: month.rng.choice(list(Followed)).value for one in waiting[point.id]}
            content = content_of.with_point(content, point.id, given, False, at.isoformat(), seen)
            if month.rng.random() < 0.07:
                content = _find(month, content, point, month.rng.choice(asked), at, centre_id)
        end = begun + timedelta(minutes=len(points) + 3)
        if end > month.now:
            end = month.now
        with short_transaction() as session:
            draft = Draft(
                kind=patrols.DRAFT,
                user_id=actor.user_id,
                centre_id=centre_id,
                subject_id=zone_id,
                content=content,
                begun_at=begun,
                saved_at=end,
            )
            session.add(draft)
            session.flush()
            draft_id = draft.id
        with unit_of_work(actor, end) as uow:
            patrol_id = patrols.submit(uow, draft_id, "").id
        month.at(end + timedelta(minutes=25), _issue_for(month, patrol_id, actor))

    return happen


def _find(
    month: Month,
    content: dict[str, object],
    point: PatrolPoint,
    item: ChecklistItem,
    at: datetime,
    centre_id: int,
) -> dict[str, object]:
    rng = month.rng
    day = clock.local(at).date()
    people = walks.staff_choices(point, day)
    near = organisation.departments_of_point(db.session(), point, day)
    owners, _meant = walks.owner_choices(centre_id, point, day)
    # Where no department is at home, the centre's own last section (综合科) answers.
    owner = f"department:{rng.choice(near).id}" if near else owners[-1][0]
    wants_photo = bool(item.red_line or item.photo_required) or rng.random() < 0.6
    photos = rng.sample(month.before, rng.randint(1, 2)) if wants_photo else []
    content = content_of.with_uploads(content, {photo.sha256: photo.to_dict() for photo in photos})
    finding = {
        "point_id": point.id,
        "item": item.code,
        "owner": owner,
        "staff": people[0].staff.id if people and rng.random() < 0.7 else None,
        "occurred_at": at.isoformat(),
        "note": rng.choice(NOTES),
        "disposition": (
            Disposition.CORRECTED_ON_SPOT if not near or rng.random() < 0.35 else Disposition.RECTIFY
        ).value,
        "photos": [photo.sha256 for photo in photos],
    }
    return content_of.with_finding(content, None, finding, at.isoformat())


def _issue_for(month: Month, patrol_id: int, actor: Actor) -> Callable[[datetime], None]:
    def happen(at: datetime) -> None:
        found = db.session.scalars(
            select(Finding).where(Finding.patrol_id == patrol_id, Finding.status == FindingStatus.OPEN)
        ).all()
        by_department: dict[int, list[int]] = {}
        for finding in found:
            if finding.department_id in month.answers_for:
                by_department.setdefault(finding.department_id, []).append(finding.id)
        for department_id, ids in by_department.items():
            if month.rng.random() < 0.12:
                continue  # a few stay open, for whoever tries the demo to issue
            _issue(month, department_id, ids, actor, at)

    return happen


def _issue(month: Month, department_id: int, finding_ids: list[int], actor: Actor, at: datetime) -> None:
    findings = ledger.findings_for_notice(db.session(), finding_ids)
    chief = organisation.chief_of(db.session(), department_id, clock.local(at).date())
    workdays = min(finding.item.deadline_workdays or 1 for finding in findings)
    wordings = dict.fromkeys(finding.item.wording for finding in findings)
    command = rectifications.Issue(
        form_key=f"demo-{finding_ids[0]}",
        finding_ids=tuple(finding_ids),
        owner_id=chief.id if chief else None,
        requirement="\n".join(f"针对“{wording}”立即整改，并举一反三，防止再次发生。" for wording in wordings),
        rechecker_id=actor.user_id or 0,
        deadline=Deadline(clock.local(at).date(), workdays=workdays),
        photos=rectifications.printed_photos(month.settings.attachments, findings),
    )
    with unit_of_work(actor, at) as uow:
        row_id = rectifications.issue(uow, command, month.settings.base_url).id
    month.issued += 1
    _follow(month, row_id, department_id, actor, at, month.issued)


def _follow(
    month: Month, row_id: int, department_id: int, inspector: Actor, issued: datetime, number: int
) -> None:
    """Plan what becomes of a notice: most are mended in time, every seventh late, some come back once."""
    chief = month.answers_for[department_id]
    recheckers = [a for a in month.actors.values() if Role.SECTION_HEAD in a.roles] + [inspector]
    rechecker = recheckers[number % len(recheckers)]
    recent = issued > month.now - timedelta(days=6)
    stop = (
        ("receive", "submit", "send_back", "")[number % 4] if recent else "receive" if number % 9 == 4 else ""
    )
    at = issued + timedelta(hours=2 + number % 3)
    late = timedelta(hours=120 if number % 7 == 0 else 2 if recent else 20)
    steps = [(timedelta(), chief, "receive"), (late, chief, "submit")]
    if stop == "send_back" or number % 6 == 3:
        steps += [(timedelta(hours=2), rechecker, "send_back"), (timedelta(hours=21), chief, "submit")]
    steps.append((timedelta(hours=3 if recent else 22), rechecker, "accept"))
    for pause, actor, verb in steps:
        at = _office_hours(at + pause)
        month.at(at, _step(month, row_id, actor, verb))
        if verb == stop:
            break


def _office_hours(at: datetime) -> datetime:
    """Return the moment, or the next morning's if the office is closed by then."""
    local = clock.local(at)
    if local.hour >= 17 or local.hour < 9 or not works(local.date()):
        day = local.date() + timedelta(days=1 if local.hour >= 9 else 0)
        while not works(day):
            day += timedelta(days=1)
        return clock.at_office(datetime.combine(day, time(9, local.minute)))
    return at


def _step(month: Month, row_id: int, actor: Actor, verb: str) -> Callable[[datetime], None]:
    def happen(at: datetime) -> None:
        version = db.session.get_one(Rectification, row_id).version
        with unit_of_work(actor, at) as uow:
            if verb == "receive":
                rectifications.receive(uow, row_id, version, "")
            elif verb == "accept":
                rectifications.accept(uow, row_id, version, "现场复查，已整改到位。")
            elif verb == "send_back":
                rectifications.send_back(uow, row_id, version, month.rng.choice(RETURNS))
            else:
                answer = rectifications.Answer(
                    form_key=f"demo-{row_id}-{at:%Y%m%d%H%M}",
                    measures=month.rng.choice(MEASURES),
                    done_on=clock.local(at).date(),
                    no_photo_reason="",
                    files=(month.rng.choice(month.after),),
                )
                rectifications.submit(uow, row_id, version, answer)

    return happen
