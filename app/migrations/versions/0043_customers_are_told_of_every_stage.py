"""Customers are told of every stage by every way they agreed to, and what becomes of each message is known."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0043"
down_revision = "0042"

TEXT, INSTANT = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
FOR_AN_ORDER = sa.text("shipment_id IS NULL")


def upgrade() -> None:
    op.drop_index("one_notice_a_stage", "notice")
    op.add_column("notice", sa.Column("number", sa.Integer(), server_default="1", nullable=False))
    for name in ("delivered_at", "bounced_at"):
        op.add_column("notice", sa.Column(name, INSTANT(), nullable=True))
    with op.batch_alter_table("notice") as table:
        table.add_column(sa.Column("falls_back_for", sa.Integer(), nullable=True))
        table.create_foreign_key("notice_falls_back_for_fkey", "notice", ["falls_back_for"], ["id"])
    op.create_index("one_notice_a_stage", "notice", ["order_id", "stage", "number", "channel"], unique=True,
                    sqlite_where=FOR_AN_ORDER, postgresql_where=FOR_AN_ORDER)  # fmt: skip
    for name in ("sms_consent_at", "push_consent_at"):
        op.add_column("customer", sa.Column(name, INSTANT(), nullable=True))
    op.add_column("customer", sa.Column("consent_source", TEXT(), nullable=True))
    _what_comes_back()
    _addresses()


def _what_comes_back() -> None:
    op.create_table(
        "notice_callback",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("channel", TEXT(), nullable=False),
        sa.Column("provider_event", TEXT(), nullable=False),
        sa.Column("notice_dedupe", TEXT(), nullable=False),
        sa.Column("state", TEXT(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.UniqueConstraint("provider_event"),
    )
    op.create_index("ix_notice_callback_notice_dedupe", "notice_callback", ["notice_dedupe"])


def _addresses() -> None:
    op.create_table(
        "suppression",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("channel", TEXT(), nullable=False),
        sa.Column("address_hash", TEXT(), nullable=False),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("since", INSTANT(), nullable=False),
        sa.Column("lifted_at", INSTANT(), nullable=True),
        sa.UniqueConstraint("channel", "address_hash", name="suppressed_once"),
    )
    op.create_table(
        "push_subscription",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("order.id"), nullable=True),
        sa.Column("associate_id", sa.Integer(), sa.ForeignKey("associate.id"), nullable=True),
        sa.Column("endpoint", TEXT(), nullable=False),
        sa.Column("p256dh", TEXT(), nullable=False),
        sa.Column("auth", TEXT(), nullable=False),
        sa.Column("created_at", INSTANT(), nullable=False),
        sa.Column("gone_at", INSTANT(), nullable=True),
        sa.UniqueConstraint("endpoint"),
        sa.CheckConstraint("(order_id IS NULL) <> (associate_id IS NULL)", name="pushed_to_somebody"),
    )
    op.create_index("ix_push_subscription_order_id", "push_subscription", ["order_id"])
    op.create_index("ix_push_subscription_associate_id", "push_subscription", ["associate_id"])
