"""Accounts are found by initials, remember former passwords, and say why a session ended."""

import re

import sqlalchemy as sa
from alembic import op

revision = "20261126_0910"
down_revision = "20261126_0900"
branch_labels = None
depends_on = None

# A sort key is a row of syllable, tone and code point; an unknown character begins with zz.
PART = re.compile(r"zz[0-9a-f]{5}|([a-z])[a-z]*[1-5][0-9a-f]{5}|(.)")


def upgrade() -> None:
    op.create_table(
        "former_passwords",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_former_passwords_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_passwords")),
    )
    op.create_index(op.f("ix_former_passwords_user_id"), "former_passwords", ["user_id"])
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("roles_changed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("initials", sa.String(length=60), nullable=False, server_default=sa.text("''"))
        )
    users = sa.table(
        "users",
        sa.column("id", sa.Integer),
        sa.column("sort_key", sa.String),
        sa.column("initials", sa.String),
    )
    bind = op.get_bind()
    for user_id, key in bind.execute(sa.select(users.c.id, users.c.sort_key)).all():
        initials = "".join(found[1] or found[2] or "" for found in PART.finditer(key))[:60]
        bind.execute(users.update().where(users.c.id == user_id).values(initials=initials))
    with op.batch_alter_table("user_sessions") as batch_op:
        batch_op.add_column(sa.Column("end_reason", sa.String(length=32), nullable=True))
        batch_op.add_column(
            sa.Column("profile", sa.String(length=20), nullable=False, server_default=sa.text("'modern'"))
        )
    for table, column in (("users", "initials"), ("user_sessions", "profile")):
        with op.batch_alter_table(table) as batch_op:
            batch_op.alter_column(column, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("user_sessions") as batch_op:
        batch_op.drop_column("profile")
        batch_op.drop_column("end_reason")
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_column("initials")
        batch_op.drop_column("roles_changed_at")
    op.drop_index(op.f("ix_former_passwords_user_id"), table_name="former_passwords")
    op.drop_table("former_passwords")
