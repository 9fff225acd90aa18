"""Inspections in full: rounds of the plan, duty rosters, release of mystery visits, statements to findings.

The new columns keep their server default: to drop it, SQLite would have to drop tables that others refer to.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0940"
down_revision = "20261126_0930"
branch_labels = None
depends_on = None


def columns() -> dict[str, list[sa.Column]]:
    """Return the new columns of each table, made anew: a table takes a column only once."""
    return {
        "checklists": [sa.Column("purpose", sa.String(length=32), nullable=False, server_default="routine")],
        "patrols": [
            sa.Column("round_on", sa.Date(), nullable=True),
            sa.Column("round_name", sa.String(length=20), nullable=False, server_default=""),
            sa.Column("companions", sa.String(length=200), nullable=False, server_default=""),
            *_represented(),
            sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        ],
        "patrol_checks": [sa.Column("followed", sa.Text(), nullable=True)],
        "findings": [
            sa.Column("form_key", sa.String(length=40), nullable=True),
            sa.Column("doubts", sa.Text(), nullable=True),
            sa.Column("confirmation", sa.String(length=32), nullable=False, server_default="pending"),
            *_represented(),
        ],
    }


def _represented() -> list[sa.Column]:
    return [
        sa.Column("on_behalf_name", sa.String(length=60), nullable=True),
        sa.Column("on_behalf_capacity", sa.String(length=60), nullable=True),
    ]


def upgrade() -> None:
    for table, added in columns().items():
        for column in added:
            op.add_column(table, column)
    for name in ("name", "capacity"):  # one name for it everywhere
        op.execute(f"UPDATE findings SET on_behalf_{name} = behalf_{name} WHERE behalf_{name} <> ''")
        op.drop_column("findings", f"behalf_{name}")
    op.create_index("ix_patrols_round", "patrols", ["centre_id", "round_on", "round_name"])
    op.create_index("uq_findings_form_key", "findings", ["form_key"], unique=True)
    op.create_table(
        "finding_statements",
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("said_by_id", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("witness", sa.String(length=60), nullable=False),
        *_keys("finding_statements", finding_id="findings", said_by_id="users"),
        sa.UniqueConstraint("finding_id", name=op.f("uq_finding_statements_finding_id")),
    )
    op.create_table(
        "duty_rosters",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("rounds", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        *_keys("duty_rosters", centre_id="centres"),
        sa.UniqueConstraint("centre_id", "week_on", name=op.f("uq_duty_rosters_centre_id_week_on")),
    )
    op.create_table(
        "duties",
        sa.Column("roster_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("round_name", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        *_keys("duties", roster_id="duty_rosters", user_id="users"),
        sa.UniqueConstraint(
            "roster_id", "day", "round_name", name=op.f("uq_duties_roster_id_day_round_name")
        ),
    )
    op.create_index("ix_duties_user", "duties", ["user_id", "day"])


def downgrade() -> None:
    op.drop_table("duties")
    op.drop_table("duty_rosters")
    op.drop_table("finding_statements")
    op.drop_index("uq_findings_form_key", "findings")
    op.drop_index("ix_patrols_round", "patrols")
    for name in ("name", "capacity"):
        column = sa.Column(f"behalf_{name}", sa.String(length=60), nullable=False, server_default="")
        op.add_column("findings", column)
        op.execute(f"UPDATE findings SET behalf_{name} = on_behalf_{name} WHERE on_behalf_{name} IS NOT NULL")
    for table, added in reversed(columns().items()):
        for column in reversed(added):
            op.drop_column(table, column.name)


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
