"""What nobody collects comes back; a promise that changes keeps its past, and a customer's choice its deadline."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0045"
down_revision = "0044"

TEXT, INSTANT = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
WAITS = sa.text("chosen_at IS NULL")
DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    for name in ("hold_extended_at", "expired_at"):
        op.add_column("pickup_task", sa.Column(name, INSTANT(), nullable=True))
    op.create_table(
        "promise_change",
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("order.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("promised_at", INSTANT(), nullable=False),
        sa.Column("was", INSTANT(), nullable=False),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("actor", TEXT(), nullable=False),
    )
    op.create_table(
        "customer_choice",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("order.id"), nullable=False),
        sa.Column("fulfilment_id", sa.Integer(), sa.ForeignKey("fulfilment.id"), nullable=True),
        sa.Column("cause", TEXT(), nullable=False),
        sa.Column("ways", sa.JSON(), nullable=False),
        sa.Column("default_way", TEXT(), nullable=False),
        sa.Column("due_at", INSTANT(), nullable=True),
        sa.Column("offered_at", INSTANT(), nullable=False),
        sa.Column("chosen", TEXT(), nullable=True),
        sa.Column("chosen_at", INSTANT(), nullable=True),
        sa.Column("chosen_by", TEXT(), nullable=True),
        sa.CheckConstraint("(chosen IS NULL) = (chosen_at IS NULL)", name="chosen_when_chosen"),
        sa.CheckConstraint("due_at IS NULL OR chosen_at IS NULL", name="nothing_due_once_chosen"),
    )
    op.create_index("ix_customer_choice_order_id", "customer_choice", ["order_id"])
    op.create_index("one_open_choice_a_cause", "customer_choice", ["cause"], unique=True, sqlite_where=WAITS,
                    postgresql_where=WAITS)  # fmt: skip
    op.create_index("choice_due", "customer_choice", ["due_at"], sqlite_where=DUE, postgresql_where=DUE)
