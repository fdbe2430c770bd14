"""What a channel may sell is kept, and worked out anew for the items a page of the ledger touched."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"

PUSH_DUE = sa.text("push_due_at IS NOT NULL")


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "touched",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("item_ids", sa.JSON(), nullable=False),
    )
    op.create_table(
        "channel",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("code", text(), nullable=False),
        sa.Column("name", text(), nullable=False),
        sa.Column("node_kinds", sa.JSON(), nullable=False),
        sa.Column("buffer", sa.Integer(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=True),
        sa.Column("guard_band", sa.Integer(), nullable=False),
        sa.Column("publish_delay_s", sa.Integer(), nullable=False),
        sa.Column("is_pushed", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("code"),
        sa.CheckConstraint("buffer >= 0 AND guard_band >= 0 AND publish_delay_s >= 0", name="channel_never_negative"),
        sa.CheckConstraint("cap IS NULL OR cap >= 0", name="channel_cap_never_negative"),
    )
    op.create_table("channel_node", _key("channel"), _key("node"))
    op.create_table(
        "channel_item", _key("channel"), _key("item"),
        sa.Column("buffer", sa.Integer(), nullable=True),
        sa.Column("cap", sa.Integer(), nullable=True),
        sa.CheckConstraint("(buffer IS NULL OR buffer >= 0) AND (cap IS NULL OR cap >= 0)", name="allotted"),
    )  # fmt: skip
    op.create_index("ix_channel_item_item_id", "channel_item", ["item_id"])
    op.create_table(
        "ats", _key("channel"), _key("item"),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", instant(), nullable=False),
        sa.Column("push_due_at", instant(), nullable=True),
        sa.Column("pushed_quantity", sa.Integer(), nullable=True),
        sa.Column("pushed_version", sa.Integer(), nullable=False),
        sa.Column("acked_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 0", name="ats_never_negative"),
    )  # fmt: skip
    op.create_index("ix_ats_item_id", "ats", ["item_id"])
    op.create_index("ats_push_due", "ats", ["push_due_at"], sqlite_where=PUSH_DUE, postgresql_where=PUSH_DUE)


def _key(of: str) -> "sa.Column[int]":
    return sa.Column(f"{of}_id", sa.Integer(), sa.ForeignKey(f"{of}.id"), primary_key=True)
