"""Rectifications in full: instructions, extensions, the ladder, parking."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_2250"
down_revision = "20261125_2240"
branch_labels = None
depends_on = None


def search_table(dialect: str) -> list[str]:
    """Return the DDL of the two-character index of instructions."""
    name = "instructions_search"
    if dialect == "postgresql":
        return [
            f"CREATE TABLE {name} (rowid bigint PRIMARY KEY, body text NOT NULL, tokens text[] NOT NULL)",
            f"CREATE INDEX ix_{name}_tokens ON {name} USING gin (tokens)",
        ]
    return [f"CREATE VIRTUAL TABLE {name} USING fts5(body UNINDEXED, tokens, detail=none, tokenize='ascii')"]


def upgrade() -> None:
    op.create_table(
        "instructions",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("form_key", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("given_by", sa.String(length=60), nullable=False),
        sa.Column("capacity", sa.String(length=60), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["centre_id"], ["centres.id"], name=op.f("fk_instructions_centre_id_centres")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["users.id"], name=op.f("fk_instructions_recorded_by_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instructions")),
        sa.UniqueConstraint("centre_id", "number", name=op.f("uq_instructions_centre_id_number")),
        sa.UniqueConstraint("form_key", name=op.f("uq_instructions_form_key")),
    )
    with op.batch_alter_table("instructions", schema=None) as batch_op:
        batch_op.create_index("ix_instructions_list", ["centre_id", "given_on", "id"], unique=False)

    op.create_table(
        "rectification_extensions",
        sa.Column("rectification_id", sa.Integer(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("on_behalf_name", sa.String(length=60), nullable=True),
        sa.Column("on_behalf_capacity", sa.String(length=60), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["users.id"], name=op.f("fk_rectification_extensions_asked_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_rectification_extensions_decided_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["rectification_id"],
            ["rectifications.id"],
            name=op.f("fk_rectification_extensions_rectification_id_rectifications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectification_extensions")),
    )
    with op.batch_alter_table("rectification_extensions", schema=None) as batch_op:
        batch_op.create_index("ix_rectification_extensions", ["rectification_id", "id"], unique=False)

    op.create_table(
        "supervision_orders",
        sa.Column("rectification_id", sa.Integer(), nullable=False),
        sa.Column("rung", sa.String(length=32), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("instruction", sa.Text(), nullable=False),
        sa.Column("limit_on", sa.Date(), nullable=True),
        sa.Column("talk_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("talk_place", sa.String(length=120), nullable=False),
        sa.Column("talk_with", sa.String(length=200), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("record_document_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_supervision_orders_document_id_documents")
        ),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["users.id"], name=op.f("fk_supervision_orders_issued_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["record_document_id"],
            ["documents.id"],
            name=op.f("fk_supervision_orders_record_document_id_documents"),
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["users.id"], name=op.f("fk_supervision_orders_recorded_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["rectification_id"],
            ["rectifications.id"],
            name=op.f("fk_supervision_orders_rectification_id_rectifications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_orders")),
        sa.UniqueConstraint(
            "rectification_id",
            "rung",
            "times",
            name=op.f("uq_supervision_orders_rectification_id_rung_times"),
        ),
    )
    with op.batch_alter_table("rectifications", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owner_user_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("instruction_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("extended_to", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("review_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("rung", sa.String(length=32), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_rectifications_instruction_id"), ["instruction_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_rectifications_owner_user_id"), ["owner_user_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_rectifications_owner_user_id_users"), "users", ["owner_user_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_rectifications_instruction_id_instructions"),
            "instructions",
            ["instruction_id"],
            ["id"],
        )
    for statement in search_table(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE instructions_search")
    with op.batch_alter_table("rectifications", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_rectifications_instruction_id_instructions"), type_="foreignkey"
        )
        batch_op.drop_constraint(batch_op.f("fk_rectifications_owner_user_id_users"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_rectifications_owner_user_id"))
        batch_op.drop_index(batch_op.f("ix_rectifications_instruction_id"))
        batch_op.drop_column("rung")
        batch_op.drop_column("review_on")
        batch_op.drop_column("extended_to")
        batch_op.drop_column("instruction_id")
        batch_op.drop_column("owner_user_id")

    op.drop_table("supervision_orders")
    with op.batch_alter_table("rectification_extensions", schema=None) as batch_op:
        batch_op.drop_index("ix_rectification_extensions")

    op.drop_table("rectification_extensions")
    with op.batch_alter_table("instructions", schema=None) as batch_op:
        batch_op.drop_index("ix_instructions_list")

    op.drop_table("instructions")
