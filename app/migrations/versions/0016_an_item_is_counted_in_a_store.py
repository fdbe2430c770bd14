"""A count of an item in a store, scan by scan; a store may count so many items each day without being asked."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0016"
down_revision = "0015"

LIVING = sa.text("ended_at IS NULL")
CAUSES = ("short pick", "negative stock", "discrepancy", "plan", "started here")
STATUSES = ("open", "recount", "posted", "dropped")


def upgrade() -> None:
    op.add_column("store", sa.Column("daily_counts", sa.Integer(), server_default="0", nullable=False))
    _counts()
    _scans()


def _counts() -> None:
    instant = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "stock_count",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("store_id", sa.Integer(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("item.id"), nullable=False),
        sa.Column("cause", sa.Enum(*CAUSES, native_enum=False, length=32), nullable=False),
        sa.Column("status", sa.Enum(*STATUSES, native_enum=False, length=32), nullable=False),
        sa.Column("opened_at", instant(), nullable=False),
        sa.Column("counter_id", sa.Integer(), sa.ForeignKey("associate.id"), nullable=True),
        sa.Column("as_of", instant(), nullable=True),
        sa.Column("in_bags", sa.Integer(), nullable=False),
        sa.Column("first_by", sa.Integer(), sa.ForeignKey("associate.id"), nullable=True),
        sa.Column("first_counted", sa.Integer(), nullable=True),
        sa.Column("ended_at", instant(), nullable=True),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("wrong_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (status IN ('open', 'recount'))", name="ended_when_over"),
        sa.CheckConstraint("first_by IS NULL OR counter_id IS NULL OR first_by <> counter_id", name="two_people"),
    )
    op.create_index("one_living_count_an_item", "stock_count", ["store_id", "item_id"], unique=True,
                    sqlite_where=LIVING, postgresql_where=LIVING)  # fmt: skip


def _scans() -> None:
    instant = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "count_scan",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("count_id", sa.Integer(), sa.ForeignKey("stock_count.id"), nullable=False),
        sa.Column("is_recount", sa.Boolean(), nullable=False),
        sa.Column("associate_id", sa.Integer(), sa.ForeignKey("associate.id"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("typed", sa.Boolean(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("taken_back_at", instant(), nullable=True),
        sa.CheckConstraint("quantity > 0", name="something_was_counted"),
    )
    op.create_index("ix_count_scan_count_id", "count_scan", ["count_id"])
