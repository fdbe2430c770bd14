"""What can happen to a transfer, in the past tense."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.log import DomainEvent


@dataclass(frozen=True, kw_only=True)
class TransferEvent(DomainEvent):
    """Something that occurred to a transfer; `store_id` is the store it is on its way to, if that is one."""

    about: ClassVar[str] = "transfer"
    transfer_id: int
    from_id: int
    to_id: int
    store_id: int | None
    order_id: int | None


@dataclass(frozen=True, kw_only=True)
class TransferRequested(TransferEvent):
    """Stock of one node is kept for another."""


@dataclass(frozen=True, kw_only=True)
class TransferShipped(TransferEvent):
    """It has left, and is on its way."""


@dataclass(frozen=True, kw_only=True)
class TransferReceived(TransferEvent):
    """What arrived is in the books; `variance` is how many units did not arrive, or were too many (below zero)."""

    variance: int


@dataclass(frozen=True, kw_only=True)
class TransferCancelled(TransferEvent):
    """Called off before it left."""

    reason: str
