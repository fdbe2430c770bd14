"""What a place without tablets answers when it is asked to send part of an order: it has left, or it can't."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from app.oms import asking, reservation, routing_decision, shipment
from app.oms.inventory import Reason
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_line import Fulfilment, FulfilmentKind, OrderLine
from app.oms.shipment import Consignment, Shipment
from app.refusals import Refusal, Unreadable

MOST = 100


class NothingToSend(Refusal):
    """All of it has left, was refused, or comes from elsewhere now."""


class NotToSendYet(Refusal):
    """Nobody has paid for it."""


class WhyNot(StrEnum):
    """Without the goods nobody else is promised them there; a place that is only busy keeps them on sale."""

    NOT_THERE = "not there"
    DAMAGED = "damaged"
    CANT_SEND = "can't send it"


def ship(
    session: Session, order: Order, part: Fulfilment, units: Mapping[int, int], *, what: Consignment, actor: str,
    at: datetime,
) -> Shipment:  # fmt: skip
    """So many units by item have left, or all that were wanted. The order's row is locked."""
    shares = _shares(order, part, units)
    return shipment.ship(session, order, shares, what, origin="reserved", actor=actor, at=at)


def refuse(
    session: Session, order: Order, part: Fulfilment, units: Mapping[int, int], *, why: WhyNot, actor: str, at: datetime
) -> None:
    """It can't be sent from there: another place is looked for at once, in a turn of its own."""
    shares = sorted(_shares(order, part, units), key=lambda share: share[0].item_id)
    claims = reservation.of_lines(session, [line.id for line, _ in shares])
    if why == WhyNot.CANT_SEND:
        cause = order.cause(Reason.RELEASED, actor=actor, at=at)
        reservation.release(session, [(claims[line.id], taken) for line, taken in shares], cause)
    else:
        cause = order.cause(Reason.NOT_FOUND, actor=actor, at=at)
        for line, taken in shares:
            reservation.suppress(session, claims[line.id], taken, cause)
    for line, taken in shares:
        line.move("reserved", "unfilled", taken)
    routing_decision.refuse(session, order_id=order.id, node_id=part.node_id, reason=why.value, at=at,
                            item_ids=[line.item_id for line, _ in shares])  # fmt: skip
    order.route_due_at = at


def wanted_from(session: Session, node: Node, *, after: int) -> list[tuple[Fulfilment, Order]]:
    """What this place has still to send, of orders that are paid for; the next `MOST` after this fulfilment."""
    open_parts = select(OrderLine.fulfilment_id).where(OrderLine.reserved > 0)
    found = (
        select(Fulfilment, Order)
        .join(Order, col(Order.id) == col(Fulfilment.order_id))
        .where(Fulfilment.node_id == node.id, Fulfilment.kind == FulfilmentKind.SHIP, col(Fulfilment.id) > after)
        .where(col(Fulfilment.id).in_(open_parts))
        .order_by(col(Fulfilment.id))
    )
    paid = ((part, order) for part, order in session.exec(found) if order.is_paid_enough)
    return [each for each, _ in zip(paid, range(MOST), strict=False)]


def part_of(session: Session, fulfilment_id: int) -> tuple[Fulfilment, Node] | None:
    """What a place that has no tablets was asked for; a store's own work is done on its screens."""
    found = select(Fulfilment, Node).join(Node, col(Node.id) == col(Fulfilment.node_id))
    mine = found.where(Fulfilment.id == fulfilment_id, Fulfilment.kind == FulfilmentKind.SHIP)
    return session.exec(mine.where(Node.kind != NodeKind.STORE)).one_or_none()


def _shares(order: Order, part: Fulfilment, units: Mapping[int, int]) -> list[tuple[OrderLine, int]]:
    """Over the lines that want these items; without a word, all of all."""
    if not order.is_paid_enough:
        raise NotToSendYet(f"Order {order.number} is not paid for: leave it until it is.")
    open_lines = asking.wanted(order, part)
    left = dict(units) or {line.item_id: 0 for line in open_lines}
    if not units:
        for line in open_lines:
            left[line.item_id] += line.reserved
    shares = []
    for line in open_lines:
        taken = min(left.get(line.item_id, 0), line.reserved)
        if taken:
            left[line.item_id] -= taken
            shares.append((line, taken))
    if not shares:
        raise NothingToSend(f"Nothing of order {order.number} is to be sent from there any more.")
    if any(left.values()):
        raise Unreadable(f"Of order {order.number} so much is not wanted from there.")
    return shares
