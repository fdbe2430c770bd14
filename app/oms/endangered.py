"""Whose promise a shortfall endangers: the claims nobody has fetched yet, the least binding and the newest first."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from app.oms.order_line import OrderLine
from app.oms.reservation import Reservation, ReservationState

MOST_CLAIMS = 500
_IS_OPEN = col(Reservation.state).in_([ReservationState.SOFT, ReservationState.HARD])


class Endangered(NamedTuple):
    """So many units of an order's line that may not be there."""

    order_id: int
    line_id: int
    units: int


def at(session: Session, *, item_id: int, node_id: int, units: int) -> Sequence[Endangered]:
    """Baskets and goods kept for other shelves make room before a customer's order does, and an unpaid one next.

    What is in a bag already is there, whatever the books say.
    """
    found = []
    for order_id, line_id, unfetched in _claims(session, item_id, node_id, most=min(units, MOST_CLAIMS)):
        if units <= 0:
            break
        if line_id is not None:
            found.append(Endangered(order_id, line_id, min(unfetched, units)))
        units -= unfetched
    return found


def claimed(session: Session, *, item_id: int, node_id: int) -> Sequence[Endangered]:
    """All that orders are to get from a shelf and nobody has fetched, whoever would lack it first."""
    claims = _claims(session, item_id, node_id, most=MOST_CLAIMS)
    return [Endangered(order_id, line_id, units) for order_id, line_id, units in claims if line_id is not None]


def _claims(session: Session, item_id: int, node_id: int, *, most: int) -> Sequence[Any]:
    """Each covers one unit at least, so no more of them than units are missing."""
    opened = col(Reservation.quantity) - col(Reservation.consumed) - col(Reservation.released)
    waiting = sa.func.coalesce(col(OrderLine.reserved), opened)
    unfetched = sa.case((waiting < opened, waiting), else_=opened)
    newest_first = (
        col(Reservation.order_line_id).is_not(None), col(Reservation.state) == ReservationState.HARD,
        col(Reservation.reserved_at).desc(), col(Reservation.id).desc(),
    )  # fmt: skip
    claims = (
        sa.select(col(OrderLine.order_id), col(Reservation.order_line_id), unfetched)
        .select_from(Reservation)
        .outerjoin(OrderLine, col(OrderLine.id) == col(Reservation.order_line_id))
        .where(col(Reservation.item_id) == item_id, col(Reservation.node_id) == node_id, _IS_OPEN, unfetched > 0)
        .order_by(*newest_first)
        .limit(most)
    )
    return session.execute(claims).all()
