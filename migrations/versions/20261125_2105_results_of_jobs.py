"""Long work has a title, a result and files, and can be cancelled."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_2105"
down_revision = "20261122_2105"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.add_column(sa.Column("title", sa.String(120), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("result", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("files", sa.Text(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("cancel_asked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_jobs_own", ["asked_by_id", "asked_at", "id"], unique=False)
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.alter_column("title", server_default=None)
        batch_op.alter_column("files", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.drop_index("ix_jobs_own")
        for name in ("cancel_asked_at", "files", "result", "title"):
            batch_op.drop_column(name)
