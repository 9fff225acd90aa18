from app.core.i18n import N_
from app.transfers.rules import EXPORT_JOB

JOBS = {EXPORT_JOB: N_("导出 Excel")}
ACTIONS = {"list.exported": N_("导出清单")}
FIELDS = {
    "ledger": N_("清单"),
    "filter": N_("筛选条件"),
    "rows": N_("行数"),
    "sha256": N_("内容指纹（SHA-256）"),
}
