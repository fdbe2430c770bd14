"""What a channel is allotted of single items: how much it leaves aside of one, and how much it is given at most."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from app.events import log
from app.oms import touched
from app.oms.channel import Channel, ChannelItem
from app.oms.channel_events import AllotmentTakenBack, ItemAllotted
from app.oms.item import Item
from app.refusals import NotFound, Unreadable
from app.rules.bodies import LARGEST


def units(item: Item, amount: str | None, *, unit: str | None) -> int | None:
    """An amount as it was said; nothing said stays nothing."""
    if unit not in (None, item.unit):
        raise Unreadable(f"{item.sku} is counted by the {item.unit}, not by the {unit}.")
    return None if amount is None else item.units_of(amount)


def allot(
    session: Session, channel: Channel, item: Item, *, buffer: int | None = None, cap: int | None = None, actor: str,
    at: datetime,
) -> None:  # fmt: skip
    """Numbers of this item's own instead of any it had; None takes the channel's."""
    said = [number for number in (buffer, cap) if number is not None]
    if not said:
        raise Unreadable(f"Say how much of {item.sku} is left aside, how much is given at most, or both.")
    if any(not 0 <= number <= item.units_of(LARGEST) for number in said):
        raise Unreadable(f"Of {item.sku} a channel is allotted from 0 to {LARGEST} {item.unit}.")
    session.merge(ChannelItem(channel_id=channel.id, item_id=item.id, buffer=buffer, cap=cap))
    touched.mark(session, [item.id])
    log.record(session, ItemAllotted(at=at, actor=actor, channel_id=channel.id, item_id=item.id,
                                     buffer=buffer, cap=cap))  # fmt: skip


def take_back(session: Session, channel: Channel, item: Item, *, actor: str, at: datetime) -> None:
    """It is sold on the channel's own terms again."""
    own = session.get(ChannelItem, (channel.id, item.id), populate_existing=True)
    if own is None:
        raise NotFound(f"Nothing of {item.sku} is allotted to {channel.code}.")
    session.delete(own)
    touched.mark(session, [item.id])
    log.record(session, AllotmentTakenBack(at=at, actor=actor, channel_id=channel.id, item_id=item.id))


def of_channel(
    session: Session, channel: Channel, *, skus: Collection[str] = (), after: int = 0, most: int | None = None
) -> list[tuple[ChannelItem, Item]]:
    """Those of these skus, or all, in the order in which the items were made known."""
    found = select(ChannelItem, Item).join(Item).where(ChannelItem.channel_id == channel.id, Item.id > after)
    if skus:
        found = found.where(col(Item.sku).in_(skus))
    return list(session.exec(found.order_by(col(Item.id)).limit(most)))
