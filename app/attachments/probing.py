"""Videos, PDF and office files: read through by a child, which says what they are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from app.attachments import child, papers, rules, videos
from app.attachments.child import Refused
from app.attachments.rules import FileFacts, FileKind, MediaType
from app.core.i18n import N_

_DAMAGED = N_("“%(name)s”不完整或已损坏，请重新选择原文件上传。")
REFUSALS = {
    FileKind.VIDEO: {
        "damaged": N_("“%(name)s”不完整或已损坏：请等录像保存完毕，或从录像机重新导出后再上传。"),
        "no_picture": N_("“%(name)s”没有画面，只有声音的文件不能作为视频上传。"),
        "container": rules.OTHER_VIDEO,
    },
    FileKind.PDF: {
        "damaged": _DAMAGED,
        "encrypted": N_("“%(name)s”设有密码或加密，请去掉密码后再上传。"),
    },
    FileKind.OFFICE: {
        "damaged": _DAMAGED,
        "encrypted": N_("“%(name)s”设有密码或加密，请去掉密码后再上传。"),
        "bomb": N_("“%(name)s”展开后过大，请拆分后再上传。"),
        "macros": N_("“%(name)s”含有宏，不能上传；请另存为不含宏的 docx、xlsx 或 pptx。"),
        "binary_workbook": N_("“%(name)s”是二进制工作簿（xlsb），请另存为 xlsx 后再上传。"),
        "open_document": N_("“%(name)s”是 ODF 格式，请另存为 docx、xlsx 或 pptx 后再上传。"),
        "ofd": N_("“%(name)s”是 OFD 版式文件，请导出为 PDF 后再上传。"),
        "archive": rules.ARCHIVE,
    },
}


def inspect(path: Path, kind: FileKind, name: str) -> FileFacts:
    """Verify a file that is no photo; raise Invalid, with `name`."""
    answer = child.ask(__name__, kind.value, path.absolute(), refusals=REFUSALS[kind], name=name)
    return FileFacts(MediaType(answer["media_type"]), seconds=answer["seconds"])


def _examine(kind: FileKind, path: Path) -> dict[str, Any]:
    """Return the facts, or {"refused": why}."""
    try:
        if kind is FileKind.VIDEO:
            with path.open("rb") as file:
                facts = videos.examine(file, path.stat().st_size)
        else:
            facts = papers.examine_pdf(path) if kind is FileKind.PDF else papers.examine_office(path)
    except Refused as reason:
        return {"refused": str(reason)}
    return {"media_type": facts.media_type.value, "seconds": facts.seconds}


if __name__ == "__main__":
    child.limit()
    sys.stdout.write(json.dumps(_examine(FileKind(sys.argv[1]), Path(sys.argv[2]))))
