"""The hall's recordings: who has seen a finding, until when that can be saved, and what was saved."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest

from app import clock
from app.attachments.services import StoredFile
from app.audit.models import AuditEntry
from app.core.errors import Invalid, NotAllowed
from app.db.uow import unit_of_work
from app.extensions import db
from app.inspections import evidence_queries, evidence_services, queries, rules
from app.inspections.models import Finding
from app.inspections.rules import FindingStatus, Recording
from app.permissions import Permission
from app.settings.rules import Group
from tests import evidence_files as made
from tests.cast import actor
from tests.factories.inspections import make_findings, receive_once, stored_photo, submitted
from tests.factories.settings import decide

pytestmark = pytest.mark.both_databases
CAMERA = "A区2号枪机 / 1号录像机"


def clip(site: Any, seconds: int = 42) -> StoredFile:
    content = io.BytesIO(made.mp4(seconds=seconds))
    return receive_once(site.settings.attachments, content, "片段.mp4", recording=True)


def add(finding_id: int, *files: StoredFile, camera: str = "") -> Finding:
    with unit_of_work(actor("wang", Permission.PATROL_CONDUCT), clock.now()) as uow:
        return evidence_services.add_evidence(uow, finding_id, files, camera)


@pytest.fixture
def finding_id(site: Any, db_context: Any) -> int:
    return submitted(site)[1]


def state(finding_id: int, today: date | None = None) -> evidence_queries.RecordingState | None:
    finding = db.session.get_one(Finding, finding_id)
    return evidence_queries.recording_of(finding, today or clock.today())


def test_a_recording_wanted_is_remembered_until_a_clip_of_it_is_kept(site: Any, finding_id: int) -> None:
    assert state(finding_id) is None
    add(finding_id, camera=CAMERA)
    found = state(finding_id)
    assert found == evidence_queries.RecordingState(
        CAMERA, clock.today() + timedelta(days=30), Recording.WANTED, 30
    )
    finding = add(finding_id, clip(site))
    assert (finding.photos, finding.recording_saved_at) == (1, clock.now())
    assert state(finding_id).standing is Recording.SAVED
    (file,) = evidence_queries.files_of(db.session(), finding_id)
    assert (file.camera, file.recorded_on, file.seconds) == (CAMERA, clock.today(), 42)


def test_the_date_follows_the_setting_of_the_centre(site: Any, finding_id: int) -> None:
    add(finding_id, camera=CAMERA)
    decide(site, Group.ATTACHMENTS, hall_video_days=90)
    assert state(finding_id).until == clock.today() + timedelta(days=90)


def test_a_recording_must_say_which_camera(site: Any, finding_id: int) -> None:
    with pytest.raises(Invalid, match="哪台摄像机") as refusal:
        add(finding_id, clip(site))
    assert refusal.value.field == "camera"
    assert evidence_queries.files_of(db.session(), finding_id) == []


def test_evidence_is_only_added_and_the_log_says_what(site: Any, finding_id: int) -> None:
    photo = stored_photo(site, "green")
    add(finding_id, photo)
    with pytest.raises(Invalid, match="已经在证据里"):
        add(finding_id, photo)
    with pytest.raises(Invalid, match="请选择要补充的文件"):
        add(finding_id)
    add(finding_id, photo, clip(site), camera=CAMERA)
    files = evidence_queries.files_of(db.session(), finding_id)
    assert [(file.position, file.camera) for file in files] == [(0, None), (1, CAMERA)]
    payloads = db.session.query(AuditEntry.payload).filter_by(action="finding.evidence_added").all()
    assert len(payloads) == 2
    assert '"files":1' in payloads[1][0]
    assert CAMERA in payloads[1][0]


def test_nine_files_are_all(site: Any, finding_id: int) -> None:
    add(finding_id, *(clip(site, seconds) for seconds in range(1, 10)), camera=CAMERA)
    with pytest.raises(Invalid, match="最多 9 个"):
        add(finding_id, clip(site, 99))
    assert db.session.get_one(Finding, finding_id).photos == 9


def test_a_void_finding_takes_no_evidence(site: Any, finding_id: int) -> None:
    with unit_of_work(actor("wang"), clock.now()) as uow:
        finding = uow.get(Finding, finding_id)
        finding.status = FindingStatus.VOID
        uow.record(rules.FINDING_RECORDED, finding)
    with pytest.raises(NotAllowed, match="已作废"):
        add(finding_id, stored_photo(site))


def test_the_ledger_finds_recordings_that_nobody_has_saved(site: Any, finding_id: int) -> None:
    make_findings(site, 3)
    add(finding_id, camera=CAMERA)
    page, total = queries.list_findings(actor("wang"), {"recording": "1"})
    assert ([row.id for row in page.rows], total) == ([finding_id], 1)
    add(finding_id, clip(site))
    assert queries.list_findings(actor("wang"), {"recording": "1"})[1] == 0
