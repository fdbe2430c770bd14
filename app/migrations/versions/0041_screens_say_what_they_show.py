"""Screens say what they show and that they are lit; a problem may be a place's, and of no order in particular."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0041"
down_revision = "0040"

LIVING_OVERSOLD = sa.text("kind = 'oversold' AND ended_at IS NULL")
LIVING = sa.text("ended_at IS NULL")


def upgrade() -> None:
    instant = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "task_sight",
        sa.Column("task_id", sa.Integer(), sa.ForeignKey("pickup_task.id"), primary_key=True),
        sa.Column("cycle", sa.Integer(), primary_key=True),
        sa.Column("device_id", sa.Integer(), sa.ForeignKey("device.id"), nullable=False),
        sa.Column("first_at", instant(), nullable=False),
    )
    op.add_column("device", sa.Column("lit_at", instant(), nullable=True))
    op.drop_index("one_living_case_a_cause", "exception_case")
    op.drop_index("living_oversold", "exception_case")
    with op.batch_alter_table("exception_case") as table:
        table.alter_column("order_id", existing_type=sa.Integer(), nullable=True)
        table.add_column(sa.Column("region_id", sa.Integer(), nullable=True))
        table.create_foreign_key("exception_case_region_id_fkey", "region", ["region_id"], ["id"])
        table.create_index("ix_exception_case_region_id", ["region_id"])
        table.create_check_constraint(
            "about_something", "order_id IS NOT NULL OR store_id IS NOT NULL OR region_id IS NOT NULL"
        )
    op.create_index("one_living_case_a_cause", "exception_case", ["cause"], unique=True, sqlite_where=LIVING,
                    postgresql_where=LIVING)  # fmt: skip
    op.create_index("living_oversold", "exception_case", ["line_id"], sqlite_where=LIVING_OVERSOLD,
                    postgresql_where=LIVING_OVERSOLD)  # fmt: skip
