"""What no ledger knows of a month, entered and confirmed; where the event behind a score line happened."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1210"
down_revision = "20261126_1200"
branch_labels = None
depends_on = None

REFERENCES = {
    "centre_id": "centres",
    "month_id": "evaluation_months",
    "staff_member_id": "staff_members",
    "patrol_point_id": "patrol_points",
    "department_id": "departments",
    "recorded_by_id": "users",
    "decided_by_id": "users",
}
WHERE = "fk_score_lines_patrol_point_id_patrol_points"


def upgrade() -> None:
    with op.batch_alter_table("score_lines") as batch:
        batch.add_column(sa.Column("patrol_point_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(WHERE, "patrol_points", ["patrol_point_id"], ["id"])
    op.create_table(
        "month_inputs",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("month_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("staff_member_id", sa.Integer(), nullable=True),
        sa.Column("patrol_point_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("item_name", sa.String(length=120), nullable=False),
        sa.Column("owner_name", sa.String(length=120), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal_reason", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_inputs")),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{target}.id"], name=op.f(f"fk_month_inputs_{column}_{target}")
            )
            for column, target in REFERENCES.items()
        ),
    )
    op.create_index("ix_month_inputs_month", "month_inputs", ["month_id", "status", "id"])


def downgrade() -> None:
    op.drop_table("month_inputs")
    with op.batch_alter_table("score_lines") as batch:
        batch.drop_constraint(WHERE, type_="foreignkey")
        batch.drop_column("patrol_point_id")
