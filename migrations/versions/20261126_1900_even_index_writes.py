"""Join what is new in a search index at every change, not much of it at every 64th.

FTS5 would do by itself what `app/db/search.py` now asks it for; then one change in 64 took a tenth of a second.
"""

from alembic import op

revision = "20261126_1900"
down_revision = "20261126_1610"
branch_labels = None
depends_on = None

NAMES = ("findings", "instructions", "rectifications", "register_entries", "staff_members")
SQLITES_OWN = 4


def upgrade() -> None:
    _automerge(0)


def downgrade() -> None:
    _automerge(SQLITES_OWN)


def _automerge(segments: int) -> None:
    if op.get_context().dialect.name == "sqlite":
        for name in NAMES:
            op.execute(f"INSERT INTO {name}_search ({name}_search, rank) VALUES ('automerge', {segments})")
