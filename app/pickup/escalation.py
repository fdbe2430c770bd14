"""When nobody answers: rung by rung up the store's ladder, each rung once, never early, one at a time.

L0 is the store's associates, who were told by the task itself; L1 the store lead; L2 the regional manager, on whose
page the escalation waits until somebody owns it.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.people import windows
from app.people.store import Store, due_after
from app.pickup.task import PickupTask
from app.pickup.task_events import EscalationAcknowledged, TaskEscalated, TaskEvent, TaskLate
from app.pickup.task_status import NOT_YET_READY
from app.refusals import Refusal

LEAD, REGION = 1, 2
BATCH = 1000


class AlreadyOwned(Refusal):
    """Somebody else took it on."""


class Escalation(SQLModel, table=True):
    """One rung climbed; the primary key is the proof that it was climbed once."""

    __tablename__ = "escalation"
    __table_args__ = (
        sa.UniqueConstraint("task_id", "cycle", "level"),
        sa.Index("escalation_open", "store_id", "closed_at"),
    )

    id: int = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="pickup_task.id")
    store_id: int = Field(foreign_key="store.id")
    cycle: int
    level: int
    due_at: datetime
    at: datetime
    answer_due_at: datetime
    owner_id: int | None = Field(default=None, foreign_key="associate.id")
    acknowledged_at: datetime | None = None
    closed_at: datetime | None = None
    """Set when the store answered or the order was called off: nothing is left to decide."""


def due(session: Session, at: datetime) -> list[int]:
    """Tasks whose next level has to be told, longest overdue first."""
    climbs = col(PickupTask.escalates_at)
    return list(session.exec(select(PickupTask.id).where(climbs <= at).order_by(climbs).limit(BATCH)))


def escalate(session: Session, task_id: int, *, at: datetime) -> None:
    """One rung. Safe to call twice and from two places: row lock, second look and key each forbid a second."""
    locked = select(PickupTask).where(PickupTask.id == task_id, col(PickupTask.escalates_at) <= at)
    task = session.exec(
        locked.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    ).one_or_none()
    if task is None or task.escalates_at is None:
        return
    was_due = task.escalates_at
    store = session.get_one(Store, task.store_id)
    answer_due = due_after(session, store.id, at=at, window=windows.of(session, store, at=at).answer)
    task.level += 1
    task.escalates_at = answer_due if task.level < REGION else None
    session.add(Escalation(task_id=task.id, store_id=task.store_id, cycle=task.cycle, level=task.level, due_at=was_due,
                           at=at, answer_due_at=answer_due))  # fmt: skip
    session.flush()
    task.become(task.status, TaskEscalated, by="system", at=at, level=task.level, due_at=was_due.isoformat(),
                lateness_ms=int((at - was_due).total_seconds() * 1000))  # fmt: skip


def acknowledge(session: Session, escalation: Escalation, task: PickupTask, *, associate_id: int, at: datetime) -> None:
    """Acknowledging an escalation means owning it: guarded, so that the first one wins."""
    taken = session.execute(
        sa.update(Escalation)
        .where(
            col(Escalation.id) == escalation.id, col(Escalation.owner_id).is_(None), col(Escalation.closed_at).is_(None)
        )
        .values(owner_id=associate_id, acknowledged_at=at)
        .execution_options(synchronize_session="fetch")
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        raise AlreadyOwned(f"Order {task.order.number} is already being looked after.")
    task.become(task.status, EscalationAcknowledged, by=associate_id, at=at, level=escalation.level,
                waited_s=int((at - escalation.at).total_seconds()))  # fmt: skip


def close_for(session: Session, event: TaskEvent) -> None:
    """The store answered, or the order was called off."""
    stand_down(session, event.task_id, at=event.at)


def stand_down(session: Session, task_id: int, *, at: datetime) -> None:
    """Those who were told have nothing left to decide."""
    told = sa.update(Escalation).where(col(Escalation.task_id) == task_id, col(Escalation.closed_at).is_(None))
    session.execute(told.values(closed_at=at))


def waiting(session: Session, region_id: int) -> list[Escalation]:
    """What has reached the regional manager and still needs a decision, oldest first."""
    stores = select(Store.id).where(Store.region_id == region_id)
    at_region = select(Escalation).where(
        col(Escalation.store_id).in_(stores), Escalation.level == REGION, col(Escalation.closed_at).is_(None)
    )
    return list(session.exec(at_region.order_by(col(Escalation.at), col(Escalation.id))))


def late_due(session: Session, at: datetime) -> list[int]:
    """Tasks whose promised time has passed with the bag not on the shelf."""
    late = col(PickupTask.late_at)
    return list(session.exec(select(PickupTask.id).where(late <= at).order_by(late).limit(BATCH)))


def tell_late(session: Session, task_id: int, *, at: datetime) -> None:
    """Once: the customer hears that it takes longer."""
    locked = select(PickupTask).where(PickupTask.id == task_id, col(PickupTask.late_at) <= at)
    task = session.exec(
        locked.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    ).one_or_none()
    if task is not None and task.status in NOT_YET_READY:
        task.late_at = None
        task.tell(TaskLate, actor="system", at=at, was=task.status)


def oldest_due(session: Session) -> datetime | None:
    """The most overdue timer of all, for `/healthz`."""
    return session.exec(select(sa.func.min(PickupTask.escalates_at))).one()
