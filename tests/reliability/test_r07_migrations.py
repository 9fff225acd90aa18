"""R7: every revision goes down and up again with rows in every table; what both shapes know stays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from app.audit import verification
from app.db import migrate
from app.extensions import db
from tests.migrations.test_migrations import REVISIONS, guards, shape
from tests.reliability.load import KEY
from tests.sweeps import Snapshot, audited_tables, snapshot
from tests.web.test_sweep_access import all_plays

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("quick_photos")]
LOWEST = 2  # the first two revisions make the tables; below them there is nothing to keep
# What an older shape refuses to hold, so that its revision bends it on the way down, and says so: terms and
# absences that were withdrawn keep a day, or a second.
BENT = {"20261125_2200": ("postings.to_on", "chief_representatives.to_on", "absences.ends_at")}


def taken(site: Any) -> Snapshot:
    """Return all rows; the tables are others than at the last look."""
    vars(site).pop("table_keys", None)
    found = snapshot(site, without=("alembic_version",))
    site.let_go()
    return found


def lost(before: Snapshot, after: Snapshot) -> list[str]:
    """Name the columns known to both whose values are not the same."""
    found = []
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        if old.keys() != new.keys():
            found.append(f"{name}: {len(old)} rows, then {len(new)}")
            continue
        columns = {column for rows in (old, new) for row in list(rows.values())[:1] for column in row}
        found += [
            f"{name}.{column}"
            for column in sorted(columns)
            if any(
                column in row and column in new[key] and row[column] != new[key][column]
                for key, row in old.items()
            )
        ]
    return found


def test_rows_outlive_every_step_down_and_up(site: Any, length: Any, tell: Any) -> None:
    plays = all_plays(site)
    assert all(play.client for play in plays)  # signed in before one of them changes a password
    again = [play for play in plays if isinstance(play.example.data, Mapping) and KEY in play.example.data]
    for number in range(length(0, 5000)):  # the same forms under keys of their own, for many rows
        play = again[number % len(again)]
        assert play.post(data={KEY: f"r7-{number}"}).status_code < 500
        play.client.get("/account/password")  # which takes the messages that would fill the cookie
    for play in plays:
        assert play.post().status_code < 500
    before, armed = taken(site), guards(site.settings)
    rows = sum(map(len, before.values()))
    empty = [name for name, kept in before.items() if not kept and name in audited_tables()]
    wrong: list[str] = []
    seen, steps = before, 0
    every, today = length(3, 1), date.today().toordinal()
    for place in range(len(REVISIONS) - 1, LOWEST - 1, -1):
        revision, below = REVISIONS[place], REVISIONS[place - 1]
        migrate.downgrade(site.settings, below)
        lower = taken(site)
        bent = BENT.get(revision, ())
        wrong += [f"down from {revision}: {name}" for name in lost(seen, lower) if name not in bent]
        seen, steps = lower, steps + 1
        if (place + today) % every:
            continue  # shortened: the last step brings them all up again
        migrate.upgrade(site.settings, revision)
        wrong += [f"up to {revision}: {name}" for name in lost(lower, taken(site))]
        migrate.downgrade(site.settings, below)
        seen, steps = taken(site), steps + 2
        wrong += [f"down again from {revision}: {name}" for name in lost(lower, seen)]
    migrate.upgrade(site.settings)
    wrong += [f"up to the head: {name}" for name in lost(seen, taken(site))]
    steps += len(REVISIONS) - LOWEST
    what = f"{site.kind}: columns not the same after one of {steps} steps with {rows} rows"
    tell(what, len(wrong), bar="0", held=not wrong, seen=wrong)
    with site.app.app_context():
        report = verification.verify(db.engine, site.settings)
        db.session.remove()
    site.let_go()
    chains = [fault for fault in report.faults if fault.centre_id]
    tell(f"{site.kind}: faults of the log after it", len(chains), bar="0", held=not chains, seen=chains)
    left = shape(site.settings)
    tell(f"{site.kind}: differences from the models", len(left), bar="0", held=not left, seen=left)
    same = guards(site.settings) == armed
    tell(f"{site.kind}: guards of the log", len(armed), bar="all there", held=same)
    assert not empty, f"no row in {empty}"
