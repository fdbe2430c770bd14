"""A count: how much of an item is really there, found by somebody who isn't told what the books say."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Relationship, Session, SQLModel, col, select

from app import db
from app.events.log import Eventful
from app.oms.item import Item
from app.people.associate import Associate
from app.pickup.count_events import CountDropped, CountEvent, CountOpened
from app.refusals import Refusal


class CountOver(Refusal):
    """What was counted is in the books; only another count changes it."""


class CountTaken(Refusal):
    """Two people counting one shelf count it twice."""


class NotTheSamePerson(Refusal):
    """A recount by the same eyes proves nothing."""


class CountCause(StrEnum):
    """Why somebody has to look."""

    SHORT_PICK = "short pick"
    NEGATIVE = "negative stock"
    SHORTFALL = "more promised than there"
    DISCREPANCY = "discrepancy"
    PLAN = "plan"
    STARTED = "started here"


class CountStatus(StrEnum):
    """Open until the books are put right; in between another person may have to count again."""

    OPEN = "open"
    RECOUNT = "recount"
    POSTED = "posted"
    DROPPED = "dropped"


class StockCount(Eventful, SQLModel, table=True):
    """One item to count in one store; while it lives, nothing opens a second one."""

    __tablename__ = "stock_count"
    __table_args__ = (
        sa.Index("one_living_count_an_item", "store_id", "item_id", unique=True,
                 sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index("counts_of_day", "store_id", "cause", "opened_at"),
        sa.CheckConstraint("(ended_at IS NULL) = (status IN ('open', 'recount'))", name="ended_when_over"),
        sa.CheckConstraint("first_by IS NULL OR counter_id IS NULL OR first_by <> counter_id", name="two_people"),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True)
    store_id: int = Field(foreign_key="store.id")
    item_id: int = Field(foreign_key="item.id")
    cause: CountCause = Field(sa_type=db.choice(CountCause))
    status: CountStatus = Field(default=CountStatus.OPEN, sa_type=db.choice(CountStatus))
    opened_at: datetime
    counter_id: int | None = Field(default=None, foreign_key="associate.id")
    """Who is counting now; null when nobody has begun."""
    as_of: datetime | None = None
    """The instant of the last scan: the instant this count speaks of."""
    in_bags: int = 0
    """Units that stood in bags and parcels at that instant: in the books, and not where somebody counts."""
    first_by: int | None = Field(default=None, foreign_key="associate.id")
    first_counted: int | None = None
    ended_at: datetime | None = None
    counted: int | None = None
    wrong_by: int | None = None

    item: Item = Relationship()

    @property
    def document(self) -> str:
        return f"count/{self.id}"

    def say(self, event: type[CountEvent], actor: str, at: datetime, **said: Any) -> None:
        self.happened(event(at=at, actor=actor, count_id=self.id, store_id=self.store_id, item_id=self.item_id, **said))

    def begin(self, session: Session, *, associate_id: int) -> None:
        """Whoever scans first counts to the end, unless somebody begins again."""
        self.refuse_over()
        if associate_id == self.first_by:
            raise NotTheSamePerson("You have counted this already. Somebody else has to count it again.")
        if self.counter_id not in (None, associate_id):
            name = session.get_one(Associate, self.counter_id).short_name
            raise CountTaken(f"{name} is counting this. Begin again if you are to go on alone.")
        self.counter_id = associate_id

    def drop(self, *, reason: str, actor: str, at: datetime) -> None:
        self.refuse_over()
        self.status, self.ended_at = CountStatus.DROPPED, at
        self.say(CountDropped, actor, at, reason=reason)

    def refuse_over(self) -> None:
        if self.ended_at is not None:
            raise CountOver(f"This count is already {self.status}.")


def open_for(
    session: Session, *, store_id: int, item_id: int, cause: CountCause, actor: str, at: datetime
) -> StockCount:
    """A count of this item, unless one lives already: then that one."""
    living = select(StockCount).where(StockCount.store_id == store_id, StockCount.item_id == item_id,
                                      col(StockCount.ended_at).is_(None))  # fmt: skip
    known = session.exec(living).one_or_none()
    if known is not None:  # whoever ends it this moment may want the stock that is held here: nobody waits for them
        return known
    values = {"store_id": store_id, "item_id": item_id, "cause": cause, "status": CountStatus.OPEN, "opened_at": at,
              "in_bags": 0}  # fmt: skip
    made = db.insert(session, StockCount).values(**values).on_conflict_do_nothing().returning(col(StockCount.id))
    is_new = session.execute(made).scalar_one_or_none() is not None
    count = session.exec(living).one()
    if is_new:
        count.say(CountOpened, actor, at, cause=cause.value)
    return count


def locked(session: Session, count_id: int) -> StockCount | None:
    fresh = select(StockCount).where(StockCount.id == count_id).with_for_update()
    return session.exec(fresh.execution_options(populate_existing=True)).one_or_none()


def living(session: Session, store_id: int) -> list[StockCount]:
    """The store's counts, oldest first."""
    here = select(StockCount).where(StockCount.store_id == store_id, col(StockCount.ended_at).is_(None))
    return list(session.exec(here.order_by(col(StockCount.opened_at), col(StockCount.id))))
