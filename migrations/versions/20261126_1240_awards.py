"""Awards: proposed by the rules for a period, published for objections, decided by a meeting."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1240"
down_revision = "20261126_1210"
branch_labels = None
depends_on = None

TABLES = ("awards", "award_candidates", "award_objections")
LIVE = sa.text("state <> 'withdrawn'")


def upgrade() -> None:
    op.create_table(
        "awards",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("span", sa.String(length=32), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("publication_until", sa.Date(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("withdrawn_reason", sa.Text(), nullable=False),
        *_keys(
            "awards",
            centre_id="centres",
            rulebook_id="rulebooks",
            proposed_by_id="users",
            decided_by_id="users",
        ),
    )
    op.create_index("ix_awards_list", "awards", ["centre_id", "first_on", "id"])
    op.create_index(
        "uq_awards_live",
        "awards",
        ["centre_id", "subject", "span", "first_on"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_table(
        "award_candidates",
        sa.Column("award_id", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("staff_member_id", sa.Integer(), nullable=True),
        sa.Column("patrol_point_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("holder_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("barred", sa.Text(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=120), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("within", sa.Boolean(), nullable=False),
        sa.Column("is_last", sa.Boolean(), nullable=False),
        sa.Column("decided_rank", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        *_keys(
            "award_candidates",
            award_id="awards",
            staff_member_id="staff_members",
            patrol_point_id="patrol_points",
            department_id="departments",
        ),
        sa.UniqueConstraint("award_id", "run", "place", name=op.f("uq_award_candidates_award_id_run_place")),
    )
    op.create_table(
        "award_objections",
        sa.Column("award_id", sa.Integer(), nullable=False),
        sa.Column("form_key", sa.String(length=40), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("said_by", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("noted_by_id", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        *_keys("award_objections", award_id="awards", noted_by_id="users"),
        sa.UniqueConstraint("form_key", name=op.f("uq_award_objections_form_key")),
    )
    op.create_index("ix_award_objections_award", "award_objections", ["award_id"])


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
