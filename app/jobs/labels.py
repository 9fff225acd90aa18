from app.core.i18n import N_
from app.jobs.rules import JobState

LABELS = {
    JobState: {
        JobState.WAITING: N_("等待执行"),
        JobState.RUNNING: N_("正在执行"),
        JobState.DONE: N_("已完成"),
        JobState.FAILED: N_("未成功"),
        JobState.CANCELLED: N_("已取消"),
    }
}
ACTIONS = {"job.cancelled": N_("取消任务"), "job.retried": N_("重试任务")}
FIELDS = {"job_id": N_("任务编号"), "job_kind": N_("任务种类")}
