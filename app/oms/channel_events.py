"""What happens to channels, for the audit trail."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.log import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ChannelEvent(DomainEvent):
    """Channels are the whole house's: their events are a stream of their own."""

    about: ClassVar[str] = "channel"
    channel_id: int

    @property
    def stream(self) -> str:
        """Of no store."""
        return "channels"


@dataclass(frozen=True, kw_only=True)
class ChannelPoolChanged(ChannelEvent):
    """It sells from all nodes of these kinds and from these nodes, and from no others."""

    kinds: tuple[str, ...]
    node_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ItemAllotted(ChannelEvent):
    """An item has numbers of its own, in its own units; what is null is the channel's."""

    item_id: int
    buffer: int | None
    cap: int | None


@dataclass(frozen=True, kw_only=True)
class AllotmentTakenBack(ChannelEvent):
    """It is sold on the channel's terms again."""

    item_id: int
