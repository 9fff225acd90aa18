from app.core.i18n import N_
from app.rectifications.rules import Due, RecheckResult, RectificationStatus, Verb

LABELS = {
    RectificationStatus: {
        RectificationStatus.ISSUED: N_("已下发"),
        RectificationStatus.RECEIVED: N_("已签收"),
        RectificationStatus.SUBMITTED: N_("待复查"),
        RectificationStatus.RETURNED: N_("已退回"),
        RectificationStatus.CLOSED: N_("已销号"),
    },
    Verb: {
        Verb.RECEIVE: N_("签收"),
        Verb.SUBMIT: N_("提交整改"),
        Verb.ACCEPT: N_("复查合格，销号"),
        Verb.RETURN: N_("退回"),
    },
    Due: {
        Due.OPEN: N_("整改中"),
        Due.DUE_SOON: N_("即将到期"),
        Due.OVERDUE: N_("已逾期"),
        Due.WAITING: N_("待复查"),
        Due.CLOSED: N_("已销号"),
    },
    RecheckResult: {RecheckResult.ACCEPTED: N_("合格"), RecheckResult.RETURNED: N_("不合格")},
}
ACTIONS = {
    "rectification.issued": N_("下发整改通知书"),
    "rectification.received": N_("签收"),
    "rectification.submitted": N_("提交整改"),
    "rectification.closed": N_("复查合格，销号"),
    "rectification.returned": N_("退回重新整改"),
    "rectification.due_moved": N_("期限重新计算"),
}
SUBJECTS = {
    "rectification": N_("整改"),
    "rectified_finding": N_("所整改的问题"),
    "submission": N_("整改反馈"),
    "recheck": N_("复查"),
}
FIELDS = {
    "on_behalf_name": N_("实际办理人姓名"),
    "on_behalf_capacity": N_("实际办理人身份"),
    "to_centre_id": N_("下级中心"),
    "owner_id": N_("整改责任人"),
    "requirement": N_("整改要求"),
    "issued_on": N_("下发日期"),
    "issued_at": N_("签发时间"),
    "issued_by_id": N_("下发人"),
    "rechecker_id": N_("复查人"),
    "deadline_workdays": N_("期限（工作日）"),
    "deadline_on": N_("期限（日期）"),
    "deadline_hour": N_("期限（时）"),
    "due_at": N_("到期时间"),
    "due_provisional": N_("暂定"),
    "received_at": N_("签收时间"),
    "received_by_id": N_("签收人"),
    "receipt_statement": N_("签收陈述"),
    "handed_in_at": N_("提交时间"),
    "closed_at": N_("销号时间"),
    "on_time": N_("按期"),
    "document_id": N_("文书"),
    "rectification_id": N_("整改"),
    "finding_id": N_("问题"),
    "round": N_("第几次"),
    "measures": N_("整改措施"),
    "done_on": N_("完成日期"),
    "no_photo_reason": N_("不能提供照片的原因"),
    "submitted_by_id": N_("提交人"),
    "submission_id": N_("整改反馈"),
    "checked_by_id": N_("复查人"),
}
