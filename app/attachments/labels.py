from __future__ import annotations

from app.attachments.rules import AttachmentKind, FileKind, MediaType
from app.core.i18n import N_

LABELS = {
    AttachmentKind: {
        AttachmentKind.FINDING: N_("问题证据"),
        AttachmentKind.MEASURE: N_("整改证据"),
        AttachmentKind.RECHECK: N_("复查证据"),
        AttachmentKind.REGISTER: N_("台账证据"),
    },
    FileKind: {
        FileKind.PHOTO: N_("照片"),
        FileKind.VIDEO: N_("视频"),
        FileKind.PDF: N_("PDF"),
        FileKind.OFFICE: N_("办公文件"),
    },
    MediaType: {
        MediaType.JPEG: "JPEG",
        MediaType.PNG: "PNG",
        MediaType.WEBP: "WebP",
        MediaType.MP4: "MP4",
        MediaType.MOV: "MOV",
        MediaType.WEBM: "WebM",
        MediaType.PDF: "PDF",
        MediaType.DOCX: "DOCX",
        MediaType.XLSX: "XLSX",
        MediaType.PPTX: "PPTX",
    },
}
SUBJECTS = {"attachment": N_("附件")}
FIELDS = {
    "subject_type": N_("所属记录类型"),
    "subject_id": N_("所属记录"),
    "kind": N_("类别"),
    "position": N_("顺序"),
    "sha256": N_("内容指纹（SHA-256）"),
    "size": N_("大小（字节）"),
    "media_type": N_("格式"),
    "filename": N_("文件名"),
    "width": N_("宽（像素）"),
    "height": N_("高（像素）"),
    "seconds": N_("时长（秒）"),
    "taken_at": N_("拍摄时间（照片自述）"),
    "camera": N_("录像来源"),
    "recorded_on": N_("录像日期"),
    "stored_at": N_("上传时间"),
    "stored_by_id": N_("上传人"),
}
