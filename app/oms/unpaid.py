"""Orders that nobody paid for in time: they are called off, and what they held goes back on sale."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.oms.order import Order, locked
from app.oms.payment import PAID_ENOUGH, PaymentState

PAYMENT_WINDOW = timedelta(minutes=30)


def due_at(state: PaymentState, *, at: datetime) -> datetime | None:
    """By our own clock: a channel whose clock is wrong, or whose orders wait, neither keeps stock nor loses orders."""
    return None if state in PAID_ENOUGH else at + PAYMENT_WINDOW


def due(session: Session, at: datetime) -> list[int]:
    until = col(Order.payment_due_at)
    return list(session.exec(select(Order.id).where(until <= at).order_by(until).limit(500)))


def give_up(session: Session, order_id: int, *, at: datetime) -> None:
    """Safe to call twice: an order paid or cancelled since it was listed is left alone."""
    order = locked(session, order_id)
    if order.payment_due_at is not None and order.payment_due_at <= at:
        order.cancel(session, reason="not paid in time", actor="system", at=at)
