"""When the customer is told what, and what is held back after all."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from app.events import log, outbox
from app.events.outbox import OutboxMessage, OutboxState
from app.notices.events import NoticeUndeliverable
from app.notices.notice import TOPIC, Notice, Stage, dedupe_of
from app.oms.order import Order
from app.oms.order_events import OrderEvent, ShipmentLeft, ShipmentTakenBack
from app.pickup import staging
from app.pickup import task as tasks
from app.pickup.task_events import StagingTakenBack, TaskEvent, TaskHandedOver, TaskStaged
from app.pickup.task_status import ON_SHELF
from app.refusals import Refusal

READY_DELAY = timedelta(seconds=30)
"""So long an associate can take a staging back without a customer having set out for it."""


class CustomerAlreadyTold(Refusal):
    """A message can't be called back."""


def received(session: Session, event: OrderEvent) -> None:
    """The order was placed."""
    _tell(session, event, Stage.RECEIVED, due_at=event.at)


def delayed(session: Session, event: TaskEvent | OrderEvent) -> None:
    """The promised time passed, or the goods aren't there: said once, whichever is first."""
    _tell(session, event, Stage.DELAYED, due_at=event.at)


def nothing_found(session: Session, event: TaskEvent) -> None:
    """A store has none of it: who comes for it has to hear so; what is shipped may still come from elsewhere."""
    if session.get_one(Order, event.order_id).store_id is not None:
        delayed(session, event)


def ready(session: Session, event: TaskStaged) -> None:
    """The bag is on its shelf; a move to another shelf tells the customer nothing again."""
    _hold(session, event.order_id, Stage.DELAYED)
    if event.is_move:
        kept = _kept(session, event, Stage.READY, staging_id=event.staging_id)
        kept.staging_id = event.staging_id
    else:
        _tell(session, event, Stage.READY, due_at=event.at + READY_DELAY, staging_id=event.staging_id)


def staging_taken_back(session: Session, event: StagingTakenBack) -> None:
    """The bag is off its shelf: its message stays in the house, or, if it has left, so does the bag."""
    _hold(session, event.order_id, Stage.READY)
    _refuse_told(session, dedupe_of(event.order_id, Stage.READY),
                 "The customer has been told already. Move the bag to another shelf instead.")  # fmt: skip


def collected(session: Session, event: TaskHandedOver) -> None:
    """Who has the bag in hand need not be told that it is ready."""
    _hold(session, event.order_id, Stage.READY, Stage.DELAYED)
    _tell(session, event, Stage.COLLECTED, due_at=event.at + READY_DELAY)


def shipped(session: Session, event: ShipmentLeft) -> None:
    """A carrier has it; the customer hears under which number, for each shipment by itself."""
    _tell(session, event, Stage.SHIPPED, due_at=event.at + READY_DELAY, shipment_id=event.shipment_id)


def shipment_taken_back(session: Session, event: ShipmentTakenBack) -> None:
    """It has not left after all, which is said to nobody; or the customer knows, and it stays as it was told."""
    dedupe = dedupe_of(event.order_id, Stage.SHIPPED, event.shipment_id)
    outbox.suppress(session, dedupe=dedupe)
    _refuse_told(session, dedupe, "The customer has been told already how it is sent. Call them if that is wrong.")


def handover_taken_back(session: Session, event: TaskEvent) -> None:
    """The bag is on its shelf again: a "ready" that was held back for the hand-off is due after all."""
    _hold(session, event.order_id, Stage.COLLECTED)
    shelf = staging.standing(session, event.task_id)
    if shelf is not None:
        _tell(session, event, Stage.READY, due_at=event.at + READY_DELAY, staging_id=shelf.id)


def payment_failed(session: Session, event: OrderEvent) -> None:
    """Nobody is called to a bag that may not be given out."""
    _hold(session, event.order_id, Stage.READY)


def payment_recovered(session: Session, event: OrderEvent) -> None:
    """What was held back for the money is due after all."""
    task = tasks.of_order(session, event.order_id)
    if task is not None and (shelf := staging.standing(session, task.id)) is not None and task.status in ON_SHELF:
        _tell(session, event, Stage.READY, due_at=event.at, staging_id=shelf.id)


def cancelled(session: Session, event: OrderEvent) -> None:
    """The order was called off: nothing that was still waiting to be said is true any more."""
    _hold(session, event.order_id, Stage.RECEIVED, Stage.DELAYED, Stage.READY)
    _tell(session, event, Stage.CANCELLED, due_at=event.at)


def _tell(
    session: Session, event: TaskEvent | OrderEvent, stage: Stage, *, due_at: datetime, staging_id: int | None = None,
    shipment_id: int | None = None,
) -> None:  # fmt: skip
    notice = _kept(session, event, stage, staging_id=staging_id, shipment_id=shipment_id)
    if session.get_one(Order, event.order_id).customer.email is None:
        return
    payload = {"notice": notice.id}
    is_posted = outbox.post(session, topic=TOPIC, dedupe=notice.dedupe, payload=payload, at=event.at, due_at=due_at)
    if is_posted and staging_id is not None:
        notice.staging_id = staging_id


def _kept(
    session: Session, event: TaskEvent | OrderEvent, stage: Stage, *, staging_id: int | None,
    shipment_id: int | None = None,
) -> Notice:  # fmt: skip
    """The notice of this stage; every caller holds the order's row, so nobody else can be adding it."""
    dedupe = dedupe_of(event.order_id, stage, shipment_id)
    known = session.exec(select(Notice).where(Notice.dedupe == dedupe)).one_or_none()
    if known is not None:
        return known
    notice = Notice(order_id=event.order_id, task_id=getattr(event, "task_id", None), store_id=event.store_id,
                    stage=stage, staging_id=staging_id, shipment_id=shipment_id, dedupe=dedupe,
                    created_at=event.at)  # fmt: skip
    session.add(notice)
    session.flush()
    if session.get_one(Order, event.order_id).customer.email is None:
        log.record(session, notice.event(NoticeUndeliverable, at=event.at))
    return notice


def _hold(session: Session, order_id: int, *stages: Stage) -> None:
    for stage in stages:
        outbox.suppress(session, dedupe=dedupe_of(order_id, stage))


def _refuse_told(session: Session, dedupe: str, words: str) -> None:
    found = select(OutboxMessage).where(OutboxMessage.dedupe == dedupe)
    message = session.exec(found.execution_options(populate_existing=True)).one_or_none()
    if message is not None and message.state in (OutboxState.SENDING, OutboxState.SENT):
        raise CustomerAlreadyTold(words)
