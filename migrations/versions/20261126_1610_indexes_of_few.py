"""Few among many: the refusals in the order of their page, and what a user himself has to mend."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1610"
down_revision = "20261126_1600"
branch_labels = None
depends_on = None

REFUSED = sa.text("result = 'refused'")


def upgrade() -> None:
    _refusals("at_us", "centre_id", "seq")
    op.create_index("ix_rectifications_owner_user", "rectifications", ["owner_user_id", "status"])


def downgrade() -> None:
    op.drop_index("ix_rectifications_owner_user", "rectifications")
    _refusals("at_us")


def _refusals(*columns: str) -> None:
    op.drop_index("ix_audit_entries_refused", "audit_entries")
    op.create_index(
        "ix_audit_entries_refused",
        "audit_entries",
        list(columns),
        sqlite_where=REFUSED,
        postgresql_where=REFUSED,
    )
