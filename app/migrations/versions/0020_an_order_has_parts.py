"""A line belongs to the node that fulfils it, and may be a kit, or part of one: a kit's units are in its parts."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

PLACES = ("reserved", "picked", "short", "staged", "collected", "cancelled", "unfilled", "in_parts")


def upgrade() -> None:
    with op.batch_alter_table("order_line") as table:
        table.add_column(sa.Column("in_parts", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("is_kit", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("fulfilment_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("parent_line_id", sa.Integer(), nullable=True))
        table.create_foreign_key("order_line_fulfilment_id_fkey", "fulfilment", ["fulfilment_id"], ["id"])
        table.create_foreign_key("order_line_parent_line_id_fkey", "order_line", ["parent_line_id"], ["id"])
        table.create_index("ix_order_line_fulfilment_id", ["fulfilment_id"])
        table.drop_constraint("units_add_up", type_="check")
        table.drop_constraint("no_negative_units", type_="check")
        table.create_check_constraint("units_add_up", f"ordered = {' + '.join(PLACES)}")
        table.create_check_constraint(
            "no_negative_units", " AND ".join(f"{place} >= 0" for place in PLACES) + " AND ordered > 0"
        )
        table.create_check_constraint("only_kits_are_in_parts", "is_kit OR in_parts = 0")
    op.execute(
        "UPDATE order_line SET fulfilment_id = "
        "(SELECT min(id) FROM fulfilment WHERE fulfilment.order_id = order_line.order_id)"
    )
    op.create_table(
        "kit_component",
        sa.Column("kit_item_id", sa.Integer(), sa.ForeignKey("item.id"), primary_key=True),
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("item.id"), primary_key=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0 AND kit_item_id <> item_id", name="made_of_something_else"),
    )
