"""On what terms a node fulfils orders: where it lies, what it can do, how fast, and what its parcels cost."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class NodeTerms(SQLModel, table=True):
    """A node without this row is a store that hands out and never ships, or a place that only ships."""

    __tablename__ = "node_terms"
    __table_args__ = (
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="a_point_has_two_coordinates"),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="on_the_globe"),
        sa.CheckConstraint("ship_capacity >= 0 AND handling_s >= 0 AND km_per_day > 0", name="it_can_be_done"),
        sa.CheckConstraint("parcel_minor >= 0 AND per_kg_minor >= 0", name="costs_are_no_gifts"),
        sa.CheckConstraint("carrier_failure_rate BETWEEN 0 AND 1", name="a_rate_is_a_share"),
        sa.CheckConstraint("nil_pick_rate BETWEEN 0 AND 1", name="nil_picks_are_a_share"),
    )

    node_id: int = Field(foreign_key="node.id", primary_key=True)
    latitude: float | None = None
    longitude: float | None = None
    """Degrees."""
    does_pickup: bool = True
    does_ship: bool = False
    has_cold_chain: bool = True
    ship_capacity: int = 200
    """Orders a day it can send."""
    handling_s: int = 4 * 3600
    """From being asked to handing it to the carrier, in its opening time."""
    km_per_day: int = 500
    """How far its carrier brings a parcel in a day."""
    parcel_minor: int = 0
    per_kg_minor: int = 0
    carrier_failure_rate: float = 0.0
    """The share of its parcels that come late, broken or not at all."""
    nil_pick_rate: float = Field(default=0.0, sa_column_kwargs={"server_default": "0"})
    """The share of lines asked of it that it turned out not to have."""
    down_until: datetime | None = None
    """Nothing is routed here until then; far away, when nobody knows."""
    down_reason: str = ""
