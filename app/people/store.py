"""A region and its stores: where they are, when they are open, how long things may take there."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.people.hours import DayRule, OpeningHours

WARN_AFTER_S = 60
LOCK_AFTER_S = 90


class Region(SQLModel, table=True):
    """A set of stores with a regional manager."""

    __tablename__ = "region"

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    name: str
    mailbox: str | None = None
    """Where a letter for the region goes when nobody is on duty."""


class Store(SQLModel, table=True):
    """A shop where customers collect. Its id is the id of its node: a store *is* a place that holds stock."""

    __tablename__ = "store"
    __table_args__ = (
        sa.CheckConstraint("ack_window_s > 0 AND answer_window_s > 0 AND hold_days > 0", name="windows_are_positive"),
        sa.CheckConstraint("pickup_capacity > 0", name="capacity_is_positive"),
        sa.CheckConstraint("warn_after_s > 0 AND lock_after_s > warn_after_s", name="warned_before_locked"),
    )

    id: int = Field(primary_key=True, foreign_key="node.id")
    region_id: int = Field(foreign_key="region.id", index=True)
    code: str = Field(unique=True)
    name: str
    time_zone: str
    address: str = ""
    directions: str = ""
    phone: str = ""
    ack_window_s: int = 300
    answer_window_s: int = 600
    hold_days: int = 5
    pickup_capacity: int = 30
    """Orders an hour this store can put together."""
    daily_counts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """So many items the store counts each day without being asked."""
    warn_after_s: int = Field(default=WARN_AFTER_S, sa_column_kwargs={"server_default": str(WARN_AFTER_S)})
    mailbox: str | None = None
    """Where a letter for the store goes when nobody is on duty."""
    hours_version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """Counts the changes of its opening hours."""
    lock_after_s: int = Field(default=LOCK_AFTER_S, sa_column_kwargs={"server_default": str(LOCK_AFTER_S)})
    """Idle seconds until a tablet asks whether somebody is there, and until it locks."""

    @property
    def title(self) -> str:
        return f"{self.name} {self.code}"


class StoreHours(SQLModel, table=True):
    """An opening on a weekday (0 is Monday), in local minutes; `closes_min` up to `opens_min` is past midnight."""

    __tablename__ = "store_hours"

    id: int = Field(default=None, primary_key=True)
    store_id: int = Field(foreign_key="store.id", index=True)
    weekday: int = Field(ge=0, le=6)
    opens_min: int
    closes_min: int


class StoreException(SQLModel, table=True):
    """What a date does instead of its weekday; without minutes the store stays closed."""

    __tablename__ = "store_exception"
    __table_args__ = (sa.CheckConstraint("(opens_min IS NULL) = (closes_min IS NULL)", name="open_and_close_together"),)

    store_id: int = Field(foreign_key="store.id", primary_key=True)
    day: date = Field(primary_key=True)
    opens_min: int | None = None
    closes_min: int | None = None


def opening_hours(session: Session, store: Store) -> OpeningHours:
    """The store's hours as a value that can be reckoned with."""
    return all_hours(session, [store])[store.id]


def all_hours(session: Session, stores: Collection[Store]) -> dict[int, OpeningHours]:
    """The hours of each of these stores, in two questions."""
    ids = [store.id for store in stores]
    weekly: dict[int, dict[int, list[DayRule]]] = {store_id: {} for store_id in ids}
    rules = select(StoreHours).where(col(StoreHours.store_id).in_(ids)).order_by(col(StoreHours.opens_min))
    for row in session.exec(rules):
        weekly[row.store_id].setdefault(row.weekday, []).append(DayRule(row.opens_min, row.closes_min))
    exceptions: dict[int, dict[date, list[DayRule]]] = {store_id: {} for store_id in ids}
    for special in session.exec(select(StoreException).where(col(StoreException.store_id).in_(ids))):
        rule = [] if special.opens_min is None else [DayRule(special.opens_min, special.closes_min or 0)]
        exceptions[special.store_id][special.day] = rule
    return {store.id: OpeningHours.of(store.time_zone, weekly[store.id], exceptions[store.id]) for store in stores}


def due_after(session: Session, store_id: int, *, at: datetime, window: timedelta) -> datetime:
    """The instant at which `window` of this store's opening time has passed since `at`."""
    return opening_hours(session, session.get_one(Store, store_id)).add_open(at, window)
