"""What makes somebody count: a unit nobody found, books that cannot be right, systems that differ, the plan."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.oms.correction import Counted
from app.oms.discrepancy import SnapshotDiffered
from app.oms.item import Place
from app.oms.order_line import OrderLine
from app.oms.shortfall import Shortfall, ShortfallEased, StockFellShort
from app.people.store import Store, opening_hours
from app.pickup import count as counts
from app.pickup import short_picks
from app.pickup.count import CountCause, StockCount
from app.pickup.task_events import ShortTakenBack, UnitsShort

MOST_AT_ONCE = 200
MOST_DIFFERING = 20
"""A whole file that differs is a fault of the file: nobody counts a whole store for it."""


def short_pick(session: Session, event: UnitsShort) -> None:
    """Units that were promised are not there: are they anywhere?"""
    item_id = session.get_one(OrderLine, event.line_id).item_id
    counts.open_for(session, store_id=event.store_id, item_id=item_id, cause=CountCause.SHORT_PICK,
                    actor=event.actor, at=event.at)  # fmt: skip


def short_taken_back(session: Session, event: ShortTakenBack) -> None:
    """Found after all: a count nobody has begun is not needed, unless the item is missed by another order."""
    item_id = session.get_one(OrderLine, event.line_id).item_id
    waiting = select(StockCount).where(
        StockCount.store_id == event.store_id, StockCount.item_id == item_id, StockCount.cause == CountCause.SHORT_PICK,
        col(StockCount.ended_at).is_(None), col(StockCount.counter_id).is_(None), col(StockCount.first_by).is_(None),
    )  # fmt: skip
    # Who is at this very moment ending it holds its row, and waits for the order that is held here: leave it to them.
    count = session.exec(waiting.with_for_update(skip_locked=True)).one_or_none()
    if count is not None and not short_picks.missed_here(session, event.store_id, item_id):
        count.drop(reason="found after all", actor=event.actor, at=event.at)


def snapshot_differed(session: Session, event: SnapshotDiffered) -> None:
    """Another system sees it otherwise: its word stands in the books until somebody has looked."""
    if event.store_id is not None and _differing(session, event.store_id) < MOST_DIFFERING:
        counts.open_for(session, store_id=event.store_id, item_id=event.item_id, cause=CountCause.DISCREPANCY,
                        actor=event.actor, at=event.at)  # fmt: skip


def _differing(session: Session, store_id: int) -> int:
    here = select(sa.func.count()).select_from(StockCount).where(
        StockCount.store_id == store_id, StockCount.cause == CountCause.DISCREPANCY, col(StockCount.ended_at).is_(None)
    )  # fmt: skip
    return session.exec(here).one()


def fell_short(session: Session, event: StockFellShort) -> None:
    """More is promised than there is, or less than nothing: some fact is missing or wrong."""
    if event.store_id is not None:
        counts.open_for(session, store_id=event.store_id, item_id=event.item_id, cause=_cause_of(event.units),
                        actor=event.actor, at=event.at)  # fmt: skip


def shortfall_eased(session: Session, event: ShortfallEased) -> None:
    """It came right by itself: a count nobody has begun is not needed any more."""
    if event.store_id is None or event.units or event.below_zero:
        return
    waiting = select(StockCount).where(
        StockCount.store_id == event.store_id, StockCount.item_id == event.item_id,
        col(StockCount.cause).in_([CountCause.SHORTFALL, CountCause.NEGATIVE]),
        col(StockCount.ended_at).is_(None), col(StockCount.counter_id).is_(None), col(StockCount.first_by).is_(None),
    )  # fmt: skip
    count = session.exec(waiting.with_for_update(skip_locked=True)).one_or_none()
    if count is not None:
        count.drop(reason="came right by itself", actor=event.actor, at=event.at)


def open_impossible(session: Session, *, at: datetime) -> int:
    """What fell short while somebody was ending a count of it is counted again; what was looked at since is not."""
    same = sa.and_(col(StockCount.store_id) == Shortfall.node_id, col(StockCount.item_id) == Shortfall.item_id)
    is_known = sa.or_(col(StockCount.ended_at).is_(None), col(StockCount.ended_at) >= col(Shortfall.since))
    short = (
        select(Shortfall.node_id, Shortfall.item_id, Shortfall.units)
        .join(Store, col(Store.id) == col(Shortfall.node_id))
        .where(~sa.exists().where(same, is_known))
        .limit(MOST_AT_ONCE)
    )
    found = session.exec(short).all()
    for store_id, item_id, units in found:
        _open(session, store_id, item_id, _cause_of(units), at=at)
    return len(found)


def _cause_of(units: int) -> CountCause:
    return CountCause.SHORTFALL if units else CountCause.NEGATIVE


def open_plan(session: Session, *, at: datetime) -> int:
    """Each day a store counts a few items, those longest uncounted first, as soon as it has opened."""
    opened = 0
    for store in session.exec(select(Store).where(Store.daily_counts > 0)):
        hours = opening_hours(session, store)
        if hours.is_open(at):
            opened += _open_plan(session, store, since=_midnight(at, hours.zone), at=at)
    return opened


def _open_plan(session: Session, store: Store, *, since: datetime, at: datetime) -> int:
    planned = select(sa.func.count()).select_from(StockCount).where(
        StockCount.store_id == store.id, StockCount.cause == CountCause.PLAN, StockCount.opened_at >= since
    )  # fmt: skip
    missing = store.daily_counts - session.exec(planned).one()
    if missing <= 0:
        return 0
    uncounted = (
        select(Place.item_id)
        .outerjoin(Counted, sa.and_(col(Counted.item_id) == Place.item_id, col(Counted.node_id) == Place.node_id))
        .where(Place.node_id == store.id, ~_is_being_counted(Place.node_id, Place.item_id))
        .where(sa.or_(col(Counted.as_of).is_(None), col(Counted.as_of) < since))
        .order_by(col(Counted.as_of).is_not(None), col(Counted.as_of), col(Place.item_id))
        .limit(missing)
    )
    found = session.exec(uncounted).all()
    for item_id in found:
        _open(session, store.id, item_id, CountCause.PLAN, at=at)
    return len(found)


def _midnight(at: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(at.astimezone(zone).date(), time(), zone)


def _is_being_counted(store_id: int, item_id: int) -> "sa.Exists":
    same = sa.and_(col(StockCount.store_id) == store_id, col(StockCount.item_id) == item_id)
    return sa.exists().where(same, col(StockCount.ended_at).is_(None))


def _open(session: Session, store_id: int, item_id: int, cause: CountCause, *, at: datetime) -> None:
    counts.open_for(session, store_id=store_id, item_id=item_id, cause=cause, actor="system", at=at)
