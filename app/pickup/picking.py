"""Picking: unit by unit into the bag, and saying so when a unit isn't there."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.oms import reservation
from app.oms.inventory import Reason
from app.oms.item import Item
from app.oms.order_events import UnitsCancelled
from app.oms.order_line import OrderLine
from app.people.associate import Associate
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_events import (
    PickTakenBack,
    ShortTakenBack,
    TaskCutShort,
    TaskUnfulfillable,
    UnitPicked,
    UnitsShort,
)
from app.pickup.task_status import IN_HAND, ON_ITS_WAY, TaskStatus
from app.refusals import Refusal

REOPENED = frozenset({*IN_HAND, TaskStatus.PICKED, TaskStatus.UNFULFILLABLE})
"""While a task is in one of these, a unit that was missing may still go into its bag."""


class NotInThisOrder(Refusal):
    """The scanned thing is not what the customer bought."""


class AllPicked(Refusal):
    """There is no unit left to pick on this line."""


class ShortReason(StrEnum):
    """Why a unit can't be picked: one tap, no typing."""

    NOT_FOUND = "not found"
    DAMAGED = "damaged"
    WRONG_PLACE = "wrong place"


class Pick(SQLModel, table=True):
    """One scan's worth put into the bag, by whom and how; taken back, it stays on record."""

    __tablename__ = "pick"

    id: int = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="pickup_task.id", index=True)
    line_id: int = Field(foreign_key="order_line.id")
    quantity: int = 1
    associate_id: int = Field(foreign_key="associate.id")
    typed: bool
    at: datetime
    taken_back_at: datetime | None = None


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


def line_for(task: PickupTask, item: Item) -> OrderLine:
    """The line a scanned item belongs to, or what the associate should be holding instead."""
    found = [line for line in task.lines if line.item_id == item.id]
    if found:  # by itself and in a set: the line that still wants some
        return next((line for line in found if line.reserved), found[0])
    raise NotInThisOrder(not_that(item, next((line.item for line in task.lines if line.reserved), None)))


def not_that(item: Item, wanted: Item | None) -> str:
    """Both are named to the detail: the wrong one is mostly the same thing in another size."""
    return f"That's {item.full_name}." + (f" You need {wanted.full_name}." if wanted else "")


def pick(session: Session, task: PickupTask, line: OrderLine, *, associate_id: int, typed: bool, at: datetime) -> None:
    """One piece, one scan; what is weighed comes whole. The last one makes the bag ready for its shelf."""
    if task.status == TaskStatus.REQUESTED:
        task.acknowledge(associate_id=associate_id, at=at)
    if task.status not in IN_HAND:
        raise MovedOn(f"Order {task.order.number} is already {task.status}.")
    if line.reserved == 0:
        raise AllPicked(_all_picked(session, line))
    task.take_over(associate_id=associate_id, at=at)
    taken = line.reserved if line.item.is_weighed else 1
    line.move("reserved", "picked", taken)
    session.add(Pick(task_id=task.id, line_id=line.id, quantity=taken, associate_id=associate_id, typed=typed, at=at))
    task.become(_after_picking(task), UnitPicked, by=associate_id, at=at, line_id=line.id, typed=typed)


def take_pick_back(session: Session, task: PickupTask, *, associate_id: int, at: datetime) -> None:
    """The newest unit goes back to its shelf; it stays reserved for this order."""
    last = select(Pick).where(Pick.task_id == task.id, col(Pick.taken_back_at).is_(None)).order_by(col(Pick.id).desc())
    newest = session.exec(last.limit(1)).one_or_none()
    if newest is None or task.status not in (TaskStatus.PICKING, TaskStatus.PICKED):
        raise MovedOn(f"Nothing of order {task.order.number} can be taken out of the bag now.")
    line = session.get_one(OrderLine, newest.line_id)
    if line.picked < newest.quantity:
        raise MovedOn(f"{line.item.name} is packed already. Take the packing back first.")
    newest.taken_back_at = at
    line.move("picked", "reserved", newest.quantity)
    task.become(_in_hand(task), PickTakenBack, by=associate_id, at=at, line_id=line.id)


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
    after = _after_picking(task)
    if after == TaskStatus.UNFULFILLABLE:
        task.late_at = None
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
    left = _in_hand(task)
    if task.status == TaskStatus.UNFULFILLABLE:
        task.late_at = task.order.promised_at
    task.become(left, ShortTakenBack, by=associate_id, at=at, line_id=line.id, quantity=missed.quantity)


def cut_short(session: Session, event: UnitsCancelled) -> None:
    """Less to pick: with the last of it gone the bag may be ready for its shelf, or have nothing to go into it."""
    line = session.get_one(OrderLine, event.line_id)
    task = session.exec(select(PickupTask).where(PickupTask.fulfilment_id == line.fulfilment_id)).one_or_none()
    if task is None or task.status not in (TaskStatus.REQUESTED, *IN_HAND, *ON_ITS_WAY):
        return
    is_waiting = task.status in ON_ITS_WAY or task.units("reserved")
    after = task.status if is_waiting else _after_picking(task)
    if after == TaskStatus.UNFULFILLABLE:
        task.late_at = task.escalates_at = None
    task.become(after, TaskCutShort, by=event.actor, at=event.at, line_id=line.id, quantity=event.quantity)
    if after == TaskStatus.UNFULFILLABLE:
        task.become(after, TaskUnfulfillable, by=event.actor, at=event.at)


def _after_picking(task: PickupTask) -> TaskStatus:
    if task.units("reserved"):
        return TaskStatus.PICKING
    return TaskStatus.PICKED if task.units("picked") + task.units("packed") else TaskStatus.UNFULFILLABLE


def _in_hand(task: PickupTask) -> TaskStatus:
    """With something still to pick: has anybody begun?"""
    is_begun = any(task.units(place) for place in ("picked", "packed", "short"))
    return TaskStatus.PICKING if is_begun else TaskStatus.ACCEPTED


def _all_picked(session: Session, line: OrderLine) -> str:
    last = select(Pick).where(Pick.line_id == line.id, col(Pick.taken_back_at).is_(None)).order_by(col(Pick.id).desc())
    newest = session.exec(last.limit(1)).one_or_none()
    by = f" {session.get_one(Associate, newest.associate_id).short_name} picked the last one." if newest else ""
    return f"All {line.item.said(line.ordered - line.short)} of {line.item.name} are picked already.{by}"
