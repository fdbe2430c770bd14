"""Putting a cancelled order back: each unit is on sale again only when it was scanned back to its shelf."""

from datetime import datetime

from sqlmodel import Session

from app.oms import reservation
from app.oms.inventory import Reason
from app.oms.order_events import OrderCancelled
from app.oms.order_line import OrderLine
from app.pickup import clock_face
from app.pickup import task as tasks
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_events import TaskCancelled, TaskPutBack, UnitPutBack
from app.pickup.task_status import ENDED, TaskStatus

OFF_THE_SHELF = ("staged", "packed", "picked")


def order_cancelled(session: Session, event: OrderCancelled) -> None:
    """The order was called off: its tasks leave the ladder, and what is in a bag or parcel waits to be put back."""
    for task in tasks.all_of(session, event.order_id):
        if task.status not in ENDED:
            _call_off(task, event)


def in_hand(task: PickupTask) -> int:
    """How many things are off their shelf, in the bag, in a parcel, or where the bag waits."""
    return sum(task.units(place) for place in OFF_THE_SHELF)


def _call_off(task: PickupTask, event: OrderCancelled) -> None:
    in_bag = in_hand(task)
    clock_face.end(task)
    task.arrived_at = task.hold_until = None
    task.become(TaskStatus.CANCELLED, TaskCancelled, by=event.actor, at=event.at, to_put_back=in_bag)
    if not in_bag:
        task.become(TaskStatus.PUT_BACK, TaskPutBack, by=event.actor, at=event.at)


def put_back(session: Session, task: PickupTask, line: OrderLine, *, associate_id: int, at: datetime) -> None:
    """One piece, one scan, and what was weighed whole; the last one ends the task."""
    origin = next((place for place in OFF_THE_SHELF if getattr(line, place)), "picked")
    if task.status != TaskStatus.CANCELLED or getattr(line, origin) == 0:
        raise MovedOn(f"Nothing of {line.item.name} is left to put back.")
    back = getattr(line, origin) if line.item.is_weighed else 1
    line.move(origin, "cancelled", back)
    cause = task.order.cause(Reason.RELEASED, actor=f"associate/{associate_id}", at=at)
    reservation.release(session, [(reservation.of_line(session, line.id), back)], cause)
    task.become(TaskStatus.CANCELLED, UnitPutBack, by=associate_id, at=at, line_id=line.id)
    if not in_hand(task):
        task.location_id = None
        task.become(TaskStatus.PUT_BACK, TaskPutBack, by=associate_id, at=at)
