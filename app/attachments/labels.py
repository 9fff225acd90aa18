from __future__ import annotations

from app.attachments.rules import AttachmentKind, MediaType
from app.core.i18n import N_

LABELS = {
    AttachmentKind: {
        AttachmentKind.FINDING_PHOTO: N_("问题照片"),
        AttachmentKind.MEASURE_PHOTO: N_("整改照片"),
        AttachmentKind.RECHECK_PHOTO: N_("复查照片"),
    },
    MediaType: {MediaType.JPEG: "JPEG", MediaType.PNG: "PNG", MediaType.WEBP: "WebP"},
}
SUBJECTS = {"attachment": N_("照片")}
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
    "taken_at": N_("拍摄时间（照片自述）"),
    "stored_at": N_("上传时间"),
    "stored_by_id": N_("上传人"),
}
