"""Short picks: units that were promised and are not there, until somebody finds them."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.oms import reservation
from app.oms.inventory import Reason
from app.oms.order_line import OrderLine
from app.pickup import clock_face, picking
from app.pickup.picking import AllPicked
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_events import ShortTakenBack, TaskUnfulfillable, UnitsShort
from app.pickup.task_status import IN_HAND, TaskStatus

REOPENED = frozenset({*IN_HAND, TaskStatus.PICKED, TaskStatus.UNFULFILLABLE})
"""While a task is in one of these, a unit that was missing may still go into its bag."""


class ShortReason(StrEnum):
    """Why a unit can't be picked: one tap, no typing."""

    NOT_FOUND = "not found"
    DAMAGED = "damaged"
    WRONG_PLACE = "wrong place"


class ShortPick(SQLModel, table=True):
    """Units of a line that could not be picked."""

    __tablename__ = "short_pick"
    __table_args__ = (sa.CheckConstraint("quantity > 0", name="some_are_short"),)

    id: int = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="pickup_task.id", index=True)
    line_id: int = Field(foreign_key="order_line.id")
    quantity: int
    reason: ShortReason = Field(sa_type=db.choice(ShortReason))
    associate_id: int = Field(foreign_key="associate.id")
    at: datetime
    taken_back_at: datetime | None = None


def short(
    session: Session, task: PickupTask, line: OrderLine, *, reason: ShortReason, associate_id: int, at: datetime
) -> None:
    """What is left of a line isn't there: not for this order, and not for sale to another until somebody counts.

    The stock moves before the task does, as in every act: whoever held the board's numbers and wanted stock would
    wait for a cancellation that waits for the numbers.
    """
    if task.status not in (TaskStatus.REQUESTED, *IN_HAND) or line.reserved == 0:
        raise AllPicked(f"Nothing of {line.item.name} is left to pick.")
    missing = line.reserved
    cause = task.order.cause(Reason.NOT_FOUND, actor=f"associate/{associate_id}", at=at)
    reservation.suppress(session, reservation.of_line(session, line.id), missing, cause)
    if task.status == TaskStatus.REQUESTED:
        task.acknowledge(associate_id=associate_id, at=at)
    task.take_over(associate_id=associate_id, at=at)
    line.move("reserved", "short", missing)
    session.add(
        ShortPick(task_id=task.id, line_id=line.id, quantity=missing, reason=reason, associate_id=associate_id, at=at)
    )
    after = picking.after_picking(task)
    if after == TaskStatus.UNFULFILLABLE:
        clock_face.end(task)
    task.become(after, UnitsShort, by=associate_id, at=at, line_id=line.id, quantity=missing, reason=reason)
    if after == TaskStatus.UNFULFILLABLE:
        task.become(after, TaskUnfulfillable, by=associate_id, at=at)


def take_short_back(session: Session, task: PickupTask, *, associate_id: int, at: datetime) -> None:
    """Found after all: the very units come back to the order."""
    last = select(ShortPick).where(ShortPick.task_id == task.id, col(ShortPick.taken_back_at).is_(None))
    newest = session.exec(last.order_by(col(ShortPick.id).desc()).limit(1)).one_or_none()
    if newest is None or task.status not in REOPENED or task.order.cancelled_at is not None:
        raise MovedOn(f"Order {task.order.number} has moved on.")
    found(session, task, newest, associate_id=associate_id, at=at)


def missed_here(session: Session, store_id: int, item_id: int) -> list[ShortPick]:
    """What of this item could not be picked in this store and is not made good yet, the most urgent order first."""
    waiting = (
        select(ShortPick)
        .join(OrderLine, col(OrderLine.id) == col(ShortPick.line_id))
        .join(PickupTask, col(PickupTask.id) == col(ShortPick.task_id))
        .where(PickupTask.store_id == store_id, OrderLine.item_id == item_id, col(ShortPick.taken_back_at).is_(None))
        .where(col(PickupTask.status).in_(REOPENED))
    )
    return list(session.exec(waiting.order_by(col(PickupTask.promised_at), col(ShortPick.id))))


def found(session: Session, task: PickupTask, missed: ShortPick, *, associate_id: int, at: datetime) -> None:
    """What was missing is there: it is to pick again."""
    missed.taken_back_at = at
    line = session.get_one(OrderLine, missed.line_id)
    cause = task.order.cause(Reason.FOUND, actor=f"associate/{associate_id}", at=at)
    reservation.unsuppress(session, reservation.of_line(session, line.id), missed.quantity, cause)
    line.move("short", "reserved", missed.quantity)
    left = picking.in_hand(task)
    if task.status == TaskStatus.UNFULFILLABLE:
        clock_face.watch(task, task.order.promised_at, at=at)
    task.become(left, ShortTakenBack, by=associate_id, at=at, line_id=line.id, quantity=missed.quantity)
