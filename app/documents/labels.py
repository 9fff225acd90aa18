from typing import Any

from app.core.i18n import N_
from app.documents.rules import RENDER, DocumentKind, DocumentStatus

LABELS: dict[type, dict[Any, str]] = {
    DocumentKind: {
        DocumentKind.RECTIFICATION_NOTICE: N_("整改通知书"),
        DocumentKind.URGING_NOTICE: N_("督办单"),
        DocumentKind.CHANGE_PROPOSAL: N_("更换人员建议函"),
        DocumentKind.TALK_NOTICE: N_("约谈通知书"),
        DocumentKind.TALK_RECORD: N_("约谈记录"),
        DocumentKind.DEPARTMENT_REPORT: N_("整改逾期情况函"),
        DocumentKind.STAFF_SHEET: N_("个人考核表"),
        DocumentKind.WINDOW_SHEET: N_("窗口考核表"),
        DocumentKind.CHIEF_SHEET: N_("首席代表考核表"),
        DocumentKind.DEPARTMENT_SHEET: N_("部门考核表"),
        DocumentKind.MONTHLY_NOTICE: N_("月度考核通报"),
        DocumentKind.OBJECTION_DECISION: N_("申诉复核决定"),
        DocumentKind.AWARD_DECISION: N_("评选审批表"),
        DocumentKind.AWARD_NOTICE: N_("表彰通报"),
        DocumentKind.YEAR_RESULT: N_("年度考核结果"),
        DocumentKind.WEEKLY_BULLETIN: N_("周通报"),
    },
    DocumentStatus: {
        DocumentStatus.NUMBERED: N_("正在生成"),
        DocumentStatus.ISSUED: N_("现行有效"),
        DocumentStatus.SUPERSEDED: N_("已被替代"),
        DocumentStatus.VOID: N_("已作废"),
    },
}
JOBS = {RENDER: N_("生成文书")}
ACTIONS = {
    "document.numbered": N_("取得文号"),
    "document.issued": N_("生成文书"),
    "document.voided": N_("作废文书"),
    "document.superseded": N_("替代文书"),
    "document.codes_guessed": N_("连续输错验证码"),
    "document.printed": N_("打印文书"),
}
SUBJECTS = {"document": N_("文书"), "document_file": N_("文书文件")}
FIELDS = {
    "number": N_("编号"),
    "kind": N_("类别"),
    "year": N_("年份"),
    "serial": N_("序号"),
    "code": N_("代码"),
    "subject_type": N_("所属记录类型"),
    "subject_id": N_("所属记录"),
    "template": N_("模板"),
    "template_version": N_("模板版本"),
    "values": N_("内容"),
    "evidence": N_("证据"),
    "numbered_at": N_("编号时间"),
    "issued_at": N_("签发时间"),
    "sha256": N_("内容指纹（SHA-256）"),
    "superseded_by_id": N_("替代文书"),
    "status": N_("状态"),
    "reason": N_("原因"),
    "by": N_("替代文书"),
    "wrong": N_("输错次数"),
    "document_id": N_("文书"),
    "content": N_("文件"),
}
