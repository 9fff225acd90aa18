from app.core.i18n import N_
from app.jobs.rules import JobState

LABELS = {
    JobState: {
        JobState.WAITING: N_("等待执行"),
        JobState.RUNNING: N_("正在执行"),
        JobState.DONE: N_("已完成"),
        JobState.FAILED: N_("已停止重试"),
    }
}
