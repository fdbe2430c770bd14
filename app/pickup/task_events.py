"""What can happen to a pickup task, in the past tense."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.log import DomainEvent
from app.pickup.task_status import TaskStatus


@dataclass(frozen=True, kw_only=True)
class TaskEvent(DomainEvent):
    """Something that occurred to a task; `was` and `status` say how its state changed, and the board folds them."""

    about: ClassVar[str] = "task"
    store_id: int
    order_id: int
    task_id: int
    was: TaskStatus | None
    status: TaskStatus


@dataclass(frozen=True, kw_only=True)
class TaskOpened(TaskEvent):
    """The store is asked to fulfil an order; by which policy, where a window begins with it."""

    policy_version_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class TaskAcknowledged(TaskEvent):
    """An associate said "mine"."""

    on_time: bool
    waited_s: int
    cycle: int
    """Not in events from before the clock had windows."""


@dataclass(frozen=True, kw_only=True)
class AcknowledgementTakenBack(TaskEvent):
    """The task is nobody's again, with a window of its own."""


@dataclass(frozen=True, kw_only=True)
class TaskTakenOver(TaskEvent):
    """A colleague goes on with it."""

    from_associate_id: int


@dataclass(frozen=True, kw_only=True)
class UnitPicked(TaskEvent):
    """One unit is in the bag."""

    line_id: int
    typed: bool


@dataclass(frozen=True, kw_only=True)
class PickTakenBack(TaskEvent):
    """One unit is back on its shelf."""

    line_id: int


@dataclass(frozen=True, kw_only=True)
class UnitsShort(TaskEvent):
    """Units that were promised are not there."""

    line_id: int
    quantity: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ShortTakenBack(TaskEvent):
    """They are there after all."""

    line_id: int
    quantity: int


@dataclass(frozen=True, kw_only=True)
class TaskCutShort(TaskEvent):
    """The customer wants less than they ordered; nobody had picked it yet."""

    line_id: int
    quantity: int


@dataclass(frozen=True, kw_only=True)
class TaskUnfulfillable(TaskEvent):
    """Nothing of the order could be found."""


@dataclass(frozen=True, kw_only=True)
class TaskStaged(TaskEvent):
    """The bag is on a scanned shelf: the one thing that can cause "ready"."""

    staging_id: int
    location_id: int
    on_time: bool
    since_placed_s: int
    typed: bool
    is_move: bool
    """True when a bag that was staged already went to another shelf: the customer knows."""


@dataclass(frozen=True, kw_only=True)
class StagingTakenBack(TaskEvent):
    """The bag is off the shelf again."""

    staging_id: int


@dataclass(frozen=True, kw_only=True)
class CustomerArrived(TaskEvent):
    """The customer is here; waiting time starts."""


@dataclass(frozen=True, kw_only=True)
class ArrivalTakenBack(TaskEvent):
    """Not here yet."""


@dataclass(frozen=True, kw_only=True)
class TaskHandedOver(TaskEvent):
    """The customer has it; `method` is how that was checked."""

    method: str
    waited_s: int | None


@dataclass(frozen=True, kw_only=True)
class HandoverTakenBack(TaskEvent):
    """A lead took a wrong hand-off back."""


@dataclass(frozen=True, kw_only=True)
class TaskMoved(TaskEvent):
    """Another place fulfils what was this store's to do."""


@dataclass(frozen=True, kw_only=True)
class TaskAskedForMore(TaskEvent):
    """More of the order is to come from here, while its bag or parcel still stands here."""


@dataclass(frozen=True, kw_only=True)
class TaskCancelled(TaskEvent):
    """The order was called off; what is in a bag has to be put back."""

    to_put_back: int


@dataclass(frozen=True, kw_only=True)
class UnitPutBack(TaskEvent):
    """One unit of a cancelled order is back on its shelf and on sale."""

    line_id: int


@dataclass(frozen=True, kw_only=True)
class TaskPutBack(TaskEvent):
    """Everything of a cancelled order is back on sale."""


@dataclass(frozen=True, kw_only=True)
class TaskAwaitsTransfer(TaskEvent):
    """Another place has what this store has not: it is kept there for the order."""


@dataclass(frozen=True, kw_only=True)
class TaskInTransit(TaskEvent):
    """It has left for this store."""


@dataclass(frozen=True, kw_only=True)
class TaskReceived(TaskEvent):
    """It has arrived, and is ready for a shelf or for what is still to pick."""

    missing: int
