"""An order may be shipped from any node: it has an address then, parcels, and nobody who collects it."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0023"
down_revision = "0022"

PLACES = (
    "reserved", "picked", "short", "packed", "staged", "collected", "shipped", "cancelled", "unfilled", "in_parts",
)  # fmt: skip


def upgrade() -> None:
    op.add_column("item", sa.Column("weight_g", sa.Integer(), server_default="0", nullable=False))
    _line_places()
    for table_name in ("order", "notice", "exception_case"):
        with op.batch_alter_table(table_name) as table:
            table.alter_column("store_id", existing_type=sa.Integer(), nullable=True)
    _addresses()
    _terms()


def _line_places() -> None:
    with op.batch_alter_table("order_line") as table:
        table.add_column(sa.Column("packed", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("shipped", sa.Integer(), server_default="0", nullable=False))
        table.drop_constraint("units_add_up", type_="check")
        table.drop_constraint("no_negative_units", type_="check")
        table.create_check_constraint("units_add_up", f"ordered = {' + '.join(PLACES)}")
        table.create_check_constraint(
            "no_negative_units", " AND ".join(f"{place} >= 0" for place in PLACES) + " AND ordered > 0"
        )


def _addresses() -> None:
    op.create_table(
        "ship_to",
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("order.id"), primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("name", "street", "city", "postal_code")),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        *_points(),
    )


def _terms() -> None:
    op.create_table(
        "node_terms",
        sa.Column("node_id", sa.Integer(), sa.ForeignKey("node.id"), primary_key=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("does_pickup", "does_ship", "has_cold_chain")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in (
            "ship_capacity", "handling_s", "km_per_day", "parcel_minor", "per_kg_minor")),
        sa.Column("carrier_failure_rate", sa.Float(), nullable=False),
        sa.Column("down_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("down_reason", sa.String(), nullable=False),
        *_points(),
        sa.CheckConstraint("ship_capacity >= 0 AND handling_s >= 0 AND km_per_day > 0", name="it_can_be_done"),
        sa.CheckConstraint("parcel_minor >= 0 AND per_kg_minor >= 0", name="costs_are_no_gifts"),
        sa.CheckConstraint("carrier_failure_rate BETWEEN 0 AND 1", name="a_rate_is_a_share"),
    )  # fmt: skip


def _points() -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="a_point_has_two_coordinates"),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="on_the_globe"),
    ]
