"""Indexes for the auditor's filters: by kind of subject, by its name, and the refusals."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_2230"
down_revision = "20261125_2210"
branch_labels = None
depends_on = None

REFUSED = sa.literal_column("result = 'refused'")


def upgrade() -> None:
    op.create_index("ix_audit_entries_kind", "audit_entries", ["subject_type", "at_us"])
    op.create_index(
        "ix_audit_entries_name",
        "audit_entries",
        ["subject_name", "subject_type", "subject_id"],
        postgresql_ops={"subject_name": "text_pattern_ops"},
    )
    op.create_index(
        "ix_audit_entries_refused",
        "audit_entries",
        ["at_us"],
        sqlite_where=REFUSED,
        postgresql_where=REFUSED,
    )


def downgrade() -> None:
    for name in ("refused", "name", "kind"):
        op.drop_index(f"ix_audit_entries_{name}", "audit_entries")
