"""Holds that have run out, let go in sets: by the clock's sweep, and by admission before it says no."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import rows
from app.oms import inventory
from app.oms.balance import Key
from app.oms.inventory import Cause, Change, Page, Reason
from app.oms.reservation import Reservation, ReservationState

MOST = 1000
"""So many at once, so that nobody who waits for one of these balances waits long."""

IS_SOFT = col(Reservation.state) == sa.bindparam(None, ReservationState.SOFT, literal_execute=True)
"""Written out: a parameter would hide from SQLite that the index of what runs out holds all that are asked for."""


def expire(session: Session, page: Page, *, at: datetime) -> int:
    """Let go soft holds that have run out on this page's balances, `MOST` at once; how many there were."""
    if not page.levels:
        return 0
    held = _out(session, page, at)
    for hold_id, item_id, node_id, key, left in held:
        document = key or f"reservation/{hold_id}"
        cause = Cause(reason=Reason.EXPIRED, document=document, actor="system", occurred_at=at, recorded_at=at)
        page.enter(Change(item_id=item_id, node_id=node_id, reserved=-left), cause)
    over = {"released": col(Reservation.quantity) - col(Reservation.consumed), "state": ReservationState.EXPIRED}
    ids = [hold[0] for hold in held]
    if ids:
        session.execute(sa.update(Reservation).where(col(Reservation.id).in_(ids)).values(**over))
    return len(held)


def _out(session: Session, page: Page, at: datetime) -> list[tuple[int, int, int, str | None, int]]:
    """Id, item, node, key and what is still open of each, its row locked after its balance."""
    items, nodes = zip(*sorted(page.levels), strict=True)
    keys = rows.given({"item_id": items, "node_id": nodes})
    same = sa.and_(col(Reservation.item_id) == keys.c.item_id, col(Reservation.node_id) == keys.c.node_id)
    left = col(Reservation.quantity) - col(Reservation.consumed) - col(Reservation.released)
    wanted = [col(getattr(Reservation, name)) for name in ("id", "item_id", "node_id", "admission_key")]
    found = sa.select(*wanted, left).select_from(Reservation).join(keys, same)
    out = found.where(IS_SOFT, col(Reservation.expires_at) <= at).limit(MOST).with_for_update(of=Reservation)
    return [tuple(row) for row in session.execute(out)]


def run_out(session: Session, at: datetime) -> list[Key]:
    """Balances with holds that have run out, the longest overdue first."""
    due = (
        select(Reservation.item_id, Reservation.node_id)
        .where(IS_SOFT, col(Reservation.expires_at) <= at)
        .order_by(col(Reservation.expires_at))
        .limit(MOST)
    )
    return list(dict.fromkeys((item_id, node_id) for item_id, node_id in session.exec(due)))


def sweep(session: Session, keys: Iterable[Key], *, at: datetime) -> int:
    """Let go what has run out on these balances, `MOST` at once; safe to run twice, and beside admission."""
    page = inventory.open_page(session, keys, is_making=False)
    ended = expire(session, page, at=at)
    page.save()
    return ended
