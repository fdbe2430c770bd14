"""Calling a part of an order off: so many units of one line, or so many kits with all they are made of."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from app.oms import reservation
from app.oms.inventory import Reason
from app.oms.order import Order, OrderOver
from app.oms.order_events import UnitsCancelled
from app.oms.order_line import OrderLine
from app.oms.order_status import OVER
from app.refusals import NotFound, Refusal, Unreadable

Part = tuple[OrderLine, int]


class TooLateForThese(Refusal):
    """The units are in a bag, missing or gone: only the whole order can still be called off."""


class PartOfAKit(Refusal):
    """A kit is sold as one thing, and taken back as one."""


def line_of(order: Order, line_id: int) -> OrderLine:
    for line in (*order.lines, *order.kits):
        if line.id == line_id:
            return line
    raise NotFound(f"Order {order.number} has no such line.")


def cancel_units(
    session: Session, order: Order, line: OrderLine, quantity: int | None, *, reason: str, actor: str, at: datetime
) -> None:
    """So many units of the line that nobody has picked yet, or all of those; with the last of them the whole order."""
    if order.status in OVER:
        raise OrderOver(f"Order {order.number} is already {order.status}.")
    if line.parent_line_id is not None:
        raise PartOfAKit(f"{line.item.name} is part of a set. Call the set off.")
    quantity = _open_units(order, line) if quantity is None else quantity
    _refuse_gone(order, line, quantity)
    parts = _parts(order, line, quantity)
    if _is_all(order, parts):
        order.cancel(session, reason=reason, actor=actor, at=at)
        return
    if line.is_kit:
        line.move("in_parts" if line.in_parts else "unfilled", "cancelled", quantity)
    _give_back(session, order, parts, actor=actor, at=at)
    for part, units in parts:
        order.happened(UnitsCancelled(at=at, actor=actor, order_id=order.id, store_id=order.store_id,
                                      line_id=part.id, quantity=units, reason=reason))  # fmt: skip
    order.settle(actor=actor, at=at)


def _parts(order: Order, line: OrderLine, quantity: int) -> list[Part]:
    """Which goods these units are; of a kit, of each thing in it as many as went into so many kits."""
    if not line.is_kit:
        return [(line, quantity)]
    parts = []
    for same in _contents(order, line):
        needed = sum(part.ordered for part in same) * quantity // line.ordered
        for part in same:
            taken = min(needed, part.reserved + part.unfilled)
            needed -= taken
            parts.append((part, taken))
    return [(part, taken) for part, taken in parts if taken]


def _contents(order: Order, kit: OrderLine) -> list[list[OrderLine]]:
    """The things a kit is made of; several lines of one, when several nodes have it."""
    inside = [line for line in order.lines if line.parent_line_id == kit.id]
    return [[line for line in inside if line.item_id == item_id] for item_id in {line.item_id for line in inside}]


def _open_units(order: Order, line: OrderLine) -> int:
    """How much of the line nobody has picked; of a kit, how many of which no part was picked."""
    if not line.is_kit:
        return line.reserved + line.unfilled
    left = (
        line.ordered * sum(part.reserved + part.unfilled for part in same) // sum(part.ordered for part in same)
        for same in _contents(order, line)
    )
    return min(line.in_parts + line.unfilled, *left)


def _refuse_gone(order: Order, line: OrderLine, quantity: int) -> None:
    most = _open_units(order, line)
    if quantity <= 0 and most:
        raise Unreadable("Say how many are to be called off.")
    if quantity > most or not most:
        can = f"{line.item.said(most)} of {line.item.said(line.ordered)}"
        raise TooLateForThese(f"{can} of {line.item.name} can still be called off; the rest was picked or is gone.")


def _is_all(order: Order, parts: Iterable[Part]) -> bool:
    """Would there be nothing left that the customer has or can get?"""
    off = {line.id: units for line, units in parts}
    return all(line.ordered == line.cancelled + off.get(line.id, 0) for line in order.lines)


def _give_back(session: Session, order: Order, parts: Iterable[Part], *, actor: str, at: datetime) -> None:
    held = []
    for line, units in parts:
        unfilled = min(line.unfilled, units)
        line.move("unfilled", "cancelled", unfilled)
        line.move("reserved", "cancelled", units - unfilled)
        if units > unfilled:
            held.append((line.id, units - unfilled))
    claims = reservation.of_lines(session, [line_id for line_id, _ in held])
    cause = order.cause(Reason.RELEASED, actor=actor, at=at)
    reservation.let_go(session, [(claims[line_id], units) for line_id, units in held], cause)
