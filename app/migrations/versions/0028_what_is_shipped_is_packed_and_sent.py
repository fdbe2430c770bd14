"""What is shipped is packed into parcels and given to a carrier, and its customer hears of each shipment once."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0028"
down_revision = "0027"

NAMES = {"uq": "%(table_name)s_%(column_0_name)s_%(column_1_name)s_%(column_2_name)s_key"}
WAITED_FOR = "'requested', 'accepted', 'picking', 'picked', 'awaiting transfer', 'in transit', 'received', 'packed'"
FOR_AN_ORDER = sa.text("shipment_id IS NULL")


def upgrade() -> None:
    _shipments()
    _packing()
    with op.batch_alter_table("pickup_task") as table:
        table.add_column(sa.Column("parcels", sa.Integer(), server_default="0", nullable=False))
        table.drop_constraint("staged_is_not_late", type_="check")
        table.create_check_constraint("staged_is_not_late", f"late_at IS NULL OR status IN ({WAITED_FOR})")
    with op.batch_alter_table("notice", naming_convention=NAMES) as table:
        table.drop_constraint("notice_order_id_stage_channel_key", type_="unique")
        table.add_column(sa.Column("shipment_id", sa.Integer(), nullable=True))
        table.create_foreign_key("notice_shipment_id_fkey", "shipment", ["shipment_id"], ["id"])
        table.create_unique_constraint("one_notice_a_shipment", ["shipment_id", "channel"])
        table.create_check_constraint("shipped_means_with_a_carrier", "(stage = 'shipped') = (shipment_id IS NOT NULL)")
    op.create_index("one_notice_a_stage", "notice", ["order_id", "stage", "channel"], unique=True,
                    sqlite_where=FOR_AN_ORDER, postgresql_where=FOR_AN_ORDER)  # fmt: skip


def _shipments() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "shipment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("order.id"), nullable=False),
        sa.Column("fulfilment_id", sa.Integer(), sa.ForeignKey("fulfilment.id"), nullable=False),
        sa.Column("carrier", text(), nullable=False),
        sa.Column("tracking", text(), nullable=False),
        sa.Column("parcels", sa.Integer(), nullable=False),
        sa.Column("actor", text(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("taken_back_at", instant(), nullable=True),
        sa.CheckConstraint("parcels > 0", name="something_left"),
    )
    op.create_index("ix_shipment_order_id", "shipment", ["order_id"])
    op.create_index("ix_shipment_fulfilment_id", "shipment", ["fulfilment_id"])
    op.create_table(
        "shipment_line",
        sa.Column("shipment_id", sa.Integer(), sa.ForeignKey("shipment.id"), primary_key=True),
        sa.Column("line_id", sa.Integer(), sa.ForeignKey("order_line.id"), primary_key=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="something_is_in_it"),
    )


def _packing() -> None:
    instant = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "packing",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("task_id", sa.Integer(), sa.ForeignKey("pickup_task.id"), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("parcels", sa.Integer(), nullable=False),
        sa.Column("weight_g", sa.Integer(), nullable=True),
        sa.Column("associate_id", sa.Integer(), sa.ForeignKey("associate.id"), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("taken_back_at", instant(), nullable=True),
        sa.CheckConstraint("parcels >= 0 AND (weight_g IS NULL OR weight_g > 0)", name="parcels_weigh_something"),
    )
    op.create_index("ix_packing_task_id", "packing", ["task_id"])
