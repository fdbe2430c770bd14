"""What other systems are told may be sold: so many of an item at a node or through a channel, and how fresh that is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from app.oms import channel as channels
from app.oms.availability import Ats
from app.oms.balance import Balance
from app.oms.channel import Channel
from app.oms.item import Item
from app.oms.node import Node


@dataclass(frozen=True, slots=True)
class Freshness:
    """When each node's source was heard last, and which have kept silent too long."""

    heard: Mapping[int, datetime] = field(default_factory=dict)
    stale: Collection[int] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """So many of one item may be sold; by the channel's number when no node is named."""

    item: Item
    units: int
    node: str | None = None
    channel: str | None = None
    version: int = 0
    as_of: datetime | None = None
    is_stale: bool = False


def at_nodes(
    session: Session, items: Sequence[Item], nodes: Sequence[Node], fresh: Freshness, *, channel: Channel | None = None
) -> list[Offer]:
    """What is free at each node; through a channel no more than the channel has, and nothing where it may not sell."""
    there = _balances(session, items, nodes)
    limits = {offer.item.id: offer.units for offer in of_channel(session, items, channel, fresh)} if channel else {}
    pool = channels.terms_of(session, channel).pool if channel else {node.id for node in nodes}
    offers = []
    for item in items:
        for node in nodes:
            kept = there.get((item.id, node.id))
            free = kept.free if kept is not None and node.id in pool else 0
            offers.append(Offer(
                item=item, units=min(free, limits.get(item.id, free)), node=node.code,
                channel=channel.code if channel else None, version=kept.version if kept else 0,
                as_of=fresh.heard.get(node.id), is_stale=node.id in fresh.stale,
            ))  # fmt: skip
    return offers


def of_channel(session: Session, items: Sequence[Item], channel: Channel, fresh: Freshness) -> list[Offer]:
    """The channel's numbers; as old as the word of the node in its pool that has kept silent longest."""
    ids = [item.id for item in items]
    pool = channels.terms_of(session, channel).pool
    kept = {row.item_id: row for row in session.exec(
        select(Ats).where(Ats.channel_id == channel.id, col(Ats.item_id).in_(ids)))}  # fmt: skip
    as_of = min((at for node_id, at in fresh.heard.items() if node_id in pool), default=None)
    is_stale = not pool.isdisjoint(fresh.stale)
    return [
        Offer(item=item, channel=channel.code, as_of=as_of, is_stale=is_stale,
              units=kept[item.id].quantity if item.id in kept else 0,
              version=kept[item.id].version if item.id in kept else 0)
        for item in items
    ]  # fmt: skip


def _balances(session: Session, items: Sequence[Item], nodes: Sequence[Node]) -> dict[tuple[int, int], Balance]:
    there = select(Balance).where(
        col(Balance.item_id).in_([item.id for item in items]), col(Balance.node_id).in_([node.id for node in nodes])
    )
    return {(kept.item_id, kept.node_id): kept for kept in session.exec(there)}
