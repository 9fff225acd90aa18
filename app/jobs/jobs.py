"""What the worker does for its own house."""

from __future__ import annotations

from typing import Any

from app.jobs import results

HANDLERS: dict[str, Any] = {}
# (every so many minutes, what to call); called by the worker within an application context.
PERIODIC = ((60, results.remove_old),)
