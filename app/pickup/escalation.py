"""When nobody answers: rung by rung up the store's ladder, each rung once, never early, one at a time.

L0 is the store's associates, who were told by the task itself; L1 the store lead; L2 the regional manager, on whose
page the escalation waits until somebody owns it.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.people.store import Store
from app.pickup import clock_face
from app.pickup.clock_events import EscalationAcknowledged, TaskEscalated, TaskLate
from app.pickup.policy import TurnKind, WindowKind
from app.pickup.task import PickupTask
from app.pickup.task_events import TaskEvent
from app.pickup.task_status import NOT_YET_READY
from app.refusals import Refusal

LEAD, REGION = 1, 2
BATCH = 1000


class AlreadyOwned(Refusal):
    """Somebody else took it on."""


class Escalation(SQLModel, table=True):
    """One turn of a window that told somebody; its unique key is the proof that it was taken once."""

    __tablename__ = "escalation"
    __table_args__ = (
        sa.UniqueConstraint("task_id", "cycle", "step", "kind", name="climbed_once"),
        sa.Index("escalation_open", "store_id", "closed_at"),
    )

    id: int = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="pickup_task.id")
    store_id: int = Field(foreign_key="store.id")
    cycle: int
    window_kind: WindowKind = Field(
        default=WindowKind.ACK, sa_type=db.choice(WindowKind), sa_column_kwargs={"server_default": "ack"}
    )
    step: int = Field(sa_column_kwargs={"server_default": "0"})
    kind: TurnKind = Field(
        default=TurnKind.CLIMB, sa_type=db.choice(TurnKind), sa_column_kwargs={"server_default": "climb"}
    )
    from_level: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    level: int
    """Whom it told."""
    due_at: datetime
    at: datetime
    lateness_ms: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    answer_due_at: datetime | None = None
    """When whoever comes next is told; null when nobody does."""
    target_id: int | None = Field(default=None, foreign_key="associate.id")
    """Who was on duty there; null when everybody of the level was told."""
    cause: str | None = None
    """Why, where it was not the time that was up."""
    node: str | None = None
    """Which process took the turn."""
    policy_version_id: int | None = Field(default=None, foreign_key="policy_version.id")
    owner_id: int | None = Field(default=None, foreign_key="associate.id")
    acknowledged_at: datetime | None = None
    closed_at: datetime | None = None
    """Set when the store answered or the order was called off: nothing is left to decide."""


def due(session: Session, at: datetime) -> list[int]:
    """Tasks whose next level has to be told, longest overdue first."""
    return _due(session, col(PickupTask.step_due_at) <= at, at)


def _due(session: Session, which: "sa.ColumnElement[bool]", at: datetime) -> list[int]:
    """By the one timer, which is never later than any of the two: its index is all that is read."""
    timer = col(PickupTask.next_at)
    return list(session.exec(select(PickupTask.id).where(timer <= at, which).order_by(timer).limit(BATCH)))


def escalate(session: Session, task_id: int, *, at: datetime) -> None:
    """One turn. Safe to call twice and from two places: row lock, second look and key each forbid a second."""
    task = _locked(session, task_id, col(PickupTask.step_due_at) <= at)
    if task is None:
        return
    before, window = task.level, task.window_kind or WindowKind.ACK
    turn = clock_face.take_turn(session, task, at=at)
    if turn.kind != TurnKind.CLIMB:
        return
    late = int((at - turn.at).total_seconds() * 1000)
    session.add(Escalation(
        task_id=task.id, store_id=task.store_id, cycle=task.cycle, window_kind=window, step=turn.step, kind=turn.kind,
        from_level=before, level=turn.level, due_at=turn.at, at=at, lateness_ms=late, answer_due_at=task.step_due_at,
        policy_version_id=task.policy_version_id,
    ))  # fmt: skip
    session.flush()
    task.become(task.status, TaskEscalated, by="system", at=at, level=turn.level, due_at=turn.at.isoformat(),
                lateness_ms=late, window=window.value, cycle=task.cycle, step=turn.step,
                kind=turn.kind.value)  # fmt: skip


def _locked(session: Session, task_id: int, which: "sa.ColumnElement[bool]") -> PickupTask | None:
    """Nobody waits for a tap: whoever is at the task right now changes what is due, and it is looked at again."""
    mine = select(PickupTask).where(PickupTask.id == task_id, which).with_for_update(skip_locked=True)
    return session.exec(mine.execution_options(populate_existing=True)).one_or_none()


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
    return _due(session, col(PickupTask.promise_due_at) <= at, at)


def tell_late(session: Session, task_id: int, *, at: datetime) -> None:
    """Once: the customer hears that it takes longer."""
    task = _locked(session, task_id, col(PickupTask.promise_due_at) <= at)
    if task is not None and task.status in NOT_YET_READY:
        clock_face.watch(task, None, at=at)
        task.tell(TaskLate, actor="system", at=at, was=task.status)


def oldest_due(session: Session) -> datetime | None:
    """The most overdue timer of all, for `/healthz`."""
    return session.exec(select(sa.func.min(PickupTask.next_at))).one()
