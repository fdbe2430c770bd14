"""The word for how an order, or one node's part of it, stands: derived from its lines and its payment, never set."""

from collections.abc import Sequence
from enum import StrEnum

from app.oms.order_line import ALIVE, PLACES, OrderLine


class OrderStatus(StrEnum):
    """Derived, never set: a word for what the lines and the payment say."""

    AWAITING_PAYMENT = "awaiting payment"
    ACCEPTED = "accepted"
    PICKING = "picking"
    PARTLY_READY = "partly ready"
    READY = "ready"
    COLLECTED = "collected"
    PACKED = "packed"
    PARTLY_SHIPPED = "partly shipped"
    SHIPPED = "shipped"
    UNFULFILLABLE = "unfulfillable"
    CANCELLED = "cancelled"


OVER = frozenset({OrderStatus.COLLECTED, OrderStatus.SHIPPED, OrderStatus.CANCELLED})


def status_of(lines: Sequence[OrderLine], *, is_paid_enough: bool) -> OrderStatus:
    """Of an order's lines, or of one fulfilment's."""
    if all(line.ordered == line.cancelled for line in lines):
        return OrderStatus.CANCELLED
    if all(line.ordered == line.short + line.unfilled + line.cancelled for line in lines):
        return OrderStatus.UNFULFILLABLE
    if not any(getattr(line, place) for line in lines for place in ALIVE):
        return _out_of_our_hands(lines)
    return _under_way(lines) if is_paid_enough else OrderStatus.AWAITING_PAYMENT


def _out_of_our_hands(lines: Sequence[OrderLine]) -> OrderStatus:
    """What a collected bag lacks will not come any more; for what a parcel lacks another place is looked for."""
    if any(line.collected for line in lines):
        return OrderStatus.COLLECTED
    is_missing = any(line.short + line.unfilled for line in lines)
    return OrderStatus.PARTLY_SHIPPED if is_missing else OrderStatus.SHIPPED


def _under_way(lines: Sequence[OrderLine]) -> OrderStatus:
    """The furthest that any part has come, unless another part is still to be picked."""
    has = {place: any(getattr(line, place) for line in lines) for place in PLACES}
    steps = [
        (OrderStatus.PARTLY_SHIPPED, has["shipped"]),
        (OrderStatus.PICKING, has["picked"]),
        (OrderStatus.ACCEPTED, has["reserved"]),
        (OrderStatus.PACKED, has["packed"]),
        (OrderStatus.PARTLY_READY, has["short"]),
    ]
    return next((status for status, is_so in steps if is_so), OrderStatus.READY)
