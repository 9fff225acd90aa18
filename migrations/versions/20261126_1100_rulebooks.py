"""Rulebooks, version by version; a version that was in force is never edited."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1100"
down_revision = "20261126_1010"
branch_labels = None
depends_on = None

# Whatever is not a draft keeps what it says; only its end may still be written.
KEPT = ("centre_id", "code", "edition", "name", "subject", "period", "effective_on", "text", "sha256")
REFUSED = "a rulebook in force is not edited"
CHANGED_SQLITE = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in KEPT)
CHANGED_POSTGRESQL = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in KEPT)
SQLITE = (
    f"""CREATE TRIGGER rulebooks_keep BEFORE UPDATE ON rulebooks
        WHEN OLD.status <> 'draft' AND (NEW.status = 'draft' OR {CHANGED_SQLITE})
        BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END""",
    f"""CREATE TRIGGER rulebooks_no_delete BEFORE DELETE ON rulebooks WHEN OLD.status <> 'draft'
        BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END""",
)
POSTGRESQL = (
    f"""CREATE FUNCTION rulebooks_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{REFUSED}'; END $$""",
    f"""CREATE TRIGGER rulebooks_keep BEFORE UPDATE ON rulebooks FOR EACH ROW
        WHEN (OLD.status <> 'draft' AND (NEW.status = 'draft' OR {CHANGED_POSTGRESQL}))
        EXECUTE FUNCTION rulebooks_refuse()""",
    """CREATE TRIGGER rulebooks_no_delete BEFORE DELETE ON rulebooks FOR EACH ROW
       WHEN (OLD.status <> 'draft') EXECUTE FUNCTION rulebooks_refuse()""",
)


def upgrade() -> None:
    op.create_table(
        "rulebooks",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("retire_reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "retired_on IS NULL OR retired_on >= effective_on", name=op.f("ck_rulebooks_order")
        ),
        sa.CheckConstraint(
            "(status = 'retired') = (retired_on IS NOT NULL)", name=op.f("ck_rulebooks_retired")
        ),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_rulebooks_centre_id_centres")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulebooks")),
        sa.UniqueConstraint("centre_id", "code", "edition", name=op.f("uq_rulebooks_centre_id_code_edition")),
    )
    op.create_index("ix_rulebooks_list", "rulebooks", ["centre_id", "effective_on", "id"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("rulebooks")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION rulebooks_refuse()")
