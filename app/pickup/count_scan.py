"""Counting: scan by scan, each kept at once, and what may be taken back."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.oms.order_line import OrderLine
from app.pickup.count import CountStatus, StockCount
from app.pickup.task import PickupTask
from app.pickup.task_status import LANE_OF, ON_ITS_WAY
from app.refusals import Refusal

MOST_AT_ONCE = 100_000


class NothingToTakeBack(Refusal):
    """Nothing was scanned yet."""


class AbsurdAmount(Refusal):
    """More than fits into a store, or nothing at all."""

    status = 422


class CountScan(SQLModel, table=True):
    """What was scanned or typed in one go; taken back, it stays on record."""

    __tablename__ = "count_scan"
    __table_args__ = (sa.CheckConstraint("quantity > 0", name="something_was_counted"),)

    id: int = Field(default=None, primary_key=True)
    count_id: int = Field(foreign_key="stock_count.id", index=True)
    is_recount: bool
    associate_id: int = Field(foreign_key="associate.id")
    quantity: int
    typed: bool
    at: datetime
    taken_back_at: datetime | None = None


def scan(session: Session, count: StockCount, quantity: int, *, associate_id: int, typed: bool, at: datetime) -> None:
    """So many more, as they are taken into the hand; kept at once, so that no battery and no colleague loses it."""
    if not 0 < quantity <= MOST_AT_ONCE:
        raise AbsurdAmount("Type how many there are: a number above nothing.")
    count.begin(session, associate_id=associate_id)
    session.add(CountScan(count_id=count.id, is_recount=count.status == CountStatus.RECOUNT,
                          associate_id=associate_id, quantity=quantity, typed=typed, at=at))  # fmt: skip
    look(session, count, at=at)


def take_back(session: Session, count: StockCount, *, associate_id: int, at: datetime) -> None:
    """The last scan was one too many."""
    count.begin(session, associate_id=associate_id)
    standing = scans(session, count)
    if not standing:
        raise NothingToTakeBack("Nothing has been scanned yet.")
    standing[-1].taken_back_at = at
    look(session, count, at=at)


def begin_again(session: Session, count: StockCount, *, associate_id: int, at: datetime) -> None:
    """From nothing: by whoever lost the thread, or takes over from somebody who left."""
    count.counter_id = None
    count.begin(session, associate_id=associate_id)
    for each in scans(session, count):
        each.taken_back_at = at
    look(session, count, at=at)


def scans(session: Session, count: StockCount) -> Sequence[CountScan]:
    """What stands of the count that is under way, oldest first."""
    under_way = select(CountScan).where(
        CountScan.count_id == count.id, CountScan.is_recount == (count.status == CountStatus.RECOUNT),
        col(CountScan.taken_back_at).is_(None),
    )  # fmt: skip
    return session.exec(under_way.order_by(col(CountScan.id))).all()


def look(session: Session, count: StockCount, *, at: datetime) -> None:
    """Keep the instant, and what is in bags and parcels at it: both are gone when the count is posted."""
    off_the_shelf = col(OrderLine.picked) + col(OrderLine.packed) + col(OrderLine.staged)
    in_bags = sa.func.coalesce(sa.func.sum(off_the_shelf), 0)
    here = (
        sa.select(in_bags)
        .join(PickupTask, col(PickupTask.fulfilment_id) == col(OrderLine.fulfilment_id))
        .where(col(PickupTask.store_id) == count.store_id, col(PickupTask.status).in_([*LANE_OF, *ON_ITS_WAY]))
        .where(col(OrderLine.item_id) == count.item_id)
    )
    session.flush()
    count.as_of, count.in_bags = at, int(session.execute(here).scalar_one())
