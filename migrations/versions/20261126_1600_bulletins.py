"""Weekly bulletins: drafted, reviewed with their figures, issued, corrected by a further edition."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1600"
down_revision = "20261126_1240"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulletins",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("good_practice", sa.Text(), nullable=False),
        sa.Column("requirements", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=True),
        sa.Column("drafted_by_id", sa.Integer(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by_id", sa.Integer(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_by_id", sa.Integer(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_reason", sa.Text(), nullable=False),
        sa.Column("correction_reason", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'draft') = (figures IS NULL)", name=op.f("ck_bulletins_figures_when_reviewed")
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_bulletins_{column}_{table}"))
            for column, table in (
                ("centre_id", "centres"),
                ("drafted_by_id", "users"),
                ("reviewed_by_id", "users"),
                ("issued_by_id", "users"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletins")),
        sa.UniqueConstraint(
            "centre_id", "week_on", "edition", name=op.f("uq_bulletins_centre_id_week_on_edition")
        ),
    )
    op.create_index("ix_bulletins_list", "bulletins", ["centre_id", "week_on", "id"])


def downgrade() -> None:
    op.drop_table("bulletins")
