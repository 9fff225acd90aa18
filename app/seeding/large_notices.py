"""Notices of the large demo: each with its paper, and what became of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from hashlib import sha256
from itertools import islice
from typing import Any

from app import clock
from app.core.i18n import N_
from app.db.stories import Ids, Part, Step, Story
from app.documents.models import Document, DocumentFile
from app.documents.printing import cn_datetime, template_version
from app.documents.rules import (
    CODE_ALPHABET,
    CODE_LENGTH,
    DOCUMENT_ISSUED,
    DOCUMENT_NUMBERED,
    KIND_MARKS,
    NUMBER_PATTERN,
    RENDER,
    DocumentKind,
    DocumentStatus,
    document_number,
    file_name,
    printed_code,
)
from app.inspections.rules import FINDING_SENT_TO_RECTIFY, FindingStatus
from app.permissions import Actor, Origin, system_actor
from app.rectifications import rules
from app.rectifications.documents import CONSEQUENCE, NOTICE_TEMPLATE, NoticeFact, RectificationNotice
from app.rectifications.models import Recheck, Rectification, RectifiedFinding, Submission
from app.rectifications.rules import RecheckResult, RectificationStatus
from app.seeding import reference
from app.seeding.demo_notices import RETURNS
from app.seeding.large_hall import Hall
from app.seeding.large_paper import paper
from app.seeding.large_rounds import Found, serial

_version = cache(template_version)
FINDINGS_A_NOTICE = 6
ISSUED_AT = time(17)
NO_PHOTO = "现场核实，未另拍照。"


@dataclass
class Desk:
    """Where notices are written, for a hall whose last day is the last on which anything happens."""

    hall: Hall
    ids: Ids
    last: Counter[tuple[str, int]]
    rng: random.Random
    base_url: str

    def __post_init__(self) -> None:
        self.version = _version(NOTICE_TEMPLATE)
        self.worker = system_actor(N_("后台任务"), Origin(route=RENDER))
        self.places = {day: place for place, day in enumerate(self.hall.days)}

    def issue(self, found: Sequence[Found]) -> Iterator[Story]:
        """Yield the notices of one day, one department each, with their papers."""
        by_department: dict[int, list[Found]] = {}
        for each in found:
            if each.to_rectify and each.body.department_id:
                by_department.setdefault(each.body.department_id, []).append(each)
        for department_id, findings in by_department.items():
            rest = iter(findings)
            while batch := list(islice(rest, FINDINGS_A_NOTICE)):
                yield from self._notice(department_id, batch)

    def _notice(self, department_id: int, found: list[Found]) -> Iterator[Story]:
        chief, inspector = self.hall.chiefs[department_id], found[0].inspector
        day = clock.local(found[0].at).date()
        at = clock.at_office(datetime.combine(day, ISSUED_AT)) + timedelta(minutes=self.rng.randrange(30))
        workdays = min(each.item.workdays for each in found)
        due_at, provisional = self.hall.due(day, workdays)
        row_id, document_id = self.ids.take(Rectification), self.ids.take(Document)
        number_in_year = serial(self.last, DocumentKind.RECTIFICATION_NOTICE.value, day.year)
        mark = KIND_MARKS[DocumentKind.RECTIFICATION_NOTICE]
        number = document_number(NUMBER_PATTERN, self.hall.number_prefix, mark, day.year, number_in_year)
        wordings = dict.fromkeys(each.item.wording for each in found)
        requirement = "\n".join(
            f"针对“{wording}”立即整改，并举一反三，防止再次发生。" for wording in wordings
        )
        words = [found[0].body.name]
        for each in found:
            words += [each.spot.number, each.spot.name, each.item.wording]
            words += [each.staff[1]] if each.staff else []
        values = {
            "centre_id": self.hall.centre_id,
            "number": number,
            "form_key": f"large-{row_id}",
            "status": RectificationStatus.ISSUED,
            "department_id": department_id,
            "owner_id": chief.staff_member_id,
            "requirement": requirement,
            "issued_on": day,
            "issued_at": at,
            "issued_by_id": inspector.user_id,
            "rechecker_id": inspector.user_id,
            "deadline_workdays": workdays,
            "deadline_hour": rules.OFFICE_CLOSES,
            "due_at": due_at,
            "due_provisional": provisional,
            "document_id": document_id,
            "search_words": " ".join(dict.fromkeys(words)),
        }
        parts = []
        for each in found:
            link = {"rectification_id": row_id, "finding_id": each.story.row_id}
            parts.append(Part(RectifiedFinding, self.ids.take(RectifiedFinding), link))
            sent = {"status": FindingStatus.RECTIFY}
            each.steps.append(
                Step(FINDING_SENT_TO_RECTIFY, inspector, at, sent, extra={"rectification": number})
            )
        extra = {"findings": [each.number for each in found]}
        steps = [Step(rules.RECTIFICATION_ISSUED, inspector, at, values, parts, extra)]
        steps += self._follow(row_id, chief, inspector, day, workdays, due_at, found[0].item.code)
        yield Story(Rectification, row_id, steps)
        notice = self._form(values, found, inspector)
        yield self._paper(document_id, row_id, number, number_in_year, notice, inspector, at)

    def _follow(
        self,
        row_id: int,
        chief: Actor,
        inspector: Actor,
        issued: date,
        workdays: int,
        due_at: datetime,
        code: str,
    ) -> Iterator[Step]:
        """Yield what became of a notice: most are mended in time, some late, some after a second try."""
        at = self._later(issued, 1, 9)
        if at is None:
            return
        receipt = {
            "status": RectificationStatus.RECEIVED,
            "received_at": at,
            "received_by_id": chief.user_id,
        }
        yield Step(rules.RECTIFICATION_RECEIVED, chief, at, receipt)
        if self.rng.random() < 0.01:
            return  # nobody has answered to this day
        late = self.rng.random() < 0.13
        back = self.rng.random() < 0.15
        after = workdays + 2 if late else 1
        for number, returned in enumerate([True, False] if back else [False], 1):
            handed_in = self._later(issued, after, 11 if number == 1 else 15)
            checked = self._later(issued, after + 1, 10)
            if handed_in is None:
                return
            submission_id = self.ids.take(Submission)
            answer = {
                "rectification_id": row_id,
                "round": number,
                "form_key": f"large-{row_id}-{number}",
                "measures": reference.words()[code]["mended"],
                "done_on": clock.local(handed_in).date(),
                "no_photo_reason": NO_PHOTO,
                "submitted_at": handed_in,
                "submitted_by_id": chief.user_id,
            }
            yield Step(
                rules.RECTIFICATION_SUBMITTED,
                chief,
                handed_in,
                {"status": RectificationStatus.SUBMITTED, "handed_in_at": handed_in},
                [Part(Submission, submission_id, answer)],
            )
            if checked is None:
                return
            yield self._recheck(row_id, submission_id, inspector, checked, handed_in <= due_at, returned)
            after += 1

    def _recheck(
        self,
        row_id: int,
        submission_id: int,
        inspector: Actor,
        at: datetime,
        on_time: bool,
        returned: bool,
    ) -> Step:
        reason = self.rng.choice(RETURNS) if returned else "现场复查，已整改到位。"
        result = RecheckResult.RETURNED if returned else RecheckResult.ACCEPTED
        recheck = {
            "rectification_id": row_id,
            "submission_id": submission_id,
            "result": result,
            "note": reason,
            "checked_at": at,
            "checked_by_id": inspector.user_id,
        }
        part = [Part(Recheck, self.ids.take(Recheck), recheck)]
        if returned:
            back = {"status": RectificationStatus.RETURNED}
            return Step(rules.RECTIFICATION_RETURNED, inspector, at, back, part, {"reason": reason})
        closed = {"status": RectificationStatus.CLOSED, "closed_at": at, "on_time": on_time}
        return Step(rules.RECTIFICATION_CLOSED, inspector, at, closed, part)

    def _later(self, issued: date, workdays: int, hour: int) -> datetime | None:
        """Return a moment so many days of work later; None if it had not come yet."""
        place = self.places[issued] + workdays
        if place >= len(self.hall.days):
            return None
        return clock.at_office(datetime.combine(self.hall.days[place], time(hour, self.rng.randrange(60))))

    def _form(self, values: dict[str, Any], found: Sequence[Found], inspector: Actor) -> RectificationNotice:
        due = clock.local(values["due_at"])
        return RectificationNotice(
            centre_name=self.hall.centre_name,
            number=values["number"],
            recipient=found[0].body.name,
            point="、".join(dict.fromkeys(f"{each.spot.number} {each.spot.name}" for each in found)),
            facts=tuple(
                NoticeFact(
                    occurred_at=cn_datetime(each.at),
                    place=f"{each.spot.number} {each.spot.name}",
                    item=f"{each.item.code} {each.item.wording}",
                    person_or_post=each.staff[1] if each.staff else None,
                    clause=each.item.clause or None,
                )
                for each in found
            ),
            photos=(),
            required_action=values["requirement"],
            deadline=f"{due.year}年{due.month}月{due.day}日{due.hour}时",
            rechecker=inspector.name,
            consequence=CONSEQUENCE,
            issuer=self.hall.centre_name,
            issued_on=values["issued_on"],
        )

    def _paper(
        self,
        document_id: int,
        row_id: int,
        number: str,
        number_in_year: int,
        notice: RectificationNotice,
        inspector: Actor,
        at: datetime,
    ) -> Story:
        """Return the story of a notice's paper: numbered, and issued half a minute later."""
        code = "".join(self.rng.choices(CODE_ALPHABET, k=CODE_LENGTH))
        year = notice.issued_on.year
        name = file_name(DocumentKind.RECTIFICATION_NOTICE, year, number_in_year)
        content = paper(f"{name}   {printed_code(code)}")
        issued_at = at + timedelta(seconds=30)
        values = {
            "centre_id": self.hall.centre_id,
            "kind": DocumentKind.RECTIFICATION_NOTICE,
            "year": year,
            "serial": number_in_year,
            "number": number,
            "status": DocumentStatus.NUMBERED,
            "code": code,
            "subject_type": Rectification.__audit_type__,
            "subject_id": row_id,
            "template": NOTICE_TEMPLATE,
            "template_version": self.version,
            "values": {
                **vars(notice),
                "facts": [vars(fact) for fact in notice.facts],
                "issued_on": notice.issued_on.isoformat(),
                "code": printed_code(code),
                "verify_url": f"{self.base_url}/verify/{code}",
            },
            "evidence": [],
            "numbered_at": at,
        }
        issued = {
            "status": DocumentStatus.ISSUED,
            "sha256": sha256(content).hexdigest(),
            "issued_at": issued_at,
        }
        file = Part(
            DocumentFile, self.ids.take(DocumentFile), {"document_id": document_id, "content": content}
        )
        return Story(
            Document,
            document_id,
            [
                Step(DOCUMENT_NUMBERED, inspector, at, values),
                Step(DOCUMENT_ISSUED, self.worker, issued_at, issued, [file]),
            ],
        )
