"""An index for the log's two filters together: an action and the kind of record it was done to."""

from alembic import op

revision = "20261126_0950"
down_revision = "20261126_0940"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_entries_action_kind", "audit_entries", ["action", "subject_type", "at_us"])


def downgrade() -> None:
    op.drop_index("ix_audit_entries_action_kind", "audit_entries")
