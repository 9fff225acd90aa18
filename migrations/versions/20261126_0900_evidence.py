"""Evidence of several kinds, recordings of the hall, quotas; guesses at verification codes.

House rules: no application models here; batch mode never touches audit_entries; a NOT NULL column
arrives with a server default that is dropped again; every upgrade has its downgrade; both databases.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0900"
down_revision = "20261125_2250"
branch_labels = None
depends_on = None

_KINDS = {"finding_photo": "finding", "measure_photo": "measure", "recheck_photo": "recheck"}
_WANTED = sa.text("camera IS NOT NULL AND recording_saved_at IS NULL")


def _rename(names: dict[str, str]) -> None:
    attachments = sa.table("attachments", sa.column("kind", sa.String))
    for old, new in names.items():
        op.execute(attachments.update().where(attachments.c.kind == old).values(kind=new))


def upgrade() -> None:
    with op.batch_alter_table("attachments") as batch_op:
        batch_op.alter_column("media_type", type_=sa.String(length=80), existing_type=sa.String(length=32))
        batch_op.alter_column("width", nullable=True, existing_type=sa.Integer())
        batch_op.alter_column("height", nullable=True, existing_type=sa.Integer())
        batch_op.add_column(sa.Column("seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("camera", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("recorded_on", sa.Date(), nullable=True))
    _rename(_KINDS)
    op.add_column("findings", sa.Column("camera", sa.String(length=80), nullable=True))
    op.add_column("findings", sa.Column("recording_saved_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_findings_recordings",
        "findings",
        ["centre_id", "occurred_at", "id"],
        sqlite_where=_WANTED,
        postgresql_where=_WANTED,
    )
    op.create_table(
        "stored_contents",
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["centre_id"], ["centres.id"], name=op.f("fk_stored_contents_centre_id_centres")
        ),
        sa.PrimaryKeyConstraint("centre_id", "sha256", name=op.f("pk_stored_contents")),
    )
    op.create_table(
        "stored_totals",
        sa.Column("centre_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["centre_id"], ["centres.id"], name=op.f("fk_stored_totals_centre_id_centres")
        ),
        sa.PrimaryKeyConstraint("centre_id", name=op.f("pk_stored_totals")),
    )
    op.execute(
        "INSERT INTO stored_contents (centre_id, sha256, size)"
        " SELECT centre_id, sha256, max(size) FROM attachments GROUP BY centre_id, sha256"
    )
    op.execute(
        "INSERT INTO stored_totals (centre_id, size)"
        " SELECT centre_id, sum(size) FROM stored_contents GROUP BY centre_id"
    )
    op.create_table(
        "code_guesses",
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_code_guesses")),
    )
    op.create_index("ix_documents_kind", "documents", ["centre_id", "kind", "status", "numbered_at", "id"])
    op.create_index("ix_documents_replaced", "documents", ["superseded_by_id"])


def downgrade() -> None:
    op.drop_index("ix_documents_replaced", table_name="documents")
    op.drop_index("ix_documents_kind", table_name="documents")
    op.drop_table("code_guesses")
    op.drop_table("stored_totals")
    op.drop_table("stored_contents")
    op.drop_index("ix_findings_recordings", table_name="findings")
    with op.batch_alter_table("findings") as batch_op:
        batch_op.drop_column("recording_saved_at")
        batch_op.drop_column("camera")
    # Rows of files that are no photos cannot be told to the older tables, and the log tells of them.
    op.execute("DELETE FROM attachments WHERE width IS NULL")
    _rename({new: old for old, new in _KINDS.items()})
    with op.batch_alter_table("attachments") as batch_op:
        batch_op.drop_column("recorded_on")
        batch_op.drop_column("camera")
        batch_op.drop_column("seconds")
        batch_op.alter_column("height", nullable=False, existing_type=sa.Integer())
        batch_op.alter_column("width", nullable=False, existing_type=sa.Integer())
        batch_op.alter_column("media_type", type_=sa.String(length=32), existing_type=sa.String(length=80))
