"""The lines of an order, where each of their units is, and which node fulfils them."""

from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Field, Relationship, SQLModel

from app import db
from app.oms.item import Item

if TYPE_CHECKING:
    from app.oms.order import Order

ALIVE = ("reserved", "picked", "staged")
"""Where a unit is on its way to the customer."""

PLACES = ("reserved", "picked", "short", "staged", "collected", "cancelled", "unfilled")
"""Where a unit of a line can be: each ordered unit is in exactly one of these."""


def things(units: int, decimals: int) -> int:
    """350 grams are one thing in a bag; three pieces are three."""
    return min(units, 1) if decimals else units


class OrderLine(SQLModel, table=True):
    """So many units of one item; the sum of where they are is what was ordered, and the schema says so."""

    __tablename__ = "order_line"
    __table_args__ = (
        sa.CheckConstraint(f"ordered = {' + '.join(PLACES)}", name="units_add_up"),
        sa.CheckConstraint(
            " AND ".join(f"{place} >= 0" for place in PLACES) + " AND ordered > 0", name="no_negative_units"
        ),
        *(
            sa.CheckConstraint(f"{name} >= 0", name=f"no_negative_{name}")
            for name in ("discount_minor", "tax_minor", "unit_cost_minor")
        ),
    )

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="order.id", index=True)
    item_id: int = Field(foreign_key="item.id")
    ordered: int
    reserved: int = 0
    picked: int = 0
    short: int = 0
    staged: int = 0
    collected: int = 0
    cancelled: int = 0
    unfilled: int = 0
    unit_price_minor: int
    discount_minor: int = 0
    """Off the whole line."""
    tax_minor: int = 0
    """In the line's total."""
    unit_cost_minor: int = 0
    """What one cost us when it was ordered."""

    order: "Order" = Relationship(back_populates="lines")
    item: Item = Relationship()

    def count(self, place: str) -> int:
        """How many things a person sees there: pieces, and whatever is weighed as one."""
        return things(getattr(self, place), self.item.decimals)

    @property
    def total_minor(self) -> int:
        """What the customer pays for the line; with its tax, without its discount."""
        return self.item.priced(self.ordered, self.unit_price_minor) - self.discount_minor

    @property
    def cost_minor(self) -> int:
        return self.item.priced(self.ordered, self.unit_cost_minor)

    def share(self, amount_minor: int, units: int) -> int:
        """So many units' part of an amount that is the whole line's; the parts of all units add up to it."""
        return (2 * amount_minor * units + self.ordered) // (2 * self.ordered)

    def move(self, origin: str, target: str, quantity: int) -> None:
        """Units change place; they are never made or lost."""
        setattr(self, origin, getattr(self, origin) - quantity)
        setattr(self, target, getattr(self, target) + quantity)


class FulfilmentKind(StrEnum):
    """How the goods reach the customer."""

    PICKUP = "pickup"


class Fulfilment(SQLModel, table=True):
    """The part of an order that one node fulfils; a pickup has one task."""

    __tablename__ = "fulfilment"
    __table_args__ = (sa.UniqueConstraint("order_id", "node_id", "kind"),)

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="order.id")
    node_id: int = Field(foreign_key="node.id")
    kind: FulfilmentKind = Field(default=FulfilmentKind.PICKUP, sa_type=db.choice(FulfilmentKind))
