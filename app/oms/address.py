"""Where an order goes that is shipped: contact data, kept apart from the order like its customer."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to, as a channel says it; the point in degrees, when it knows one."""

    name: str
    street: str
    city: str
    postal_code: str
    country: str
    latitude: float | None = None
    longitude: float | None = None


class ShipTo(SQLModel, table=True):
    """One address of one order. No event, log line or ledger row ever carries it."""

    __tablename__ = "ship_to"
    __table_args__ = (
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="a_point_has_two_coordinates"),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="on_the_globe"),
    )

    order_id: int = Field(foreign_key="order.id", primary_key=True)
    name: str
    street: str
    city: str
    postal_code: str
    country: str = Field(min_length=2, max_length=2)
    """ISO 3166-1 alpha-2."""
    latitude: float | None = None
    longitude: float | None = None
    """Degrees, when the channel knows them; without them distance plays no part in the choice of a node."""

    @property
    def lines(self) -> tuple[str, ...]:
        """As it stands on a label."""
        return (self.name, self.street, f"{self.postal_code} {self.city}", self.country)
