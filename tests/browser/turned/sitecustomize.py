"""Python runs this in every process of a live site: all follow the clock that a test turns (`live.py`)."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app import clock

if offset := os.environ.get("DUBAN_TURNED_CLOCK"):
    file = Path(offset)
    clock.now = lambda: datetime.now(UTC) + timedelta(seconds=float(file.read_text()))
