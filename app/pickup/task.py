"""A pickup task: one order at one store, from request to collection."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Relationship, Session, SQLModel, col, select

from app import db
from app.events.log import Eventful
from app.oms import order as orders
from app.oms.order import Order
from app.oms.order_line import Fulfilment, FulfilmentKind, OrderLine
from app.people.associate import Associate
from app.pickup import clock_face
from app.pickup.clock_face import ClockFace
from app.pickup.policy import WindowKind
from app.pickup.task_events import AcknowledgementTakenBack, TaskAcknowledged, TaskEvent, TaskOpened, TaskTakenOver
from app.pickup.task_status import IN_HAND, TaskStatus
from app.refusals import Refusal


class AlreadyAcknowledged(Refusal):
    """Somebody was first."""


class NotPaidFor(Refusal):
    """Nobody begins while the payment does not stand; what is in hand already may be finished and put down."""


class MovedOn(Refusal):
    """The task is no longer where this act would make sense."""


UNPAID = "payment"
"""Why it is held: nobody may begin, and nobody is blamed for that."""
TIMED: dict[str, Any] = {f"{dialect}_where": sa.text("next_at IS NOT NULL") for dialect in ("sqlite", "postgresql")}


class PickupTask(Eventful, ClockFace, table=True):
    """The work of one order at one store. Verbs expect the order's row to be locked (`locked`)."""

    __tablename__ = "pickup_task"
    __table_args__ = (
        *(sa.CheckConstraint(check, name=name) for name, check in clock_face.CHECKS.items()),
        sa.Index("task_next", "next_at", **TIMED),
        sa.Index("task_live", "store_id", **TIMED),
        sa.Index("task_board", "store_id", "status"),
    )

    id: int = Field(default=None, primary_key=True)
    fulfilment_id: int = Field(foreign_key="fulfilment.id", unique=True)
    order_id: int = Field(foreign_key="order.id", index=True)
    store_id: int = Field(foreign_key="store.id")
    status: TaskStatus = Field(default=TaskStatus.REQUESTED, sa_type=db.choice(TaskStatus))
    version: int = 1
    opened_at: datetime
    promised_at: datetime
    """By when the store has to be done: with the bag on its shelf, or its parcels with the carrier."""
    owner_id: int | None = Field(default=None, foreign_key="associate.id")
    location_id: int | None = Field(default=None, foreign_key="staging_location.id")
    staged_at: datetime | None = None
    hold_until: datetime | None = None
    hold_extended_at: datetime | None = None
    expired_at: datetime | None = None
    arrived_at: datetime | None = None
    spot: str | None = None
    parcels: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Into how many it is packed, once it is."""
    handoffs: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often somebody passed it on."""
    declined_by: list[int] = Field(default_factory=list, sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"})
    """Who passed it on, and is not asked again."""
    ack_step: int | None = None
    """How far its ladder had been climbed when somebody said "mine"."""

    order: Order = Relationship()
    fulfilment: Fulfilment = Relationship()
    owner: Associate | None = Relationship()

    @property
    def is_ship(self) -> bool:
        """Packed and given to a carrier; else its customer comes for it."""
        return self.fulfilment.kind == FulfilmentKind.SHIP

    @property
    def lines(self) -> list[OrderLine]:
        return [line for line in self.order.lines if line.fulfilment_id == self.fulfilment_id]

    def units(self, place: str) -> int:
        """How many things of the order are in this place: reserved, picked, short, staged …"""
        return sum(line.count(place) for line in self.lines)

    def acknowledge(self, *, associate_id: int, at: datetime) -> None:
        """The first associate to say "mine" owns the task until it is staged or given back."""
        if self.status != TaskStatus.REQUESTED:
            raise AlreadyAcknowledged(self._who_has_it(associate_id))
        if not self.order.is_paid_enough:
            raise NotPaidFor(f"The payment for order {self.order.number} failed. Leave it until that is settled.")
        is_on_time = self.window_due_at is None or at <= self.window_due_at
        waited = int((at - self.opened_at).total_seconds())
        self.owner_id, self.ack_step = associate_id, self.step
        clock_face.stop(self, at=at)
        self.become(
            TaskStatus.ACCEPTED,
            TaskAcknowledged,
            by=associate_id,
            at=at,
            on_time=is_on_time,
            waited_s=waited,
            cycle=self.cycle,
        )
        sa.inspect(self).session.add(
            Acknowledgement(task_id=self.id, cycle=self.cycle, associate_id=associate_id, at=at)
        )

    def give_back(self, session: Session, *, associate_id: int, at: datetime) -> None:
        """Taken back before anything was picked: the task is open again, with a window of its own."""
        if self.status != TaskStatus.ACCEPTED or self.units("short"):
            raise MovedOn(f"Order {self.order.number} is being picked; it can't be given back any more.")
        self._wait_anew(session, at=at)
        self.become(TaskStatus.REQUESTED, AcknowledgementTakenBack, by=associate_id, at=at)

    def ask_again(self, session: Session, *, by: str, at: datetime) -> None:
        """The store had nothing left to do for the order, and now it has, under what is in force now."""
        self.policy_version_id = None
        self._wait_anew(session, at=at)
        self.become(TaskStatus.REQUESTED, TaskOpened, by=by, at=at, policy_version_id=self.policy_version_id)
        clock_face.watch(self, self.order.promised_at, at=at)

    def _wait_anew(self, session: Session, *, at: datetime) -> None:
        is_paid = self.order.is_paid_enough
        self.owner_id = None
        clock_face.start(session, self, WindowKind.ACK, at=at)
        if not is_paid:
            clock_face.hold(self, UNPAID, at=at)

    def take_over(self, *, associate_id: int, at: datetime) -> None:
        """A colleague goes on with a task in hand; the record shows from whom."""
        if self.status not in IN_HAND or self.owner_id in (None, associate_id):
            return
        before, self.owner_id = self.owner_id, associate_id
        self.become(self.status, TaskTakenOver, by=associate_id, at=at, from_associate_id=before)

    def become(self, status: TaskStatus, event: type[TaskEvent], *, by: int | str, at: datetime, **said: Any) -> str:
        """Change state, count the version up, and say what happened; the event's uid."""
        was, self.status, self.version = self.status, status, self.version + 1
        actor = f"associate/{by}" if isinstance(by, int) else by
        return self.tell(event, actor=actor, at=at, was=was, **said)

    def tell(self, event: type[TaskEvent], *, actor: str, at: datetime, was: TaskStatus, **said: Any) -> str:
        """Say what happened; alone, it leaves the version and with it the last act, which can still be taken back."""
        return self.happened(event(at=at, actor=actor, store_id=self.store_id, order_id=self.order_id, task_id=self.id,
                                   was=was, status=self.status, **said))  # fmt: skip

    def _who_has_it(self, asking: int) -> str:
        who = "you" if self.owner_id == asking else self.owner.short_name if self.owner else "somebody"
        if self.status in IN_HAND:
            return f"Order {self.order.number} is already being picked by {who}."
        return f"Order {self.order.number} is already {self.status}."


class Acknowledgement(SQLModel, table=True):
    """Who took a task, and when: one a cycle, and the primary key is what makes the first tap win."""

    __tablename__ = "acknowledgement"

    task_id: int = Field(foreign_key="pickup_task.id", primary_key=True)
    cycle: int = Field(primary_key=True)
    associate_id: int = Field(foreign_key="associate.id")
    at: datetime


def locked(session: Session, task_id: int) -> PickupTask:
    """The task with its order locked, read after the lock was granted; itself too, against the clock's rungs."""
    order_id = session.exec(select(PickupTask.order_id).where(PickupTask.id == task_id)).one()
    orders.locked(session, order_id)
    fresh = select(PickupTask).where(PickupTask.id == task_id).with_for_update(key_share=True)
    return session.exec(fresh.execution_options(populate_existing=True)).one()


def all_locked(session: Session, task_ids: Iterable[int]) -> list[PickupTask]:
    """In one order, and all before the first is changed: a change locks the board's numbers, which others wait for."""
    return [locked(session, task_id) for task_id in sorted(task_ids)]


def of_order(session: Session, order_id: int) -> PickupTask | None:
    """The work for the customer who collects it; none, when it is shipped."""
    found = select(PickupTask).join(Fulfilment, col(Fulfilment.id) == col(PickupTask.fulfilment_id))
    mine = found.where(PickupTask.order_id == order_id, Fulfilment.kind == FulfilmentKind.PICKUP)
    return session.exec(mine).one_or_none()


def all_of(session: Session, order_id: int) -> list[PickupTask]:
    """What every store has to do for it: several, when its parts are shipped from several."""
    return list(session.exec(select(PickupTask).where(PickupTask.order_id == order_id).order_by(col(PickupTask.id))))
