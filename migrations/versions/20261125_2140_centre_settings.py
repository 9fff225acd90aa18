"""What each centre decides for itself."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_2140"
down_revision = "20261125_2105"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "centre_settings",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["centre_id"], ["centres.id"], name=op.f("fk_centre_settings_centre_id_centres")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_centre_settings")),
        sa.UniqueConstraint("centre_id", "key", name=op.f("uq_centre_settings_centre_id_key")),
    )


def downgrade() -> None:
    op.drop_table("centre_settings")
