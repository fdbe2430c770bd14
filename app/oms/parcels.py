"""Who sends what of an order, on its lines: each node's part is a fulfilment, and a line two nodes share is two."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session, select

from app.oms import order_line, reservation
from app.oms.inventory import Cause, Change, record
from app.oms.order import Order
from app.oms.order_line import Fulfilment, FulfilmentKind, OrderLine
from app.oms.reservation import Reservation, ReservationState
from app.oms.routing import Part

Share = tuple[OrderLine, int]
"""So many units of a line."""


def assign(
    session: Session, order: Order, parts: Sequence[Part], shares: Iterable[Share], *, at: datetime
) -> list[Share]:
    """Units no node has yet, given to the nodes that were chosen for them."""
    left = {line.id: units for line, units in shares}
    given: list[Share] = []
    for part in parts:
        fulfilment = _fulfilment(session, order, part.node_id, at=at)
        for item_id, units in part.units.items():
            mine = [line for line in order.lines if line.item_id == item_id and left.get(line.id)]
            given += [(_for(session, line, taken, fulfilment.id), taken) for line, taken in _taken(mine, units, left)]
    session.flush()
    return given


def _taken(lines: Iterable[OrderLine], units: int, left: dict[int, int]) -> list[Share]:
    """Line after line, until so many units are found."""
    taken = []
    for line in lines:
        of_this = min(units, left[line.id])
        if of_this:
            units, left[line.id] = units - of_this, left[line.id] - of_this
            taken.append((line, of_this))
    return taken


def apart(session: Session, shares: Iterable[Share]) -> list[Share]:
    """Units that come to the customer's store after the others of their line: a line has one claim."""
    kept = [(_for(session, line, units, line.fulfilment_id), units) for line, units in shares]
    if any(line.id is None for line, _ in kept):
        session.flush()
    return kept


def _for(session: Session, line: OrderLine, units: int, fulfilment_id: int | None) -> OrderLine:
    if units < line.ordered:  # what the rest of it became has a claim of its own
        return order_line.split(session, line, units, fulfilment_id=fulfilment_id)
    line.fulfilment_id = fulfilment_id
    return line


def _fulfilment(session: Session, order: Order, node_id: int, *, at: datetime) -> Fulfilment:
    same = select(Fulfilment).where(Fulfilment.order_id == order.id, Fulfilment.node_id == node_id)
    found = session.exec(same.where(Fulfilment.kind == FulfilmentKind.SHIP)).one_or_none()
    if found is None:
        found = Fulfilment(order_id=order.id, node_id=node_id, kind=FulfilmentKind.SHIP)
        order.fulfilments.append(found)
    found.asked_at = at
    session.flush()
    return found


def free(session: Session, shares: Sequence[Share], cause: Cause) -> None:
    """Units that nobody has picked belong to no node any more; what was kept for them there is free again."""
    held = []
    for line, units in shares:
        short = min(units, line.short)
        unfilled = min(units - short, line.unfilled)
        line.move("short", "unfilled", short)
        line.move("reserved", "unfilled", units - short - unfilled)
        if units > short + unfilled:
            held.append((line, units - short - unfilled))
    claims = reservation.of_lines(session, [line.id for line, _ in held])
    record(session, [_moved(claims[line.id], units) for line, units in held], cause)


def _moved(claim: Reservation, units: int) -> Change:
    claim.use_up(released=units)
    if claim.state == ReservationState.RELEASED:
        claim.state = ReservationState.MOVED
    return Change(item_id=claim.item_id, node_id=claim.node_id, reserved=-units)


def movable(line: OrderLine) -> int:
    """What nobody has in their hands yet, or nobody found."""
    return line.reserved + line.short + line.unfilled
