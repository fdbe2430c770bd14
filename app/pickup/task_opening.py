"""When a task opens: an order was released, and each store that has part of it is asked, once."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.order_events import OrderEvent
from app.oms.order_line import Fulfilment, FulfilmentKind
from app.people.store import Store, due_after
from app.pickup import clock_face
from app.pickup.policy import WindowKind
from app.pickup.task import PickupTask
from app.pickup.task_events import TaskOpened


def open_for(session: Session, event: OrderEvent) -> None:
    """An order was released: at each store that has part of it a task opens, once; other places are told otherwise."""
    order = session.get_one(Order, event.order_id)
    known = set(session.exec(select(PickupTask.fulfilment_id).where(PickupTask.order_id == order.id)))
    parts = select(Fulfilment).join(Store, col(Store.id) == col(Fulfilment.node_id))
    for part in session.exec(parts.where(Fulfilment.order_id == order.id).order_by(col(Fulfilment.id))):
        if part.id not in known and any(line.reserved for line in order.lines if line.fulfilment_id == part.id):
            _open(session, order, part, event)


def _open(session: Session, order: Order, part: Fulfilment, event: OrderEvent) -> None:
    store = session.get_one(Store, part.node_id)
    task = PickupTask(
        fulfilment_id=part.id, order_id=order.id, store_id=store.id, opened_at=event.at,
        promised_at=_done_by(session, order, part, at=event.at),
    )  # fmt: skip
    clock_face.start(session, task, WindowKind.ACK, at=event.at)
    clock_face.watch(task, order.promised_at, at=event.at)
    session.add(task)
    session.flush()
    task.happened(TaskOpened(at=event.at, actor=event.actor, store_id=store.id, order_id=order.id, task_id=task.id,
                             was=None, status=task.status, policy_version_id=task.policy_version_id))  # fmt: skip


def _done_by(session: Session, order: Order, part: Fulfilment, *, at: datetime) -> datetime:
    """What is shipped has its way before it: it leaves as soon as this store says that it can be sent."""
    if part.kind == FulfilmentKind.PICKUP:
        return order.promised_at
    terms = session.get(NodeTerms, part.node_id) or NodeTerms(node_id=part.node_id)
    sent = due_after(session, part.node_id, at=at, window=timedelta(seconds=terms.handling_s))
    return min(sent, order.promised_at)
