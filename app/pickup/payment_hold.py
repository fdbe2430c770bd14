"""A payment that fails after the store has begun: the task is held, somebody decides, it goes on when it is paid."""

from sqlmodel import Session, col

from app.oms.order_events import PaymentFailed, PaymentRecovered, PaymentRefunded
from app.pickup import clock_face, escalation
from app.pickup import task as tasks
from app.pickup.exception_case import CaseKind, ExceptionCase, cause_of, end_living, open_about
from app.pickup.task_status import TaskStatus

DETAIL = {
    PaymentFailed: "the payment failed after the store began",
    PaymentRefunded: "the money went back while the store was at work",
}


def begin(session: Session, event: PaymentFailed | PaymentRefunded) -> None:
    """Who may not accept a task is not blamed for leaving it; before a task is open there is nothing to hold.

    Its ladder ends here: paid after all, it is climbed from the first rung.
    """
    known = tasks.all_of(session, event.order_id)
    for task in known:
        if task.status == TaskStatus.REQUESTED:
            clock_face.hold(task, tasks.UNPAID, at=event.at)
            escalation.stand_down(session, task.id, at=event.at)
    if known:
        open_about(session, event, CaseKind.PAYMENT_FAILED, detail=DETAIL[type(event)])


def end(session: Session, event: PaymentRecovered) -> None:
    """Paid after all: the store has its whole window again."""
    end_living(session, col(ExceptionCase.cause) == cause_of(event.order_id, CaseKind.PAYMENT_FAILED), event)
    for task in tasks.all_of(session, event.order_id):
        if task.status == TaskStatus.REQUESTED:
            clock_face.release(session, task, at=event.at)
