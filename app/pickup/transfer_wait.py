"""An order that waits for a delivery: its task stands aside until the goods are there, and goes on from the bag."""

from sqlmodel import Session, select

from app.oms import transfer as transfers
from app.oms.order import Order
from app.oms.order_line import Fulfilment, OrderLine
from app.oms.transfer import TransferLine
from app.oms.transfer_events import (
    TransferCancelled,
    TransferEvent,
    TransferReceived,
    TransferRequested,
    TransferShipped,
)
from app.pickup import clock_face
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_events import (
    TaskAwaitsTransfer,
    TaskInTransit,
    TaskOpened,
    TaskReceived,
    TaskUnfulfillable,
)
from app.pickup.task_status import IN_HAND, ON_ITS_WAY, TaskStatus


def begin(session: Session, event: TransferRequested) -> None:
    """The store hears of the order, and has nothing to do for it yet."""
    if event.order_id is None:
        return
    task = _task(session, event)
    if task is None:
        _open(session, event)
    elif task.status == TaskStatus.UNFULFILLABLE:
        clock_face.watch(task, task.promised_at if task.promised_at > event.at else None, at=event.at)
        task.become(TaskStatus.AWAITING_TRANSFER, TaskAwaitsTransfer, by=event.actor, at=event.at)
    elif task.status in (TaskStatus.REQUESTED, *IN_HAND) and _is_all_coming(session, task):
        clock_face.stop(task, at=event.at)
        task.become(TaskStatus.AWAITING_TRANSFER, TaskAwaitsTransfer, by=event.actor, at=event.at)
    elif task.status not in ON_ITS_WAY:
        raise MovedOn(f"Order {task.order.number} is already {task.status}.")


def _is_all_coming(session: Session, task: PickupTask) -> bool:
    """Nothing of it is kept at the store any more, nor in a bag there."""
    coming = sum(line.requested for each in transfers.living_for(session, task.order_id) for line in each.lines)
    return coming == sum(line.reserved for line in task.lines) and not task.units("picked")


def _open(session: Session, event: TransferRequested) -> None:
    order = session.get_one(Order, event.order_id)
    part = select(Fulfilment.id).where(Fulfilment.order_id == order.id, Fulfilment.node_id == event.to_id)
    task = PickupTask(
        fulfilment_id=session.exec(part).one(), order_id=order.id, store_id=order.pickup_store_id,
        status=TaskStatus.AWAITING_TRANSFER, opened_at=event.at, promised_at=order.promised_at,
    )  # fmt: skip
    clock_face.watch(task, order.promised_at, at=event.at)
    session.add(task)
    session.flush()
    task.happened(TaskOpened(at=event.at, actor=event.actor, store_id=task.store_id, order_id=order.id,
                             task_id=task.id, was=None, status=task.status))  # fmt: skip


def shipped(session: Session, event: TransferShipped) -> None:
    task = _waiting(session, event)
    if task is not None and task.status == TaskStatus.AWAITING_TRANSFER:
        task.become(TaskStatus.IN_TRANSIT, TaskInTransit, by=event.actor, at=event.at)


def received(session: Session, event: TransferReceived) -> None:
    """Into the bag at once: nobody walks the aisles for what came in a box with the customer's name on it."""
    task = _waiting(session, event)
    if task is None:
        return
    missing = 0
    for line in session.exec(select(TransferLine).where(TransferLine.transfer_id == event.transfer_id)):
        if line.order_line_id is not None:
            waiting = session.get_one(OrderLine, line.order_line_id)
            waiting.move("reserved", "picked", line.for_order)
            missing += min(line.shipped - line.for_order, waiting.unfilled)  # nobody misses what was called off
    status = _after_receipt(session, task)
    if status == TaskStatus.UNFULFILLABLE:
        clock_face.end(task)
    task.become(status, TaskReceived, by=event.actor, at=event.at, missing=missing)
    if status == TaskStatus.UNFULFILLABLE:
        task.become(status, TaskUnfulfillable, by=event.actor, at=event.at)


def _after_receipt(session: Session, task: PickupTask) -> TaskStatus:
    if transfers.living_for(session, task.order_id):
        return task.status
    if task.units("reserved"):
        return TaskStatus.PICKING
    return TaskStatus.RECEIVED if task.units("picked") else TaskStatus.UNFULFILLABLE


def cancelled(session: Session, event: TransferCancelled) -> None:
    """Nothing comes after all, and the customer has to choose."""
    task = _waiting(session, event)
    if task is None or transfers.living_for(session, task.order_id):
        return
    if task.units("picked") or task.units("reserved"):
        task.become(_after_receipt(session, task), TaskReceived, by=event.actor, at=event.at, missing=0)
    else:
        clock_face.end(task)
        task.become(TaskStatus.UNFULFILLABLE, TaskUnfulfillable, by=event.actor, at=event.at)


def _waiting(session: Session, event: TransferEvent) -> PickupTask | None:
    """The task, as long as its order stands and waits."""
    task = _task(session, event)
    is_waiting = task is not None and task.status in ON_ITS_WAY and task.order.cancelled_at is None
    return task if is_waiting else None


def _task(session: Session, event: TransferEvent) -> PickupTask | None:
    """What the store it goes to has to do for the order it is for."""
    if event.order_id is None:
        return None
    here = select(PickupTask).where(PickupTask.order_id == event.order_id, PickupTask.store_id == event.to_id)
    return session.exec(here).one_or_none()
