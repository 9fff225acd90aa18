"""Send stored files and workbooks. Who may see one is decided before: the route loads its row first."""

from __future__ import annotations

import io
import logging
from pathlib import Path

from flask import Response, send_file

from app.attachments import imaging, queries, rules, store
from app.attachments.rules import FileKind, MediaType
from app.core.errors import NotFound
from app.core.i18n import N_

PREVIEWS = {"small": rules.SMALL, "large": rules.LARGE}
ORIGINAL, PLAY = "original", "play"
# Whatever a browser makes of a file, it runs nothing and belongs to nobody.
_SHUT_IN = "default-src 'none'; sandbox"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_A_DAY = 24 * 60 * 60

log = logging.getLogger(__name__)


def send_evidence(root: Path, sha256: str, media_type: MediaType, variant: str) -> Response:
    """Answer with a photo's preview (`small`, `large`), a video to `play`, or the `original` to save."""
    width = PREVIEWS.get(variant) if media_type.kind is FileKind.PHOTO else None
    playing = variant == PLAY and media_type.kind is FileKind.VIDEO
    if not (width or playing or variant == ORIGINAL):
        raise NotFound(queries.MISSING)
    try:
        response = send_file(
            imaging.ensure_preview(root, sha256, width) if width else store.path_of(root, sha256),
            mimetype=MediaType.JPEG if width else media_type,
            # Only what we made ourselves, and videos, are shown in place; the rest is handed over as a file.
            as_attachment=not (width or playing),
            download_name=f"{sha256[:12]}{'.jpg' if width else media_type.suffix}",
            etag=f"{sha256}-{variant}",
            max_age=_A_DAY,
        )
    except FileNotFoundError:
        log.error("the store has lost %s", sha256)
        raise NotFound(N_("文件缺失，请联系系统管理员。")) from None
    response.cache_control.public = False
    response.cache_control.private = True
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if not width:
        response.headers["Content-Security-Policy"] = _SHUT_IN
    return response


def send_workbook(file: io.BytesIO, name: str) -> Response:
    """Answer with a workbook to save; nothing keeps a copy on the way."""
    file.seek(0)
    response = send_file(file, mimetype=XLSX, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response
