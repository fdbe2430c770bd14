"""The word for how an order, or one node's part of it, stands: derived from its lines and its payment, never set."""

from collections.abc import Sequence
from enum import StrEnum

from app.oms.order_line import OrderLine


class OrderStatus(StrEnum):
    """Derived, never set: a word for what the lines and the payment say."""

    AWAITING_PAYMENT = "awaiting payment"
    ACCEPTED = "accepted"
    PICKING = "picking"
    PARTLY_READY = "partly ready"
    READY = "ready"
    COLLECTED = "collected"
    UNFULFILLABLE = "unfulfillable"
    CANCELLED = "cancelled"


def status_of(lines: Sequence[OrderLine], *, is_paid_enough: bool) -> OrderStatus:
    """Of an order's lines, or of one fulfilment's."""
    if all(line.ordered == line.cancelled for line in lines):
        return OrderStatus.CANCELLED
    if all(line.ordered == line.short + line.unfilled + line.cancelled for line in lines):
        return OrderStatus.UNFULFILLABLE
    if not any(line.reserved or line.picked or line.staged for line in lines):
        return OrderStatus.COLLECTED
    if not is_paid_enough:
        return OrderStatus.AWAITING_PAYMENT
    if any(line.reserved or line.picked for line in lines):
        return OrderStatus.PICKING if any(line.picked for line in lines) else OrderStatus.ACCEPTED
    return OrderStatus.PARTLY_READY if any(line.short for line in lines) else OrderStatus.READY
