"""What can happen to a count, in the past tense."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.log import DomainEvent


@dataclass(frozen=True, kw_only=True)
class CountEvent(DomainEvent):
    """Something that occurred to a count."""

    about: ClassVar[str] = "count"
    count_id: int
    store_id: int
    item_id: int


@dataclass(frozen=True, kw_only=True)
class CountOpened(CountEvent):
    """Somebody has to look how much is there."""

    cause: str


@dataclass(frozen=True, kw_only=True)
class RecountAsked(CountEvent):
    """The first count differs so much that another person has to look."""

    counted: int


@dataclass(frozen=True, kw_only=True)
class CountPosted(CountEvent):
    """The books say what was counted; `wrong_by` is null when a newer word was known."""

    counted: int
    wrong_by: int | None


@dataclass(frozen=True, kw_only=True)
class CountDropped(CountEvent):
    """Nobody needs to look any more."""

    reason: str
