"""How a job wakes the worker: by the bell, which is loaded when somebody first rings it."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import URL

if TYPE_CHECKING:
    from huey.api import TaskWrapper

log = logging.getLogger(__name__)


@cache
def _bell(url: URL) -> TaskWrapper:
    from app.jobs import bell  # half a second and 10 MB that most pages never need

    return bell.open_bell(url, lambda: None)


def wake(url: URL) -> None:
    """Ring; a bell that cannot be rung delays the job until the worker's next sweep, and fails nobody."""
    try:
        _bell(url)()
    except Exception:
        log.warning("the worker could not be woken; its next sweep will find the job", exc_info=True)
