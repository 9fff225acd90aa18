"""Places are found by initials, a staff number is used once, terms can be withdrawn.

A withdrawn term ends before it begins, so the order of its days is no longer the tables' to refuse. On the
way down, withdrawn terms keep one day: rows are never deleted.
"""

import sqlalchemy as sa
from alembic import op

from app.organisation import pinyin

revision = "20261125_2200"
down_revision = "20261125_2140"
branch_labels = None
depends_on = None

FOUND = {"centres": "short_name", "sections": "name", "zones": "name", "patrol_points": "name"}
TERMS = ("postings", "chief_representatives")


def upgrade() -> None:
    for table, name in FOUND.items():
        op.add_column(table, sa.Column("initials", sa.String(length=60), nullable=False, server_default=""))
        _fill(table, name)
        with op.batch_alter_table(table) as batch:
            batch.alter_column("initials", existing_type=sa.String(length=60), server_default=None)
    op.create_index(
        "uq_staff_members_number",
        "staff_members",
        ["centre_id", "staff_number"],
        unique=True,
        sqlite_where=sa.column("staff_number") != "",
        postgresql_where=sa.column("staff_number") != "",
    )
    for table in TERMS:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_order"), type_="check")
    with op.batch_alter_table("absences") as batch:
        batch.drop_constraint(op.f("ck_absences_order"), type_="check")
        batch.create_check_constraint(op.f("ck_absences_order"), "ends_at >= begins_at")
        batch.create_index("ix_absences_ends", ["ends_at", "id"])


def downgrade() -> None:
    connection = op.get_bind()
    for table in TERMS:
        connection.execute(sa.text(f"UPDATE {table} SET to_on = from_on WHERE to_on < from_on"))
        with op.batch_alter_table(table) as batch:
            batch.create_check_constraint(op.f(f"ck_{table}_order"), "to_on IS NULL OR to_on >= from_on")
    _lengthen(connection)
    with op.batch_alter_table("absences") as batch:
        batch.drop_index("ix_absences_ends")
        batch.drop_constraint(op.f("ck_absences_order"), type_="check")
        batch.create_check_constraint(op.f("ck_absences_order"), "ends_at > begins_at")
    op.drop_index("uq_staff_members_number", "staff_members")
    for table in FOUND:
        op.drop_column(table, "initials")


def _fill(table: str, name: str) -> None:
    connection = op.get_bind()
    rows = sa.table(table, sa.column("id"), sa.column(name), sa.column("initials"))
    for row_id, text in connection.execute(sa.select(rows.c.id, rows.c[name])).all():
        found = pinyin.initials(text)
        connection.execute(sa.update(rows).where(rows.c.id == row_id).values(initials=found))


def _lengthen(connection: sa.Connection) -> None:
    """Give absences that never were a second, since the constraint below asks for a length."""
    longer = {
        "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', begins_at, '+1 second')",
        "postgresql": "begins_at + interval '1 second'",
    }[connection.dialect.name]
    connection.execute(sa.text(f"UPDATE absences SET ends_at = {longer} WHERE ends_at = begins_at"))
