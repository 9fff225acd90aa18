from enum import StrEnum

from app.bulletins.rules import BulletinStatus, BulletinVerb
from app.core.i18n import N_

LABELS: dict[type, dict[StrEnum, str]] = {
    BulletinStatus: {
        BulletinStatus.DRAFT: N_("草稿"),
        BulletinStatus.REVIEWED: N_("待签发"),
        BulletinStatus.ISSUED: N_("已签发"),
        BulletinStatus.SUPERSEDED: N_("已被替代"),
    },
    BulletinVerb: {
        BulletinVerb.CHANGE: N_("修改"),
        BulletinVerb.REVIEW: N_("审核"),
        BulletinVerb.RETURN: N_("退回"),
        BulletinVerb.ISSUE: N_("签发"),
        BulletinVerb.CORRECT: N_("更正"),
    },
}
ACTIONS = {
    "bulletin.drafted": N_("起草通报"),
    "bulletin.changed": N_("修改通报"),
    "bulletin.reviewed": N_("审核通报"),
    "bulletin.returned": N_("退回通报"),
    "bulletin.issued": N_("签发通报"),
    "bulletin.superseded": N_("通报被替代"),
    "bulletin.correction_drafted": N_("起草更正通报"),
}
SUBJECTS = {"bulletin": N_("通报")}
FIELDS = {
    "good_practice": N_("好的做法"),
    "requirements": N_("工作要求"),
    "drafted_by_id": N_("起草人"),
    "drafted_at": N_("起草时间"),
    "reviewed_by_id": N_("审核人"),
    "reviewed_at": N_("审核时间"),
    "returned_reason": N_("退回原因"),
    "correction_reason": N_("更正原因"),
}
