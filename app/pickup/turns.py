"""A task's clock: which turn of its window is next, and when; and the promise beside it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.people.hours import OpeningHours
from app.pickup.policy import PASSED_OVER, Policy, Runs, TurnKind, TurnSpec, WindowKind

MICROSECOND = timedelta(microseconds=1)
RUNGS = frozenset({TurnKind.CLIMB, TurnKind.REPEAT})

Count = Callable[[datetime, timedelta], datetime]
"""When so much of the time that counts has passed since an instant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What fell due, and when it did."""

    at: datetime
    kind: TurnKind
    step: int
    level: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """What a task's row says of its clock, and nothing else of it."""

    window_kind: WindowKind | None = None
    window_from: datetime | None = None
    window_s: int | None = None
    window_due_at: datetime | None = None
    turn: int = 0
    """How many turns of the window have been, and with that which is next."""
    step: int = 0
    """The last rung climbed."""
    level: int = 0
    """Who was told last: 0 associates, 1 store lead, 2 regional manager."""
    step_due_at: datetime | None = None
    step_kind: TurnKind | None = None
    plan_basis: datetime | None = None
    """Since when `open_left_us` have to pass until the step is due."""
    open_left_us: int | None = None
    promise_due_at: datetime | None = None
    promise_kind: TurnKind | None = None


def begin(timed: Timed, window: WindowKind, policy: Policy, hours: OpeningHours, *, at: datetime) -> Timed:
    """The window starts now, at the foot of its ladder; one that does not run leaves the task without any."""
    turns, length, count = policy.turns(window), policy.length(window), _counting(policy, hours)
    if length is None:
        return end_window(timed)
    begun = replace(timed, window_kind=window, window_from=at, window_s=length // timedelta(seconds=1),
                    window_due_at=count(at, length), turn=0, step=0, level=0)  # fmt: skip
    return _planned(begun, turns[0].kind, (at, turns[0].after), count(at, turns[0].after))


def end_window(timed: Timed) -> Timed:
    """Nothing of it falls due any more; the promise stays as it is."""
    return replace(pause(timed), window_kind=None)


def pause(timed: Timed) -> Timed:
    """It stands still, and can only begin anew."""
    return replace(timed, step_due_at=None, step_kind=None, plan_basis=None, open_left_us=None)


def after(timed: Timed, policy: Policy, hours: OpeningHours, *, at: datetime) -> tuple[Turn, Timed]:
    """The turn that is to be taken now, one and no more, and the clock when it was.

    A reminder whose next turn is due as well is passed over. On time, the next is counted from when this one was due,
    so that seconds never add up; late, it is counted from now, so that nobody who was away is told all at once.
    """
    if timed.window_kind is None or timed.step_due_at is None:
        raise ValueError("No window runs.")
    turns, count = policy.turns(timed.window_kind), _counting(policy, hours)
    number, due = _overtaken(turns, (timed.turn, timed.step_due_at), count, at)
    taken = turns[number]
    moved = replace(timed, turn=number + 1)
    if taken.kind in RUNGS:
        moved = replace(moved, step=taken.step, level=taken.level)
    fired = Turn(at=due, kind=taken.kind, step=taken.step, level=taken.level)
    if number + 1 == len(turns):
        return fired, pause(moved)
    anchor, delay = at if at - due > policy.late_tolerance else due, turns[number + 1].after - taken.after
    if count(anchor, delay) < at + policy.min_gap:
        anchor, delay = at, policy.min_gap
    return fired, _planned(moved, turns[number + 1].kind, (anchor, delay), count(anchor, delay))


def replan(timed: Timed, policy: Policy, before: OpeningHours, now: OpeningHours, *, at: datetime) -> Timed:
    """Other hours: as much open time as was left is left, and what is due already stays so."""
    if policy.clock == Runs.WALL:
        return timed
    planned = timed
    if timed.step_due_at is not None and timed.step_kind is not None and timed.step_due_at > at:
        left = max(before.open_between(at, timed.step_due_at), policy.min_gap)
        planned = _planned(planned, timed.step_kind, (at, left), now.add_open(at, left))
    if timed.window_due_at is not None and timed.window_due_at > at:
        planned = replace(planned, window_due_at=now.add_open(at, before.open_between(at, timed.window_due_at)))
    return planned


def promise(timed: Timed, promised_at: datetime | None) -> Timed:
    """Watch this promise from now on; or none any more."""
    return replace(timed, promise_due_at=promised_at, promise_kind=TurnKind.LATE if promised_at else None)


def next_of(timed: Timed) -> tuple[datetime, TurnKind] | None:
    """The one timer: whichever comes first; of both at once the step, for the promise is told in a moment."""
    step = (timed.step_due_at, timed.step_kind)
    promised = (timed.promise_due_at, timed.promise_kind)
    due = [(when, kind) for when, kind in (step, promised) if when is not None and kind is not None]
    return min(due, key=lambda each: each[0], default=None)


def _counting(policy: Policy, hours: OpeningHours) -> Count:
    return hours.add_open if policy.clock == Runs.OPEN else lambda at, span: at + span


def _overtaken(
    turns: tuple[TurnSpec, ...], standing: tuple[int, datetime], count: Count, at: datetime
) -> tuple[int, datetime]:
    number, due = standing
    while turns[number].kind in PASSED_OVER and number + 1 < len(turns):
        then = count(due, turns[number + 1].after - turns[number].after)
        if then > at:
            break
        number, due = number + 1, then
    return number, due


def _planned(timed: Timed, kind: TurnKind, left: tuple[datetime, timedelta], due: datetime) -> Timed:
    """Kept with what it was reckoned from, so that it can be reckoned again."""
    basis, span = left
    return replace(timed, step_due_at=due, step_kind=kind, plan_basis=basis, open_left_us=span // MICROSECOND)
