"""The small ledgers: praise, honours, special services, attendance."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1010"
down_revision = "20261126_1005"
branch_labels = None
depends_on = None

NAME = "register_entries"
INDEXES = (
    ("list", ["centre_id", "happened_on", "id"]),
    ("register", ["centre_id", "register", "happened_on", "id"]),
    ("kind", ["centre_id", "kind", "happened_on", "id"]),
    ("status", ["centre_id", "status", "happened_on", "id"]),
    ("staff", ["staff_member_id", "happened_on", "id"]),
    ("point", ["patrol_point_id", "happened_on", "id"]),
    ("department", ["department_id", "happened_on", "id"]),
    ("batch", ["batch_id"]),
    ("recorder", ["recorded_by_id", "recorded_at", "id"]),
)
KEYS = {
    "centre_id": "centres",
    "batch_id": "import_batches",
    "staff_member_id": "staff_members",
    "patrol_point_id": "patrol_points",
    "department_id": "departments",
    "recorded_by_id": "users",
    "corrected_by_id": "users",
    "decided_by_id": "users",
}


def search_table(dialect: str) -> list[str]:
    """Return the DDL of the two-character index of entries."""
    name = f"{NAME}_search"
    if dialect == "postgresql":
        return [
            f"CREATE TABLE {name} (rowid bigint PRIMARY KEY, body text NOT NULL, tokens text[] NOT NULL)",
            f"CREATE INDEX ix_{name}_tokens ON {name} USING gin (tokens)",
        ]
    return [f"CREATE VIRTUAL TABLE {name} USING fts5(body UNINDEXED, tokens, detail=none, tokenize='ascii')"]


def upgrade() -> None:
    op.create_table(
        NAME,
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("form_key", sa.String(length=40), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("register", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("staff_member_id", sa.Integer(), nullable=True),
        sa.Column("patrol_point_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("giver", sa.String(length=120), nullable=False),
        sa.Column("matter", sa.String(length=120), nullable=False),
        sa.Column("awarded_by", sa.String(length=120), nullable=False),
        sa.Column("honour_level", sa.String(length=32), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("clause", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal_reason", sa.Text(), nullable=False),
        sa.Column("void_reason", sa.Text(), nullable=False),
        sa.Column("search_words", sa.Text(), nullable=False),
        sa.Column("on_behalf_name", sa.String(length=60), nullable=True),
        sa.Column("on_behalf_capacity", sa.String(length=60), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "ended_on IS NULL OR ended_on >= happened_on", name=op.f("ck_register_entries_order")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_register_entries_quantity")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_{NAME}_{column}_{table}"))
            for column, table in KEYS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_entries")),
        sa.UniqueConstraint("centre_id", "number", name=op.f("uq_register_entries_centre_id_number")),
        sa.UniqueConstraint("form_key", name=op.f("uq_register_entries_form_key")),
    )
    for name, columns in INDEXES:
        op.create_index(f"ix_{NAME}_{name}", NAME, columns)
    for statement in search_table(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    op.execute(f"DROP TABLE {NAME}_search")
    for name, _ in reversed(INDEXES):
        op.drop_index(f"ix_{NAME}_{name}", NAME)
    op.drop_table(NAME)
