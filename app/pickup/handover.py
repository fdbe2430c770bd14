"""Arrival and hand-off: the customer is here, shows the code, and has the goods."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.oms import reservation
from app.oms.inventory import Cause, Reason
from app.pickup import pickup_link, staging
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_events import ArrivalTakenBack, CustomerArrived, HandoverTakenBack, TaskHandedOver
from app.pickup.task_status import ON_SHELF, TaskStatus
from app.refusals import Refusal

TAKE_BACK_WINDOW = timedelta(minutes=10)
REASON_LENGTH = 200


class NotOnTheShelf(Refusal):
    """Only what was staged can be handed over."""


class NotPaid(Refusal):
    """The payment doesn't stand."""


class CodeBlocked(Refusal):
    """Too many wrong codes: a lead checks who is collecting."""


class ReasonMissing(Refusal):
    """An override without its reason would be a hole in the record."""

    status = 422


class HandoverMethod(StrEnum):
    """How it was checked who collected; never an ID number."""

    CODE = "code"
    LEAD = "lead"


class Handover(SQLModel, table=True):
    """One hand-off, and how the customer was checked; taken back, it stays on record."""

    __tablename__ = "handover"

    id: int = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="pickup_task.id", index=True)
    associate_id: int = Field(foreign_key="associate.id")
    method: HandoverMethod = Field(sa_type=db.choice(HandoverMethod))
    reason: str | None = None
    at: datetime
    taken_back_at: datetime | None = None


def arrive(task: PickupTask, *, spot: str, actor: str, at: datetime) -> None:
    """The customer says "I'm here": waiting time starts, once."""
    if task.status == TaskStatus.ARRIVED:
        return
    if task.status != TaskStatus.STAGED:
        raise NotOnTheShelf(f"Order {task.order.number} isn't ready yet.")
    task.arrived_at, task.spot = at, spot[:60]
    task.become(TaskStatus.ARRIVED, CustomerArrived, by=actor, at=at)


def take_arrival_back(task: PickupTask, *, actor: str, at: datetime) -> None:
    """Not here yet."""
    if task.status == TaskStatus.STAGED:
        return
    if task.status != TaskStatus.ARRIVED:
        raise MovedOn(f"Order {task.order.number} is already {task.status}.")
    task.arrived_at = task.spot = None
    task.become(TaskStatus.STAGED, ArrivalTakenBack, by=actor, at=at)


def is_right_code(session: Session, task: PickupTask, given: str, keys: Sequence[str]) -> bool:
    """Check the code; a wrong one is counted (so commit either way), and after five only a lead can go on."""
    link = pickup_link.link_for(session, task.order_id)
    if link.is_blocked or link.revoked_at is not None:
        raise CodeBlocked(
            f"The code of order {task.order.number} is blocked. Ask your lead to check who is collecting."
        )
    if pickup_link.is_code(link, task.order.number, given, keys):
        return True
    link.wrong_codes += 1
    return False


def hand_over(
    session: Session,
    task: PickupTask,
    *,
    method: HandoverMethod,
    associate_id: int,
    at: datetime,
    reason: str | None = None,
) -> None:
    """The goods change hands: claim, stock and lines are used up in the transaction that checked the code."""
    if task.status not in ON_SHELF:
        raise NotOnTheShelf(
            f"Order {task.order.number} is {_state(task)}. Only what is on the shelf can be handed over."
        )
    if not task.order.is_paid_enough:
        raise NotPaid(f"The payment of order {task.order.number} doesn't stand. Ask your lead.")
    if method == HandoverMethod.LEAD and not (reason and reason.strip()):
        raise ReasonMissing("Say in a few words how you checked who is collecting.")
    claims = reservation.of_lines(session, [line.id for line in task.lines])
    reservation.consume(session, [(claims[line.id], line.staged) for line in task.lines if line.staged],
                        _cause(task, Reason.COLLECTED, associate_id, at))  # fmt: skip
    for line in task.lines:
        line.move("staged", "collected", line.staged)
    waited = int((at - task.arrived_at).total_seconds()) if task.arrived_at else None
    task.location_id = None
    session.add(Handover(task_id=task.id, associate_id=associate_id, method=method, at=at,
                         reason=(reason or "").strip()[:REASON_LENGTH] or None))  # fmt: skip
    task.become(TaskStatus.COLLECTED, TaskHandedOver, by=associate_id, at=at, method=method, waited_s=waited)


def reversible(session: Session, task: PickupTask, *, at: datetime) -> Handover | None:
    """The hand-off that can still be taken back."""
    newest = select(Handover).where(Handover.task_id == task.id, col(Handover.taken_back_at).is_(None))
    row = session.exec(newest.order_by(col(Handover.id).desc()).limit(1)).one_or_none()
    return row if row and task.status == TaskStatus.COLLECTED and at <= row.at + TAKE_BACK_WINDOW else None


def take_back(session: Session, task: PickupTask, *, associate_id: int, at: datetime) -> None:
    """A lead takes a wrong hand-off back within ten minutes; the bag is where it last stood."""
    row = reversible(session, task, at=at)
    if row is None:
        raise MovedOn(f"The hand-off of order {task.order.number} can't be taken back any more.")
    row.taken_back_at = at
    claims = reservation.of_lines(session, [line.id for line in task.lines])
    reservation.unconsume(session, [(claims[line.id], line.collected) for line in task.lines if line.collected],
                          _cause(task, Reason.HANDOVER_TAKEN_BACK, associate_id, at))  # fmt: skip
    for line in task.lines:
        line.move("collected", "staged", line.collected)
    shelf = staging.standing(session, task.id)
    task.location_id = shelf.location_id if shelf else None
    task.become(TaskStatus.ARRIVED if task.arrived_at else TaskStatus.STAGED, HandoverTakenBack, by=associate_id, at=at)


def _cause(task: PickupTask, reason: Reason, associate_id: int, at: datetime) -> Cause:
    return task.order.cause(reason, actor=f"associate/{associate_id}", at=at)


def _state(task: PickupTask) -> str:
    return (
        "not staged yet"
        if task.status not in (TaskStatus.COLLECTED, TaskStatus.CANCELLED)
        else f"already {task.status}"
    )
