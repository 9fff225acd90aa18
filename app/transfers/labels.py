from app.core.i18n import N_
from app.transfers.rules import APPLY_JOB, CHECK_JOB, EXPORT_JOB, Outcome

LABELS = {
    Outcome: {
        Outcome.NEW: N_("新增"),
        Outcome.CHANGED: N_("更改"),
        Outcome.UNCHANGED: N_("无变化"),
        Outcome.BAD: N_("有问题"),
    }
}
JOBS = {EXPORT_JOB: N_("导出 Excel"), CHECK_JOB: N_("检查表格"), APPLY_JOB: N_("导入表格")}
ACTIONS = {"list.exported": N_("导出清单"), "table.imported": N_("导入表格")}
SUBJECTS = {"import_batch": N_("导入批次")}
FIELDS = {
    "ledger": N_("清单"),
    "filter": N_("筛选条件"),
    "rows": N_("行数"),
    "centre_id": N_("中心"),
    "kind": N_("类别"),
    "file_name": N_("文件名"),
    "columns": N_("对应的列"),
    "added": N_("新增"),
    "changed": N_("更改"),
    "unchanged": N_("无变化"),
    "skipped": N_("跳过"),
    "applied_at": N_("导入时间"),
    "applied_by_id": N_("导入人"),
    "sha256": N_("内容指纹（SHA-256）"),
}
