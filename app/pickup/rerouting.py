"""When an order's way changes: what a store could not find comes from elsewhere, and what does is not its to do."""

from typing import Any

from sqlmodel import Session, col, select

from app.oms import looking_again, routing_decision
from app.oms.order import Order
from app.oms.order_events import OrderReleased
from app.oms.order_line import OrderLine
from app.oms.routing_decision import UnitsMovedOn
from app.pickup import clock_face
from app.pickup import task as tasks
from app.pickup.short_picks import ShortPick
from app.pickup.task import PickupTask
from app.pickup.task_events import ShortTakenBack, TaskAskedForMore, TaskMoved, UnitsShort
from app.pickup.task_status import IN_HAND, TO_STAGE, TaskStatus

LEFT = frozenset({TaskStatus.MOVED, TaskStatus.UNFULFILLABLE, TaskStatus.SHIPPED})
"""Nothing to do here any more, until something is routed here again."""
DONE_PICKING = frozenset({*TO_STAGE, TaskStatus.PACKED})


def missed(session: Session, event: UnitsShort) -> None:
    """Nobody has to find a way by hand: another place is looked for by itself, and this one not asked again."""
    item_id = session.get_one(OrderLine, event.line_id).item_id
    routing_decision.refuse(session, order_id=event.order_id, node_id=event.store_id, item_ids=[item_id],
                            reason=event.reason, at=event.at)  # fmt: skip
    looking_again.ask(session.get_one(Order, event.order_id), at=event.at)


def found(session: Session, event: ShortTakenBack) -> None:
    """It was there after all."""
    item_id = session.get_one(OrderLine, event.line_id).item_id
    routing_decision.forgive(session, order_id=event.order_id, node_id=event.store_id, item_id=item_id)


def moved_on(session: Session, event: UnitsMovedOn) -> None:
    """What another place sends is neither missing here nor to be picked."""
    task = session.exec(select(PickupTask).where(PickupTask.fulfilment_id == event.fulfilment_id)).one_or_none()
    if task is None:
        return
    for missing in session.exec(select(ShortPick).where(ShortPick.task_id == task.id, _stands())):
        if not _is_short(task.order, missing.line_id):
            missing.taken_back_at = event.at
    if task.status in (TaskStatus.REQUESTED, *IN_HAND, TaskStatus.UNFULFILLABLE):
        _less_to_do(task, event)


def _less_to_do(task: PickupTask, event: UnitsMovedOn) -> None:
    status = _after(task)
    if status == TaskStatus.MOVED:
        clock_face.end(task)
    elif status != TaskStatus.REQUESTED:
        clock_face.stop(task, at=event.at)
    task.become(status, TaskMoved, by=event.actor, at=event.at)


def reopen(session: Session, event: OrderReleased) -> None:
    """A place that had nothing left to do for an order, or nothing to pick, is asked for more of it."""
    for task in tasks.all_of(session, event.order_id):
        if task.status in (*LEFT, *DONE_PICKING) and task.units("reserved"):
            _ask_again(session, task, event)


def _ask_again(session: Session, task: PickupTask, event: OrderReleased) -> None:
    """Whoever has the bag or the parcel in hand goes on with it; what has left is followed by another."""
    if task.status in LEFT:
        task.ask_again(session, by=event.actor, at=event.at)
    else:
        task.parcels = 0
        task.become(TaskStatus.PICKING, TaskAskedForMore, by=event.actor, at=event.at)


def _after(task: PickupTask) -> TaskStatus:
    if task.units("reserved"):
        return TaskStatus.PICKING if task.status == TaskStatus.UNFULFILLABLE else task.status
    return TaskStatus.PICKED if task.units("picked") + task.units("packed") else TaskStatus.MOVED


def _is_short(order: Order, line_id: int) -> bool:
    return any(line.short for line in order.lines if line.id == line_id)


def _stands() -> Any:
    return col(ShortPick.taken_back_at).is_(None)
