"""Evidence of findings: files of every kind, and clips or stills of the hall's recordings."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app import clock
from app.attachments import services as attachments
from app.attachments.rules import AttachmentKind
from app.attachments.services import StoredFile
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.inspections import evidence_queries as evidence
from app.inspections import rules
from app.inspections.models import Finding
from app.inspections.rules import FindingStatus

NO_FILES = N_("请选择要补充的文件。")
NOTHING_NEW = N_("这些文件已经在证据里了。")


def attach(uow: UnitOfWork, finding: Finding, files: Sequence[StoredFile]) -> None:
    """Add files to a finding; with a recording among them, none has to be fetched any more."""
    recorded_on = clock.local(finding.occurred_at).date()
    for file in files:
        attachments.attach(
            uow, finding, AttachmentKind.FINDING, file, camera=finding.camera, recorded_on=recorded_on
        )
    if any(file.recording for file in files) and not finding.recording_saved_at:
        finding.recording_saved_at = uow.now


def add_evidence(uow: UnitOfWork, finding_id: int, files: Sequence[StoredFile], camera: str) -> Finding:
    """Add evidence to a finding of the ledger; a file that is there already is not added twice."""
    # On PostgreSQL two additions take turns.
    uow.session.execute(select(Finding.id).where(Finding.id == finding_id).with_for_update())
    finding = uow.get(Finding, finding_id)
    if finding.status is FindingStatus.VOID:
        raise NotAllowed(N_("这个问题已作废，不能补充证据。"))
    held = {row.sha256 for row in evidence.files_of(uow.session, finding.id)}
    fresh = [file for file in files if file.sha256 not in held]
    if not fresh and (finding.camera or not camera):
        raise Invalid(NOTHING_NEW if files else NO_FILES, field="photos")
    finding.camera = finding.camera or camera or None
    require_camera(fresh, finding.camera)
    finding.photos += len(fresh)
    attach(uow, finding, fresh)
    uow.record(rules.FINDING_EVIDENCE_ADDED, finding, files=len(fresh))
    return finding


def require_camera(files: Sequence[StoredFile], camera: str | None) -> None:
    """Raise Invalid for a recording of which nobody says where it comes from."""
    if any(file.recording for file in files) and not camera:
        raise Invalid(N_("请填写录像来自哪台摄像机或录像机。"), field="camera")
