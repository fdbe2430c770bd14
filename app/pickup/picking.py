"""Picking: unit by unit into the bag."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from app.oms.item import Item
from app.oms.order_events import UnitsCancelled
from app.oms.order_line import OrderLine
from app.people.associate import Associate
from app.pickup import clock_face
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_events import PickTakenBack, TaskCutShort, TaskUnfulfillable, UnitPicked
from app.pickup.task_status import IN_HAND, ON_ITS_WAY, TaskStatus
from app.refusals import Refusal


class NotInThisOrder(Refusal):
    """The scanned thing is not what the customer bought."""


class AllPicked(Refusal):
    """There is no unit left to pick on this line."""


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
    task.become(after_picking(task), UnitPicked, by=associate_id, at=at, line_id=line.id, typed=typed)


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
    task.become(in_hand(task), PickTakenBack, by=associate_id, at=at, line_id=line.id)


def cut_short(session: Session, event: UnitsCancelled) -> None:
    """Less to pick: with the last of it gone the bag may be ready for its shelf, or have nothing to go into it."""
    line = session.get_one(OrderLine, event.line_id)
    task = session.exec(select(PickupTask).where(PickupTask.fulfilment_id == line.fulfilment_id)).one_or_none()
    if task is None or task.status not in (TaskStatus.REQUESTED, *IN_HAND, *ON_ITS_WAY):
        return
    is_waiting = task.status in ON_ITS_WAY or task.units("reserved")
    after = task.status if is_waiting else after_picking(task)
    if after == TaskStatus.UNFULFILLABLE:
        clock_face.end(task)
    elif after != task.status:
        clock_face.stop(task, at=event.at)
    task.become(after, TaskCutShort, by=event.actor, at=event.at, line_id=line.id, quantity=event.quantity)
    if after == TaskStatus.UNFULFILLABLE:
        task.become(after, TaskUnfulfillable, by=event.actor, at=event.at)


def after_picking(task: PickupTask) -> TaskStatus:
    """With nothing left to pick, ready for its shelf; or, with nothing in the bag either, not to be fulfilled."""
    if task.units("reserved"):
        return TaskStatus.PICKING
    return TaskStatus.PICKED if task.units("picked") + task.units("packed") else TaskStatus.UNFULFILLABLE


def in_hand(task: PickupTask) -> TaskStatus:
    """With something still to pick: has anybody begun?"""
    is_begun = any(task.units(place) for place in ("picked", "packed", "short"))
    return TaskStatus.PICKING if is_begun else TaskStatus.ACCEPTED


def _all_picked(session: Session, line: OrderLine) -> str:
    last = select(Pick).where(Pick.line_id == line.id, col(Pick.taken_back_at).is_(None)).order_by(col(Pick.id).desc())
    newest = session.exec(last.limit(1)).one_or_none()
    by = f" {session.get_one(Associate, newest.associate_id).short_name} picked the last one." if newest else ""
    return f"All {line.item.said(line.ordered - line.short)} of {line.item.name} are picked already.{by}"
