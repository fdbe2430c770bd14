"""The figures of a region over a stretch of time: a pure fold over the recorded events of its stores."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from sqlmodel import Session, col, select

from app.events.log import Event
from app.people.store import Store


@dataclass(frozen=True, kw_only=True)
class Share:
    """So many of so many; nothing is said about none."""

    kept: int
    of: int

    @property
    def percent(self) -> float | None:
        """Cut, never rounded up: 99.96 % is not "100 %"."""
        return self.kept * 1000 // self.of / 10 if self.of else None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the stores of a region did with what was promised.

    - `ready`: of the orders that came onto a shelf, missed their promise or could not be fulfilled in the stretch,
      those that stood on the shelf by the promised time. A staging taken back doesn't count, a move changes nothing.
    - `acknowledged`: of the tasks somebody took or that had to be escalated in the stretch, those taken in time.
    - `wait`: from the customer's "I'm here" to the hand-off, the middle one of all in the stretch.
    - `to_shelf`: from the placing of an order to its bag on the shelf, the middle one of all in the stretch.
    """

    ready: Share
    acknowledged: Share
    wait: timedelta | None
    to_shelf: timedelta | None


@dataclass
class _Fold:
    """What is known so far, by task, so that a taking back takes back."""

    ready: dict[int, bool] = field(default_factory=dict)
    acknowledged: dict[int, bool] = field(default_factory=dict)
    waits: dict[int, int] = field(default_factory=dict)
    to_shelf: dict[int, int] = field(default_factory=dict)


def of_region(session: Session, region_id: int, *, since: datetime, until: datetime) -> Figures:
    """The figures of all the region's stores, from `since` up to but not including `until`."""
    streams = [f"store/{store_id}" for store_id in session.exec(select(Store.id).where(Store.region_id == region_id))]
    told = select(Event).where(
        col(Event.stream).in_(streams), col(Event.kind).in_(_STEPS), Event.at >= since, Event.at < until
    )
    return fold(session.exec(told.order_by(col(Event.stream), col(Event.seq)).execution_options(yield_per=500)))


def fold(events: Iterable[Event]) -> Figures:
    """Each store's events in their order; the order of the stores doesn't matter."""
    seen = _Fold()
    for event in events:
        if step := _STEPS.get(event.kind):
            step(seen, event.data["task_id"], event.data)
    return Figures(
        ready=_share(seen.ready),
        acknowledged=_share(seen.acknowledged),
        wait=_typical(seen.waits),
        to_shelf=_typical(seen.to_shelf),
    )


def _staged(seen: _Fold, task: int, said: dict) -> None:
    if not said["is_move"]:
        seen.ready[task], seen.to_shelf[task] = said["on_time"], said["since_placed_s"]


def _off_the_shelf(seen: _Fold, task: int, _said: dict) -> None:
    seen.ready.pop(task, None)
    seen.to_shelf.pop(task, None)


def _promise_missed(seen: _Fold, task: int, _said: dict) -> None:
    seen.ready[task] = False


def _acknowledged(seen: _Fold, task: int, said: dict) -> None:
    seen.acknowledged[task] = said["on_time"]


def _given_back(seen: _Fold, task: int, _said: dict) -> None:
    seen.acknowledged.pop(task, None)


def _escalated(seen: _Fold, task: int, said: dict) -> None:
    """Nobody took it in time; not when it was taken, and then not picked in time."""
    if said.get("window", "ack") == "ack" and said.get("kind", "climb") == "climb":
        seen.acknowledged[task] = False


def _handed_over(seen: _Fold, task: int, said: dict) -> None:
    if said["waited_s"] is not None:
        seen.waits[task] = said["waited_s"]


def _handover_taken_back(seen: _Fold, task: int, _said: dict) -> None:
    seen.waits.pop(task, None)


_STEPS = {
    "TaskStaged": _staged,
    "StagingTakenBack": _off_the_shelf,
    "TaskLate": _promise_missed,
    "TaskUnfulfillable": _promise_missed,
    "TaskAcknowledged": _acknowledged,
    "AcknowledgementTakenBack": _given_back,
    "TaskEscalated": _escalated,
    "TaskHandedOver": _handed_over,
    "HandoverTakenBack": _handover_taken_back,
}


def _share(by_task: dict[int, bool]) -> Share:
    return Share(kept=sum(by_task.values()), of=len(by_task))


def _typical(seconds: dict[int, int]) -> timedelta | None:
    return timedelta(seconds=median(seconds.values())) if seconds else None
