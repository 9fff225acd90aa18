"""Meetings at which findings were played: their numbers beside the other words of an entry."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1200"
down_revision = "20261126_1110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("register_entries", sa.Column("shown", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("register_entries") as batch:
        batch.alter_column("shown", existing_type=sa.Text(), server_default=None)


def downgrade() -> None:
    op.drop_column("register_entries", "shown")
