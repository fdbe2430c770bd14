"""Orders that are shipped and lack something: another node is looked for, and again until one is found or they end.

A unit nobody found is looked for elsewhere half a minute later, so that whoever said so can still take it back. What
nobody had is asked for again every few minutes: a delivery may have come.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.oms import order as orders
from app.oms import sourcing
from app.oms.order import Order
from app.oms.order_events import OrderUnfulfillable
from app.oms.order_status import OVER

UNDO_FIRST = timedelta(seconds=30)
AGAIN_AFTER = timedelta(minutes=5)
MOST = 200


def ask(order: Order, *, at: datetime) -> None:
    """Something of it is missing since now; one that is collected is its store's matter."""
    if order.store_id is None:
        order.route_due_at = at + UNDO_FIRST


def unfulfillable(session: Session, event: OrderUnfulfillable) -> None:
    """Nobody had it when it was placed."""
    ask(session.get_one(Order, event.order_id), at=event.at)


def due(session: Session, at: datetime) -> list[int]:
    """Orders for which another node is to be looked for, the longest waiting first."""
    waiting = select(Order.id).where(col(Order.route_due_at) <= at).order_by(col(Order.route_due_at)).limit(MOST)
    return list(session.exec(waiting))


def look(session: Session, order_id: int, *, at: datetime) -> None:
    """Safe to call twice: what was found meanwhile, or is not wanted any more, is left alone."""
    order = orders.locked(session, order_id)
    if order.route_due_at is None or order.route_due_at > at:
        return
    order.route_due_at = None
    units = {line.id: line.short + line.unfilled for line in order.lines if line.short + line.unfilled}
    if not units or order.status in OVER:
        return
    decision = sourcing.fill(session, order, units, reason="not found", actor="system", at=at)
    if not decision.is_routed:
        order.route_due_at = at + AGAIN_AFTER
