from app.audit.rules import EXPORT, VERIFY
from app.core.i18n import N_

ACTIONS = {
    "chain.opened": N_("开立审计链"),
    "access.refused": N_("访问被拒"),
    "audit.exported": N_("导出审计日志"),
}
JOBS = {EXPORT: N_("导出"), VERIFY: N_("核对")}
SUBJECTS: dict[str, str] = {}
FIELDS = {
    "permission": N_("所需权限"),
    "entries": N_("记录条数"),
    "since": N_("起始日期"),
    "until": N_("结束日期"),
    "centres": N_("中心"),
    "sha256": N_("内容指纹（SHA-256）"),
}
