"""Asking for a transfer: for stock, or for one customer's order that waits for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.oms import admission
from app.oms.admission import Request, Wish
from app.oms.order import Order
from app.oms.order_line import OrderLine
from app.oms.reservation import ReservationState
from app.oms.transfer import MOST_UNITS, NotForTransfer, Transfer, TransferLine
from app.oms.transfer_events import TransferRequested


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What somebody asks to be carried, and until when."""

    from_id: int
    to_id: int
    quantities: Mapping[int, int]
    """Units by item."""
    expected_at: datetime | None = None


def request(session: Session, wanted: Wanted, *, actor: str, at: datetime) -> Transfer:
    """Keep the stock where it is until it leaves: all of it, or there is no transfer."""
    lines = [
        TransferLine(item_id=item_id, requested=quantity) for item_id, quantity in sorted(wanted.quantities.items())
    ]
    return _open(session, wanted, lines, order_id=None, channel="", actor=actor, at=at)


def request_for(session: Session, order: Order, wanted: Wanted, *, actor: str, at: datetime) -> Transfer:
    """The customer's store has not got it, another node has: the order, whose row is locked, waits for it."""
    if order.cancelled_at is not None or not order.is_paid_enough:
        why = "was cancelled" if order.cancelled_at is not None else "is not paid for"
        raise NotForTransfer(f"Order {order.number} {why}.")
    if wanted.to_id != order.store_id:
        raise NotForTransfer(f"Order {order.number} is collected elsewhere.")
    waiting = [line for line in order.lines if line.unfilled and line.parent_line_id is None]
    if any(line.ordered > line.unfilled + line.cancelled for line in waiting):
        raise NotForTransfer(f"Part of order {order.number} is there already; the rest can't follow it.")
    lines = [line for item_id, units in sorted(wanted.quantities.items()) for line in _spread(item_id, units, waiting)]
    if sum(line.requested for line in lines) < sum(wanted.quantities.values()):
        raise NotForTransfer(f"Order {order.number} does not wait for so much.")
    return _open(session, wanted, lines, order_id=order.id, channel=order.channel, actor=actor, at=at)


def _spread(item_id: int, units: int, waiting: Sequence[OrderLine]) -> Iterable[TransferLine]:
    """Over the lines that want this item: one of them may be part of a set."""
    for line in waiting:
        taken = min(units, line.unfilled) if line.item_id == item_id else 0
        if taken:
            units -= taken
            yield TransferLine(item_id=item_id, requested=taken, order_line_id=line.id)


def _open(
    session: Session, wanted: Wanted, lines: Sequence[TransferLine], *, order_id: int | None, channel: str, actor: str,
    at: datetime,
) -> Transfer:  # fmt: skip
    if wanted.from_id == wanted.to_id:
        raise NotForTransfer("A transfer goes from one place to another.")
    if not lines or any(not 0 < line.requested <= MOST_UNITS for line in lines):
        raise NotForTransfer(f"A transfer has between 1 and {MOST_UNITS} of each item.")
    transfer = Transfer(from_id=wanted.from_id, to_id=wanted.to_id, order_id=order_id, requested_at=at,
                        expected_at=wanted.expected_at, lines=list(lines))  # fmt: skip
    session.add(transfer)
    session.flush()
    wishes = tuple(
        Wish(item_id=line.item_id, node_id=wanted.from_id, quantity=line.requested, order_line_id=line.order_line_id)
        for line in lines
    )
    kept = Request(key=transfer.document, wishes=wishes, state=ReservationState.HARD, document=transfer.document,
                   actor=actor, at=at, channel=channel)  # fmt: skip
    admission.admit(session, [kept])[0].or_refuse()
    for line in lines:
        if line.order_line_id is not None:
            session.get_one(OrderLine, line.order_line_id).move("unfilled", "reserved", line.requested)
    transfer.say(TransferRequested, actor=actor, at=at)
    return transfer
