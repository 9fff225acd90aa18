from app.core.i18n import N_

ACTIONS = {
    "chain.opened": N_("开立审计链"),
    "access.refused": N_("访问被拒"),
    "audit.exported": N_("导出审计日志"),
}
SUBJECTS: dict[str, str] = {}
FIELDS = {
    "permission": N_("所需权限"),
    "entries": N_("记录条数"),
    "sha256": N_("内容指纹（SHA-256）"),
}
