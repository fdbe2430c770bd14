"""How far what there is to tell has come: whether it is still true, has left, or left too early."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.events.outbox import OutboxMessage, OutboxState
from app.notices.notice import Notice, Stage
from app.oms.order import Order
from app.oms.order_status import OVER
from app.oms.shipment import Shipment
from app.pickup import staging
from app.pickup import task as tasks
from app.pickup.staging import Staging
from app.pickup.task import PickupTask
from app.pickup.task_status import NOT_YET_READY, ON_SHELF, TaskStatus


class Told(NamedTuple):
    """How far one notice has come; without an address it has no state to be in."""

    stage: Stage
    state: OutboxState | None
    at: datetime
    error: str | None


def is_still_true(session: Session, notice: Notice) -> bool:
    """Looked at again just before it leaves, since a message may have waited for a mail server."""
    order = session.get_one(Order, notice.order_id)
    if notice.shipment_id is not None:
        return session.get_one(Shipment, notice.shipment_id).taken_back_at is None
    if order.cancelled_at is not None:
        return notice.stage == Stage.CANCELLED
    if order.store_id is None:
        return notice.stage != Stage.DELAYED or order.status not in OVER
    task = tasks.of_order(session, order.id)
    if notice.stage == Stage.READY:
        is_on_shelf = task is not None and task.status in ON_SHELF and staging.standing(session, task.id) is not None
        return order.is_paid_enough and is_on_shelf
    if notice.stage == Stage.DELAYED:
        return task is None or task.status in (*NOT_YET_READY, TaskStatus.UNFULFILLABLE)
    return notice.stage != Stage.COLLECTED or (task is not None and task.status == TaskStatus.COLLECTED)


def states_of(session: Session, order_id: int) -> list[Told]:
    """What this customer was told and what still waits, oldest first: for the order's page."""
    rows = session.execute(
        sa.select(Notice, OutboxMessage)
        .outerjoin(OutboxMessage, col(OutboxMessage.dedupe) == col(Notice.dedupe))
        .where(col(Notice.order_id) == order_id)
        .order_by(col(Notice.created_at), col(Notice.id))
    )
    return [_told(notice, message) for notice, message in rows]


def before_staging(session: Session) -> int:
    """How many customers were told "ready" with no bag on a shelf at that moment: published, and it is 0."""
    task, shelf = aliased(PickupTask), aliased(Staging)
    left_at = sa.func.coalesce(OutboxMessage.sent_at, OutboxMessage.due_at)
    stood = sa.exists().where(
        col(task.id) == col(shelf.task_id), col(task.order_id) == col(Notice.order_id), col(shelf.at) <= left_at,
        sa.or_(col(shelf.taken_back_at).is_(None), col(shelf.taken_back_at) >= left_at),
    )  # fmt: skip
    told = sa.select(sa.func.count()).select_from(Notice)
    told = told.join(OutboxMessage, col(OutboxMessage.dedupe) == col(Notice.dedupe))
    left = col(OutboxMessage.state).in_([OutboxState.SENDING, OutboxState.SENT])
    return int(session.execute(told.where(col(Notice.stage) == Stage.READY, left, ~stood)).scalar_one())


def too_early(session: Session) -> Iterable[str]:
    """In words, for `verify`."""
    if number := before_staging(session):
        yield f"{number} customers were told that their order is ready before it was on a shelf"


def _told(notice: Notice, message: OutboxMessage | None) -> Told:
    if message is None:
        return Told(notice.stage, None, notice.created_at, None)
    return Told(notice.stage, message.state, message.sent_at or message.due_at or message.posted_at, message.last_error)
