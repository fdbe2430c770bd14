"""Promises a shelf can't keep, looked for elsewhere: the newest first, until what is left is there."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.oms import endangered, parcels, sourcing
from app.oms import order as orders
from app.oms.balance import Balance
from app.oms.order import Order
from app.oms.order_line import OrderLine
from app.oms.shortfall import Shortfall
from app.refusals import Refusal

REASON = "more promised than there is"


class NoOtherWay(Refusal):
    """No other node can send it in time: all stays as it was, and it may be there when somebody looks."""


def next_order(session: Session, shortfall_id: int, *, without: Collection[int], at: datetime) -> int | None:
    """Whom to find another way for: who is in danger, and then whoever else could make room for them."""
    owing = _owing(session, shortfall_id, at)
    if owing is None or not _is_elsewhere(session, owing):
        return None
    waiting = endangered.claimed(session, item_id=owing.item_id, node_id=owing.node_id)
    return next((each.order_id for each in waiting if each.order_id not in without), None)


def move(session: Session, order_id: int, *, shortfall_id: int, at: datetime) -> None:
    """One order, in a transaction of its own; safe to call twice. Its old claim stands until another node keeps it."""
    order = orders.locked(session, order_id)
    owing = _owing(session, shortfall_id, at)
    units = _units(session, order, owing) if owing is not None else {}
    if owing is None or not units:
        return
    if not sourcing.reroute(session, order, units, reason=REASON, actor="system", at=at).is_routed:
        raise NoOtherWay(f"Order {order.number} can't come from elsewhere.")


def rest(session: Session, shortfall_id: int, *, units: int, at: datetime) -> Shortfall | None:
    """All that could be done was tried for so many units; one that has grown since is looked at again at once."""
    fresh = select(Shortfall).where(Shortfall.id == shortfall_id).with_for_update()
    owing = session.exec(fresh.execution_options(populate_existing=True)).one_or_none()
    if owing is not None and owing.resource_due_at is not None and owing.units <= units:
        owing.rest(at=at)
    return owing


def _owing(session: Session, shortfall_id: int, at: datetime) -> Shortfall | None:
    owing = session.get(Shortfall, shortfall_id, populate_existing=True)
    is_due = owing is not None and owing.resource_due_at is not None and owing.resource_due_at <= at
    return owing if is_due else None


def _is_elsewhere(session: Session, owing: Shortfall) -> bool:
    """Is there any of it at all in another place? Mostly nobody has to be asked in vain."""
    sellable = col(Balance.on_hand) - sa.case((col(Balance.unavailable) > 0, col(Balance.unavailable)), else_=0)
    free = sellable - col(Balance.reserved) - col(Balance.suppressed) - col(Balance.safety)
    other = select(Balance.node_id).where(Balance.item_id == owing.item_id, Balance.node_id != owing.node_id, free > 0)
    return session.exec(other.limit(1)).first() is not None


def _units(session: Session, order: Order, owing: Shortfall) -> Mapping[int, int]:
    """An order that is collected comes whole or not at all; of one that is shipped only what may be gone moves.

    What of the same line is missing already goes with it: it is the first to be moved.
    """
    if order.store_id is not None:
        return _all(order.lines)
    claims = endangered.claimed(session, item_id=owing.item_id, node_id=owing.node_id)
    missing = {line.id: line.short + line.unfilled for line in order.lines}
    left, units = owing.units, {}
    for claim in claims:
        if claim.order_id == order.id and left:
            taken = min(claim.units, left)
            units[claim.line_id] = taken + missing[claim.line_id]
            left -= taken
    return units


def _all(lines: Iterable[OrderLine]) -> Mapping[int, int]:
    return {line.id: parcels.movable(line) for line in lines if parcels.movable(line)}
