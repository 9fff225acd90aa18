"""Steps of a rectification entered for a named person without an account."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_2210"
down_revision = "20261125_2200"
branch_labels = None
depends_on = None

TABLES = ("rectifications", "rectification_submissions")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("on_behalf_name", sa.String(length=60), nullable=True))
        op.add_column(table, sa.Column("on_behalf_capacity", sa.String(length=60), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "on_behalf_capacity")
        op.drop_column(table, "on_behalf_name")
