"""Goods travel from one node to another, for stock or for an order that waits for them and may be late meanwhile."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0021"
down_revision = "0020"

NOT_STAGED = "'requested', 'accepted', 'picking', 'picked', 'awaiting transfer', 'in transit', 'received'"
STATES = ("requested", "shipped", "received", "cancelled")


def upgrade() -> None:
    _transfers()
    _lines()
    with op.batch_alter_table("pickup_task") as table:
        table.drop_constraint("staged_is_not_late", type_="check")
        table.create_check_constraint("staged_is_not_late", f"late_at IS NULL OR status IN ({NOT_STAGED})")


def _transfers() -> None:
    instant = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "transfer",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("from_id", sa.Integer(), sa.ForeignKey("node.id"), nullable=False),
        sa.Column("to_id", sa.Integer(), sa.ForeignKey("node.id"), nullable=False),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("order.id"), nullable=True),
        sa.Column("state", sa.Enum(*STATES, native_enum=False, length=32), nullable=False),
        sa.Column("requested_at", instant(), nullable=False),
        sa.Column("expected_at", instant(), nullable=True),
        sa.Column("shipped_at", instant(), nullable=True),
        sa.Column("ended_at", instant(), nullable=True),
        sa.CheckConstraint("from_id <> to_id", name="goes_somewhere_else"),
        sa.CheckConstraint("(shipped_at IS NULL) = (state IN ('requested', 'cancelled'))", name="shipped_when_gone"),
    )
    op.create_index("ix_transfer_order_id", "transfer", ["order_id"])
    op.create_index("transfer_coming", "transfer", ["to_id", "state"])


def _lines() -> None:
    op.create_table(
        "transfer_line",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("transfer_id", sa.Integer(), sa.ForeignKey("transfer.id"), nullable=False),
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("item.id"), nullable=False),
        sa.Column("order_line_id", sa.Integer(), sa.ForeignKey("order_line.id"), nullable=True),
        sa.Column("requested", sa.Integer(), nullable=False),
        sa.Column("shipped", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("for_order", sa.Integer(), nullable=False),
        sa.UniqueConstraint("transfer_id", "item_id", "order_line_id"),
        sa.CheckConstraint("requested > 0 AND received >= 0", name="something_is_carried"),
        sa.CheckConstraint("shipped >= 0 AND shipped <= requested", name="no_more_leaves_than_was_kept"),
        sa.CheckConstraint("for_order >= 0 AND for_order <= received", name="only_what_arrived_is_promised"),
    )
