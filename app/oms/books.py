"""Do the books of stock add up? Asked by `verify` and by the tests; one query for all balances each."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Session, col

from app.oms.balance import STATES, Balance
from app.oms.inventory import Movement
from app.oms.reservation import Reservation


def unexplained_balances(session: Session) -> Iterable[str]:
    """Every balance that is not the sum of its movements, or whose versions have a hole: one query for all of them."""
    each = [col(Movement.item_id) + 0, col(Movement.node_id) + 0]  # by their index, SQLite would fetch row after row
    sums = [sa.func.sum(getattr(Movement, state)).label(state) for state in STATES]
    kept = (
        sa.select(each[0].label("item_id"), each[1].label("node_id"), *sums, sa.func.count().label("rows"),
                  sa.func.max(Movement.version).label("newest"))
        .group_by(*each)
        .subquery()
    )  # fmt: skip
    same = sa.and_(kept.c.item_id == Balance.item_id, kept.c.node_id == Balance.node_id)
    pairs = [*((state, state) for state in STATES), ("version", "rows"), ("version", "newest")]
    wrong = sa.or_(*(getattr(Balance, ours) != sa.func.coalesce(kept.c[theirs], 0) for ours, theirs in pairs))
    apart = (
        sa.select(col(Balance.item_id), col(Balance.node_id)).select_from(Balance).outerjoin(kept, same).where(wrong)
    )
    for row in session.execute(apart):
        yield f"item {row.item_id} at node {row.node_id}: the balance is not the sum of its movements"


def unexplained_claims(session: Session) -> Iterable[str]:
    """Every balance whose `reserved` is not the sum of the open claims on it."""
    opened = col(Reservation.quantity) - col(Reservation.consumed) - col(Reservation.released)
    held = (
        sa.select(col(Reservation.item_id), col(Reservation.node_id), sa.func.sum(opened).label("held"))
        .where(opened != 0)
        .group_by(col(Reservation.item_id), col(Reservation.node_id))
        .subquery()
    )
    same = sa.and_(held.c.item_id == Balance.item_id, held.c.node_id == Balance.node_id)
    apart = (
        sa.select(
            col(Balance.item_id),
            col(Balance.node_id),
            col(Balance.reserved),
            sa.func.coalesce(held.c.held, 0).label("held"),
        )
        .select_from(Balance)
        .outerjoin(held, same)
        .where(col(Balance.reserved) != sa.func.coalesce(held.c.held, 0))
    )
    for row in session.execute(apart):
        yield f"item {row.item_id} at node {row.node_id}: {row.reserved} reserved, but claims hold {row.held}"
