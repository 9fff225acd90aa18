"""Indexes for the lists at their full size: every filter finds its rows in the order of the page."""

from alembic import op

revision = "20261126_0920"
down_revision = "20261126_0910"
branch_labels = None
depends_on = None

INDEXES = (
    ("patrols", "ix_patrols_mode", ["centre_id", "mode", "started_at", "id"]),
    ("rectifications", "ix_rectifications_standing", ["centre_id", "status", "issued_at", "id"]),
    ("rectifications", "ix_rectifications_closed", ["centre_id", "closed_at", "id"]),
    ("rectifications", "ix_rectifications_of_department", ["department_id", "issued_at", "id"]),
    ("rectifications", "ix_rectifications_rechecker", ["rechecker_id", "status"]),
    ("documents", "ix_documents_status", ["centre_id", "status", "numbered_at", "id"]),
    ("documents", "ix_documents_serial", ["serial", "centre_id"]),
    ("audit_entries", "ix_audit_entries_actor_action", ["actor_id", "action", "at_us"]),
    ("audit_entries", "ix_audit_entries_actor_kind", ["actor_id", "subject_type", "at_us"]),
)


def upgrade() -> None:
    op.drop_index("ix_rectifications_rechecker_id", "rectifications")
    for table, name, columns in INDEXES:
        op.create_index(name, table, columns)
    op.create_index(
        "ix_documents_number", "documents", ["number"], postgresql_ops={"number": "varchar_pattern_ops"}
    )


def downgrade() -> None:
    op.drop_index("ix_documents_number", "documents")
    for table, name, _ in reversed(INDEXES):
        op.drop_index(name, table)
    op.create_index("ix_rectifications_rechecker_id", "rectifications", ["rechecker_id"])
