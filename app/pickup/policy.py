"""What a store's ladder says: how long each window is, who hears when, what happens when nobody answers. Pure.

A policy is what held when a task began, and stays so for it; `policy_version` keeps them.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property


class WindowKind(StrEnum):
    """What a task is waiting for, one at a time."""

    ACK = "ack"
    PICK = "pick"
    STAGE = "stage"
    WAIT = "wait"
    """The customer is here."""
    HOLD = "hold"
    """Nobody has come for it yet."""
    PUT_BACK = "put back"


class TurnKind(StrEnum):
    """What falls due for a task."""

    REMIND = "remind"
    UNSEEN = "unseen"
    CLIMB = "climb"
    REPEAT = "repeat"
    EXHAUST = "exhaust"
    ACK_EXPIRE = "ack expire"
    PICK_EXPIRE = "pick expire"
    HOLD_REMIND = "hold remind"
    LAST_DAY = "last day"
    EXPIRE = "expire"
    AT_RISK = "at risk"
    LATE = "late"


PASSED_OVER = frozenset({TurnKind.REMIND, TurnKind.UNSEEN})
"""Not worth saying any more once the turn after it is due as well."""


class Target(StrEnum):
    """Whom a step tells; who that is, is found out when it is climbed."""

    ASSIGNEE = "assignee"
    POOL = "pool"
    LEAD = "store_lead_on_duty"
    REGION = "rm_on_duty"


LEVEL_OF = {Target.ASSIGNEE: 0, Target.POOL: 0, Target.LEAD: 1, Target.REGION: 2}


class StaffChannel(StrEnum):
    """How those who work here hear of it; in the app always."""

    IN_APP = "in_app"
    PUSH = "push"
    SMS = "sms"
    MAIL = "mail"


class Needs(StrEnum):
    """Of several who are told, whose answer is enough."""

    ANY = "any"
    ALL = "all"


class Exhausted(StrEnum):
    """What happens when nobody answered up to the top."""

    BOARD = "board"
    REOFFER = "reoffer"
    CHOICE = "choice"
    CANCEL = "cancel"


class Runs(StrEnum):
    """Which time counts."""

    OPEN = "open"
    WALL = "wall"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One rung: whom to tell, and how long they have to answer before the next is told."""

    number: int
    target: Target
    delay: timedelta
    channels: tuple[StaffChannel, ...] = (StaffChannel.IN_APP,)
    needs: Needs = Needs.ANY
    takes_over: bool = False

    @property
    def level(self) -> int:
        return LEVEL_OF[self.target]


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """When people are left in peace, in local minutes; and what is told all the same."""

    windows: tuple[tuple[int, int], ...] = ()
    bypass_level: int = 2
    bypass_within: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class TurnSpec:
    """A turn of a window, so long after its beginning."""

    after: timedelta
    kind: TurnKind
    step: int = 0
    level: int = 0


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A window that has no length does not run."""

    steps: tuple[Step, ...]
    hold_days: int
    ack: timedelta
    pick: timedelta | None = None
    stage: timedelta | None = None
    wait: timedelta | None = None
    put_back: timedelta | None = None
    reminders: tuple[float, ...] = ()
    """At which parts of a window whoever it waits for is reminded."""
    hold_reminders: tuple[int, ...] = ()
    unseen: timedelta | None = None
    """After so long without having stood on a lit screen."""
    repeats: int = 0
    repeat_every: timedelta = timedelta(minutes=10)
    on_exhausted: Exhausted = Exhausted.BOARD
    clock: Runs = Runs.OPEN
    quiet: Quiet = Quiet()
    late_tolerance: timedelta = timedelta(seconds=30)
    """So late a turn is, and the next one still counted from when it was due."""
    min_gap: timedelta = timedelta(seconds=1)
    ack_expires: timedelta | None = None
    pick_expires: timedelta | None = None
    max_handoffs: int = 2
    cap_per_hour: int = 12

    def length(self, window: WindowKind) -> timedelta | None:
        """How long it is; a hold ends with a day, not after so many minutes."""
        return {
            WindowKind.ACK: self.ack, WindowKind.PICK: self.pick, WindowKind.STAGE: self.stage,
            WindowKind.WAIT: self.wait, WindowKind.PUT_BACK: self.put_back, WindowKind.HOLD: None,
        }[window]  # fmt: skip

    def turns(self, window: WindowKind) -> tuple[TurnSpec, ...]:
        """All that falls due in it, in order; none, when it does not run."""
        return self._tables[window]

    @cached_property
    def _tables(self) -> dict[WindowKind, tuple[TurnSpec, ...]]:
        return {window: tuple(sorted(_turns(self, window), key=lambda turn: turn.after)) for window in WindowKind}


def _turns(policy: Policy, window: WindowKind) -> list[TurnSpec]:
    length = policy.length(window)
    if length is None:
        return []
    parts = enumerate(sorted(policy.reminders), 1)
    due = [TurnSpec(after=length * part, kind=TurnKind.REMIND, step=number) for number, part in parts]
    if window == WindowKind.ACK and policy.unseen is not None and policy.unseen < length:
        due.append(TurnSpec(after=policy.unseen, kind=TurnKind.UNSEEN))
    expires = {TurnKind.ACK_EXPIRE: policy.ack_expires, TurnKind.PICK_EXPIRE: policy.pick_expires}
    if window == WindowKind.PICK:
        due.extend(TurnSpec(after=after, kind=kind) for kind, after in expires.items() if after is not None)
    return [*due, *_ladder(policy, length)]


def _ladder(policy: Policy, length: timedelta) -> list[TurnSpec]:
    """From the end of the window up: each step waits for its answer, then the top is told again, then it is over."""
    after, ladder, level = length, [], 0
    for step in policy.steps:
        level = step.level
        ladder.append(TurnSpec(after=after, kind=TurnKind.CLIMB, step=step.number, level=level))
        after += step.delay
    for again in range(policy.repeats):
        ladder.append(TurnSpec(after=after, kind=TurnKind.REPEAT, step=len(policy.steps) + again + 1, level=level))
        after += policy.repeat_every
    return [*ladder, TurnSpec(after=after, kind=TurnKind.EXHAUST, level=level)]
