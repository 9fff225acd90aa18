"""Months of evaluation with their runs, scores and lines; objections; corrections of locked months."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1110"
down_revision = "20261126_1100"
branch_labels = None
depends_on = None

TABLES = ("evaluation_months", "score_runs", "scores", "score_lines", "objections", "score_corrections")


def upgrade() -> None:
    op.create_table(
        "evaluation_months",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("objections_until", sa.Date(), nullable=True),
        *_keys("evaluation_months", centre_id="centres"),
        sa.UniqueConstraint("centre_id", "first_on", name=op.f("uq_evaluation_months_centre_id_first_on")),
    )
    op.create_table(
        "score_runs",
        sa.Column("month_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("computed_by_id", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        *_keys("score_runs", month_id="evaluation_months", computed_by_id="users"),
        sa.UniqueConstraint("month_id", "number", name=op.f("uq_score_runs_month_id_number")),
    )
    op.create_table(
        "scores",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("staff_member_id", sa.Integer(), nullable=True),
        sa.Column("patrol_point_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("apart", sa.String(length=32), nullable=True),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("unrounded", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("workdays", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=120), nullable=False),
        sa.Column("vetoes", sa.Text(), nullable=False),
        *_keys(
            "scores",
            run_id="score_runs",
            rulebook_id="rulebooks",
            staff_member_id="staff_members",
            patrol_point_id="patrol_points",
            department_id="departments",
        ),
        sa.UniqueConstraint("run_id", "subject", "place", name=op.f("uq_scores_run_id_subject_place")),
    )
    op.create_index("ix_scores_staff", "scores", ["staff_member_id", "run_id"])
    op.create_table(
        "score_lines",
        sa.Column("score_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("item_name", sa.String(length=120), nullable=False),
        sa.Column("clause", sa.String(length=200), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("worth", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("evidence", sa.Integer(), nullable=False),
        *_keys("score_lines", score_id="scores"),
        sa.UniqueConstraint("score_id", "place", name=op.f("uq_score_lines_score_id_place")),
    )
    op.create_index("ix_score_lines_source", "score_lines", ["source", "source_id"])
    op.create_table(
        "objections",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("month_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("filed_by_id", sa.Integer(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("changed_count", sa.BigInteger(), nullable=True),
        *_keys(
            "objections",
            centre_id="centres",
            month_id="evaluation_months",
            line_id="score_lines",
            recorded_by_id="users",
            filed_by_id="users",
            decided_by_id="users",
        ),
        sa.UniqueConstraint(
            "month_id", "source", "source_id", name=op.f("uq_objections_month_id_source_source_id")
        ),
    )
    op.create_index("ix_objections_list", "objections", ["centre_id", "filed_at", "id"])
    op.create_table(
        "score_corrections",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("month_id", sa.Integer(), nullable=False),
        sa.Column("form_key", sa.String(length=40), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("worth", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entered_by_id", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        *_keys(
            "score_corrections",
            centre_id="centres",
            month_id="evaluation_months",
            origin_id="scores",
            entered_by_id="users",
        ),
        sa.UniqueConstraint("form_key", name=op.f("uq_score_corrections_form_key")),
    )
    op.create_index("ix_score_corrections_month", "score_corrections", ["month_id"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _keys(table: str, **references: str) -> list[sa.schema.SchemaItem]:
    """Return the columns and constraints that every ledger row has."""
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        *(
            sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))
            for column, target in references.items()
        ),
    ]
