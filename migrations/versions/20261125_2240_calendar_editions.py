"""A year's work calendar has editions: the next one replaces the last, which stays as it was."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_2240"
down_revision = "20261125_2230"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("calendar_years") as batch_op:
        batch_op.add_column(sa.Column("edition", sa.Integer(), nullable=False, server_default="1"))
        batch_op.drop_constraint(op.f("uq_calendar_years_year"), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_calendar_years_year_edition"), ["year", "edition"])
    with op.batch_alter_table("calendar_years") as batch_op:
        batch_op.alter_column("edition", server_default=None)
    with op.batch_alter_table("calendar_days") as batch_op:
        batch_op.drop_index(op.f("ix_calendar_days_calendar_year_id"))
        batch_op.drop_constraint(op.f("uq_calendar_days_day"), type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_calendar_days_calendar_year_id_day"), ["calendar_year_id", "day"]
        )


def downgrade() -> None:
    # There is room for one edition only: the present one.
    replaced = (
        "(SELECT old.id FROM calendar_years old JOIN calendar_years new"
        " ON new.year = old.year AND new.edition > old.edition)"
    )
    op.execute(f"DELETE FROM calendar_days WHERE calendar_year_id IN {replaced}")
    op.execute(f"DELETE FROM calendar_years WHERE id IN {replaced}")
    with op.batch_alter_table("calendar_days") as batch_op:
        batch_op.drop_constraint(op.f("uq_calendar_days_calendar_year_id_day"), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_calendar_days_day"), ["day"])
        batch_op.create_index(op.f("ix_calendar_days_calendar_year_id"), ["calendar_year_id"], unique=False)
    with op.batch_alter_table("calendar_years") as batch_op:
        batch_op.drop_constraint(op.f("uq_calendar_years_year_edition"), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_calendar_years_year"), ["year"])
        batch_op.drop_column("edition")
