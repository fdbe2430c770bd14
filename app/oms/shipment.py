"""A shipment: what left one node for the customer, with which carrier and under which number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.oms import reservation
from app.oms.inventory import Reason
from app.oms.order import Order
from app.oms.order_events import ShipmentLeft, ShipmentTakenBack
from app.oms.order_line import Fulfilment, OrderLine
from app.refusals import Unreadable

CARRIER_LENGTH = 40
TRACKING = re.compile(r"[0-9A-Z][0-9A-Z./-]{3,39}", re.ASCII)
MOST_PARCELS = 50
RECENT = 1000

Units = tuple[OrderLine, int]


@dataclass(frozen=True, kw_only=True)
class Consignment:
    """What the carrier calls it; the customer follows it by this."""

    carrier: str
    tracking: str
    parcels: int = 1


class Shipment(SQLModel, table=True):
    """One hand-over to a carrier; taken back, it stays on record."""

    __tablename__ = "shipment"
    __table_args__ = (sa.CheckConstraint("parcels > 0", name="something_left"),)

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="order.id", index=True)
    fulfilment_id: int = Field(foreign_key="fulfilment.id", index=True)
    carrier: str
    tracking: str
    parcels: int = 1
    actor: str
    at: datetime
    taken_back_at: datetime | None = None


class ShipmentLine(SQLModel, table=True):
    """How much of a line is in it."""

    __tablename__ = "shipment_line"
    __table_args__ = (sa.CheckConstraint("quantity > 0", name="something_is_in_it"),)

    shipment_id: int = Field(foreign_key="shipment.id", primary_key=True)
    line_id: int = Field(foreign_key="order_line.id", primary_key=True)
    quantity: int


def consignment(carrier: str, tracking: str, parcels: int = 1) -> Consignment:
    """As somebody scanned or typed it, put in one form; the carriers' own rules differ too much to check more."""
    plain, number = " ".join(carrier.split()), "".join(tracking.upper().split())
    if not 0 < len(plain) <= CARRIER_LENGTH or not plain.isprintable():
        raise Unreadable("Say which carrier takes it.")
    if not TRACKING.fullmatch(number):
        raise Unreadable("That isn't a tracking number. Scan the carrier's label, or type what is printed under it.")
    if not 0 < parcels <= MOST_PARCELS:
        raise Unreadable(f"Say how many parcels it is: 1 to {MOST_PARCELS}.")
    return Consignment(carrier=plain, tracking=number, parcels=parcels)


def ship(
    session: Session, order: Order, units: Sequence[Units], what: Consignment, *, origin: str, actor: str, at: datetime
) -> Shipment:
    """Out of our hands: one node's units leave the promise, the shelf and the line together.

    `origin` says where they were on their line until now.
    """
    (fulfilment_id,) = {line.fulfilment_id for line, _ in units if line.fulfilment_id is not None}
    claims = reservation.of_lines(session, [line.id for line, _ in units])
    cause = order.cause(Reason.SHIPPED, actor=actor, at=at)
    reservation.consume(session, [(claims[line.id], quantity) for line, quantity in units], cause)
    row = Shipment(order_id=order.id, fulfilment_id=fulfilment_id, carrier=what.carrier, tracking=what.tracking,
                   parcels=what.parcels, actor=actor, at=at)  # fmt: skip
    session.add(row)
    session.flush()
    for line, quantity in units:
        line.move(origin, "shipped", quantity)
        session.add(ShipmentLine(shipment_id=row.id, line_id=line.id, quantity=quantity))
    session.flush()
    order.happened(ShipmentLeft(at=at, actor=actor, order_id=order.id, store_id=order.store_id, shipment_id=row.id))
    return row


def take_back(session: Session, order: Order, row: Shipment, *, target: str, actor: str, at: datetime) -> None:
    """It had not left after all: the goods are here again, and still this customer's."""
    row.taken_back_at = at
    inside = contents(session, row.id)
    lines = {line.id: line for line in order.lines}
    claims = reservation.of_lines(session, inside)
    cause = order.cause(Reason.HANDOVER_TAKEN_BACK, actor=actor, at=at)
    reservation.unconsume(session, [(claims[line_id], quantity) for line_id, quantity in inside.items()], cause)
    for line_id, quantity in inside.items():
        lines[line_id].move("shipped", target, quantity)
    order.happened(
        ShipmentTakenBack(at=at, actor=actor, order_id=order.id, store_id=order.store_id, shipment_id=row.id)
    )


def contents(session: Session, shipment_id: int) -> dict[int, int]:
    """Of which lines it has how much."""
    inside = select(ShipmentLine.line_id, ShipmentLine.quantity).where(ShipmentLine.shipment_id == shipment_id)
    return dict(session.exec(inside.order_by(col(ShipmentLine.line_id))).all())


def standing(session: Session, order_id: int) -> list[Shipment]:
    """All that have left of an order, oldest first."""
    rows = select(Shipment).where(Shipment.order_id == order_id, col(Shipment.taken_back_at).is_(None))
    return list(session.exec(rows.order_by(col(Shipment.at), col(Shipment.id))))


def usual_carriers(session: Session, node_id: int) -> tuple[str, ...]:
    """Who took what this node sent lately, the last first; of the newest shipments only, however many there are."""
    newest = select(Shipment.id).order_by(col(Shipment.id).desc()).limit(1).offset(RECENT).scalar_subquery()
    lately = (
        select(Shipment.carrier)
        .join(Fulfilment, col(Fulfilment.id) == col(Shipment.fulfilment_id))
        .where(Fulfilment.node_id == node_id, col(Shipment.id) > sa.func.coalesce(newest, 0))
    )
    found = session.exec(lately.group_by(col(Shipment.carrier)).order_by(sa.func.max(Shipment.id).desc()).limit(8))
    return tuple(found)


def newest_of(session: Session, fulfilment_id: int) -> Shipment | None:
    """What left last of one node's part."""
    rows = select(Shipment).where(Shipment.fulfilment_id == fulfilment_id, col(Shipment.taken_back_at).is_(None))
    return session.exec(rows.order_by(col(Shipment.id).desc()).limit(1)).one_or_none()
