"""Send stored photos. Who may see one is decided before: the route loads the owning row first."""

from __future__ import annotations

import logging
from pathlib import Path

from flask import Response, send_file

from app.attachments import imaging, rules, store
from app.attachments.rules import MediaType
from app.core.errors import NotFound
from app.core.i18n import N_

VARIANTS = {"small": rules.SMALL, "large": rules.LARGE, "original": None}
_A_DAY = 24 * 60 * 60

log = logging.getLogger(__name__)


def send_photo(root: Path, sha256: str, media_type: MediaType, variant: str) -> Response:
    """Answer with a preview to look at (`small`, `large`) or with the `original` to save."""
    if variant not in VARIANTS:
        raise NotFound(N_("照片不存在。"))
    width = VARIANTS[variant]
    try:
        response = send_file(
            imaging.ensure_preview(root, sha256, width) if width else store.path_of(root, sha256),
            mimetype=MediaType.JPEG if width else media_type,
            # Only what we made ourselves is shown in place; what came in is handed over as a file.
            as_attachment=not width,
            download_name=f"{sha256[:12]}{'.jpg' if width else rules.SUFFIXES[media_type]}",
            etag=f"{sha256}-{variant}",
            max_age=_A_DAY,
        )
    except FileNotFoundError:
        log.error("the store has lost %s", sha256)
        raise NotFound(N_("照片文件缺失，请联系系统管理员。")) from None
    response.cache_control.public = False
    response.cache_control.private = True
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
