"""States of long work. Pure."""

from datetime import timedelta
from enum import StrEnum

from app.core.actions import Action


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (JobState.WAITING, JobState.RUNNING)
MAX_ATTEMPTS = 5
LOST_AFTER = timedelta(minutes=3)  # a running job without a heartbeat for so long is taken up again
RESULTS_KEPT = timedelta(days=7)  # how long the files of a finished job can be fetched

JOB_CANCELLED = Action("job.cancelled", frozenset({"job_id", "job_kind"}))
JOB_RETRIED = Action("job.retried", frozenset({"job_id", "job_kind"}))


def retry_delay(attempts: int) -> timedelta:
    """Return how long a failed job rests before its next attempt: 5 s, 20 s, 80 s, 320 s."""
    return timedelta(seconds=5 * 4 ** max(attempts - 1, 0))
