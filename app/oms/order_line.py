"""The lines of an order, where each of their units is, and which node fulfils them."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Field, Relationship, Session, SQLModel

from app import db
from app.oms.item import Item
from app.refusals import Refusal

if TYPE_CHECKING:
    from app.oms.order import Order

ALIVE = ("reserved", "picked", "packed", "staged")
"""Where a unit is on its way to the customer."""

PLACES = (
    "reserved", "picked", "short", "packed", "staged", "collected", "shipped", "cancelled", "unfilled", "in_parts",
)  # fmt: skip
"""Where a unit of a line can be: each ordered unit is in exactly one of these; of a kit, in what it is made of."""


def things(units: int, decimals: int) -> int:
    """350 grams are one thing in a bag; three pieces are three."""
    return min(units, 1) if decimals else units


class NotToBeSplit(Refusal):
    """These units are with a node already, or all there are."""


class OrderLine(SQLModel, table=True):
    """So many units of one item; the sum of where they are is what was ordered, and the schema says so."""

    __tablename__ = "order_line"
    __table_args__ = (
        sa.CheckConstraint("is_kit OR in_parts = 0", name="only_kits_are_in_parts"),
        sa.CheckConstraint(f"ordered = {' + '.join(PLACES)}", name="units_add_up"),
        sa.CheckConstraint(
            " AND ".join(f"{place} >= 0" for place in PLACES) + " AND ordered > 0", name="no_negative_units"
        ),
        *(
            sa.CheckConstraint(f"{name} >= 0", name=f"no_negative_{name}")
            for name in ("discount_minor", "tax_minor", "unit_cost_minor")
        ),
        sa.Index(
            "order_line_to_send",
            "fulfilment_id",
            sqlite_where=sa.text("reserved > 0"),
            postgresql_where=sa.text("reserved > 0"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="order.id", index=True)
    fulfilment_id: int | None = Field(default=None, foreign_key="fulfilment.id", index=True)
    """Which node's part of the order it is; null for a kit, whose parts may come from several."""
    parent_line_id: int | None = Field(default=None, foreign_key="order_line.id")
    """The kit it is part of."""
    is_kit: bool = False
    item_id: int = Field(foreign_key="item.id")
    ordered: int
    reserved: int = 0
    picked: int = 0
    short: int = 0
    packed: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """In a closed parcel, at the node."""
    staged: int = 0
    collected: int = 0
    shipped: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """With the carrier, out of our hands."""
    cancelled: int = 0
    unfilled: int = 0
    in_parts: int = 0
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


def split(session: Session, line: OrderLine, units: int, *, fulfilment_id: int | None) -> OrderLine:
    """Some of a line's units that no node has yet become a line of their own, for another node, with their money."""
    if not 0 < units <= line.unfilled or units == line.ordered:
        raise NotToBeSplit(f"Of {line.item.sku} there are no {line.item.said(units)} to give to another node.")
    discount, tax = line.share(line.discount_minor, units), line.share(line.tax_minor, units)
    part = OrderLine(
        order=line.order, order_id=line.order_id, item=line.item, item_id=line.item_id, fulfilment_id=fulfilment_id,
        parent_line_id=line.parent_line_id, ordered=units, unfilled=units, unit_price_minor=line.unit_price_minor,
        discount_minor=discount, tax_minor=tax, unit_cost_minor=line.unit_cost_minor,
    )  # fmt: skip
    line.ordered -= units
    line.unfilled -= units
    line.discount_minor -= discount
    line.tax_minor -= tax
    session.add(part)
    return part


class FulfilmentKind(StrEnum):
    """How the goods reach the customer."""

    PICKUP = "pickup"
    SHIP = "ship"


class Fulfilment(SQLModel, table=True):
    """The part of an order that one node fulfils: its lines, and their status; what a store does for it is one task."""

    __tablename__ = "fulfilment"
    __table_args__ = (
        sa.UniqueConstraint("order_id", "node_id", "kind"),
        sa.Index("fulfilment_asked", "node_id", "asked_at", sqlite_where=sa.text("kind = 'ship'"),
                 postgresql_where=sa.text("kind = 'ship'")),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="order.id")
    node_id: int = Field(foreign_key="node.id")
    kind: FulfilmentKind = Field(default=FulfilmentKind.PICKUP, sa_type=db.choice(FulfilmentKind))
    asked_at: datetime | None = None
    """When the node was asked to ship it; a day's asking is measured against what it can do in a day."""
