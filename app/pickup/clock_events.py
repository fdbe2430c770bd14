"""What the clock does to a pickup task, and who answers for it, in the past tense."""

from dataclasses import dataclass

from app.pickup.task_events import TaskEvent


@dataclass(frozen=True, kw_only=True)
class TaskLate(TaskEvent):
    """The promised time passed and the bag is not on the shelf."""


@dataclass(frozen=True, kw_only=True)
class TaskEscalated(TaskEvent):
    """Nobody answered in time: the next level was told."""

    level: int
    due_at: str
    lateness_ms: int
    window: str
    cycle: int
    step: int
    kind: str
    """These four are not in events from before the clock had windows: each was a climb, and its level the step."""


@dataclass(frozen=True, kw_only=True)
class EscalationAcknowledged(TaskEvent):
    """Somebody owns the escalation now."""

    level: int
    waited_s: int
