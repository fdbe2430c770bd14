"""What can happen to a notice, in the past tense."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.log import DomainEvent


@dataclass(frozen=True, kw_only=True)
class NoticeEvent(DomainEvent):
    """Something that occurred to a notice about an order."""

    about: ClassVar[str] = "order"
    order_id: int
    store_id: int | None
    notice_id: int
    stage: str
    channel: str


@dataclass(frozen=True, kw_only=True)
class NoticeSent(NoticeEvent):
    """The customer's mail server has it."""


@dataclass(frozen=True, kw_only=True)
class NoticeFailed(NoticeEvent):
    """Every attempt was used up, or the address was refused: somebody may have to ring."""


@dataclass(frozen=True, kw_only=True)
class NoticeUndeliverable(NoticeEvent):
    """The customer left no address, so there is nothing to send."""
