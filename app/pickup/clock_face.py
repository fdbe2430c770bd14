"""A task's clock on its row, which nobody else writes: one timer, for its window's next turn or for its promise."""

from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger
from sqlmodel import Field, Session, SQLModel

from app import db
from app.people.hours import OpeningHours
from app.people.store import Store, opening_hours
from app.pickup import policy_version, turns
from app.pickup.policy import Policy, TurnKind, WindowKind
from app.pickup.policy_version import PolicyVersion
from app.pickup.turns import Timed, Turn

if TYPE_CHECKING:
    from app.pickup.task import PickupTask


_WAITED_FOR = "'requested', 'accepted', 'picking', 'picked', 'awaiting transfer', 'in transit', 'received', 'packed'"
_OVER = "'collected', 'shipped', 'moved', 'put back', 'unfulfillable', 'rejected', 'auto-rejected'"
CHECKS = {
    "timer_has_its_kind": "(next_at IS NULL) = (next_kind IS NULL)",
    "step_has_its_kind": "(step_due_at IS NULL) = (step_kind IS NULL)",
    "promise_has_its_kind": "(promise_due_at IS NULL) = (promise_kind IS NULL)",
    "timer_is_for_something": "(next_at IS NULL) = (step_due_at IS NULL AND promise_due_at IS NULL)",
    "only_the_living_are_timed": f"next_at IS NULL OR status NOT IN ({_OVER})",
    "living_or_set_aside": f"next_at IS NOT NULL OR held_at IS NOT NULL OR exhausted_at IS NOT NULL"
    f" OR status NOT IN ({_WAITED_FOR})",
    "only_requests_wait_for_an_answer": "window_kind IS NULL OR window_kind <> 'ack' OR status = 'requested'",
    "staged_is_not_late": f"promise_due_at IS NULL OR status IN ({_WAITED_FOR})",
}
"""What the schema itself refuses of a task's clock."""


class ClockFace(SQLModel):
    """What a row says of its clock."""

    cycle: int = 1
    """Counts its windows: in each the ladder begins anew."""
    level: int = 0
    """How far up the ladder it has climbed: 0 associates, 1 store lead, 2 regional manager."""
    next_at: datetime | None = None
    """When something falls due for it; null when nothing does."""
    next_kind: TurnKind | None = Field(default=None, sa_type=db.choice(TurnKind))
    window_kind: WindowKind | None = Field(default=None, sa_type=db.choice(WindowKind))
    """What it waits for; a window that is held stands still."""
    window_from: datetime | None = None
    window_s: int | None = None
    window_due_at: datetime | None = None
    """By when whoever it waits for should have answered; told as it was, once they have."""
    turn: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    step: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    step_due_at: datetime | None = None
    step_kind: TurnKind | None = Field(default=None, sa_type=db.choice(TurnKind))
    plan_basis: datetime | None = None
    open_left_us: int | None = Field(default=None, sa_type=BigInteger)
    promise_due_at: datetime | None = None
    """When the customer has to hear of a delay; null once the bag is on the shelf, the parcels
    are with the carrier, or the customer was told."""
    promise_kind: TurnKind | None = Field(default=None, sa_type=db.choice(TurnKind))
    held_at: datetime | None = None
    """Since when nobody may go on with it, so that nobody is blamed for leaving it."""
    held_reason: str | None = None
    exhausted_at: datetime | None = None
    """Since when nothing falls due for it any more, though it isn't done: it needs a person."""
    policy_version_id: int | None = Field(default=None, foreign_key="policy_version.id")
    """Under which it began, and goes on."""
    hours_version: int | None = None
    fault_count: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often its turn could not be taken."""


_CLOCK = tuple(each.name for each in fields(Timed))


def start(session: Session, task: "PickupTask", window: WindowKind, *, at: datetime) -> None:
    """Whoever it waits for now has the whole of this window, under the policy the task began with.

    Before its status changes, and nothing may be asked of the database in between: the schema wants both or neither.
    """
    policy, hours = _terms(session, task, at)
    begun = turns.begin(_timed(task), window, policy, hours, at=at)
    if begun.window_kind is not None and task.window_from is not None:
        task.cycle += 1
    task.held_at = task.held_reason = task.exhausted_at = None
    _show(task, begun, at)


def stop(task: "PickupTask", *, at: datetime) -> None:
    """What it waited for is there, and the task goes on; its promise is watched as before."""
    task.held_at = task.held_reason = task.exhausted_at = None
    _show(task, turns.end_window(_timed(task)), at)


def end(task: "PickupTask") -> None:
    """Nothing falls due for it any more, and that is right."""
    task.held_at = task.held_reason = task.exhausted_at = None
    _show(task, turns.promise(turns.end_window(_timed(task)), None), None)


def watch(task: "PickupTask", promised_at: datetime | None, *, at: datetime) -> None:
    """Its customer was promised this; none, when they know already that it takes longer."""
    if promised_at is not None:
        task.exhausted_at = None
    _show(task, turns.promise(_timed(task), promised_at), at)


def hold(task: "PickupTask", reason: str, *, at: datetime) -> None:
    """Its window stands still, and nobody is told; let go, it begins anew from the foot of the ladder."""
    task.held_at, task.held_reason, task.exhausted_at = at, reason, None
    _show(task, replace(turns.pause(_timed(task)), turn=0, step=0, level=0), at)


def release(session: Session, task: "PickupTask", *, at: datetime) -> None:
    """It may be gone on with."""
    start(session, task, task.window_kind or WindowKind.ACK, at=at)


def take_turn(session: Session, task: "PickupTask", *, at: datetime) -> Turn:
    """The step that is due has been taken, and which it was; at the end of the ladder a person has to look."""
    policy, hours = _terms(session, task, at)
    turn, moved = turns.after(_timed(task), policy, hours, at=at)
    if turn.kind == TurnKind.EXHAUST:
        exhaust(task, at=at)
    _show(task, moved, at)
    return turn


def exhaust(task: "PickupTask", *, at: datetime) -> None:
    """Everybody there was to tell has been told."""
    task.exhausted_at = at


def _terms(session: Session, task: "PickupTask", at: datetime) -> tuple[Policy, OpeningHours]:
    store = session.get_one(Store, task.store_id)
    if task.policy_version_id is None:
        version = policy_version.in_force(session, store, at=at)
        task.policy_version_id = version.id
    else:
        version = session.get_one(PolicyVersion, task.policy_version_id)
    task.hours_version = store.hours_version
    return version.policy, opening_hours(session, store)


def _timed(task: "PickupTask") -> Timed:
    said: dict[str, Any] = {name: getattr(task, name) for name in _CLOCK}
    return Timed(**said)


def _show(task: "PickupTask", timed: Timed, at: datetime | None) -> None:
    for name in _CLOCK:
        setattr(task, name, getattr(timed, name))
    due = turns.next_of(timed)
    task.next_at, task.next_kind = due or (None, None)
    if due is None and at is not None and task.held_at is None:
        task.exhausted_at = task.exhausted_at or at
