"""The database itself keeps the three administrators' offices apart: one of them per account at a time."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1005"
down_revision = "20261126_0950"
branch_labels = None
depends_on = None

HELD = sa.text(
    "withdrawn_at IS NULL AND role IN ('auditor', 'security_administrator', 'system_administrator')"
)


def upgrade() -> None:
    op.create_index(
        "uq_role_grants_separated",
        "role_grants",
        ["user_id"],
        unique=True,
        sqlite_where=HELD,
        postgresql_where=HELD,
    )


def downgrade() -> None:
    op.drop_index("uq_role_grants_separated", "role_grants")
