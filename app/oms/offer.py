"""What other systems are told may be sold: so many of an item at a node or through a channel, and how fresh that is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from app.oms import channel as channels
from app.oms import freshness, kit
from app.oms.availability import Ats
from app.oms.balance import Balance
from app.oms.channel import Channel
from app.oms.freshness import Freshness
from app.oms.item import Item
from app.oms.node import Node


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
    session: Session, items: Sequence[Item], nodes: Sequence[Node], *, at: datetime, channel: Channel | None = None
) -> list[Offer]:
    """What is free at each node; through a channel no more than the channel has, and nothing where it may not sell."""
    there, heard = _there(session, items, nodes), _heard(session, (node.id for node in nodes), at)
    limits = {each.item.id: each.units for each in of_channel(session, items, channel, at=at)} if channel else {}
    pool = channels.terms_of(session, channel, at=at).pool if channel else {node.id for node in nodes}
    offers = []
    for item in items:
        for node in nodes:
            kept, word = there.get((item.id, node.id), NOTHING), heard.get(node.id)
            free = kept.free if node.id in pool else 0
            offers.append(Offer(
                item=item, units=min(free, limits.get(item.id, free)), version=kept.version, node=node.code,
                channel=channel.code if channel else None,
                as_of=word.heard_at if word else None, is_stale=word is not None and word.is_stale,
            ))  # fmt: skip
    return offers


def of_channel(session: Session, items: Sequence[Item], channel: Channel, *, at: datetime) -> list[Offer]:
    """The channel's numbers; as old as the word of that node in its pool which has kept silent longest."""
    ids = [item.id for item in items]
    heard = _heard(session, channels.terms_of(session, channel, at=at).pool, at)
    numbers = select(Ats).where(Ats.channel_id == channel.id, col(Ats.item_id).in_(ids))
    kept = {row.item_id: row for row in session.exec(numbers)}
    doubtful = _standing_at(session, ids, {node_id for node_id, word in heard.items() if word.is_stale})
    as_of = min((word.heard_at for word in heard.values()), default=None)
    return [
        Offer(
            item=item, channel=channel.code, as_of=as_of, is_stale=item.id in doubtful,
            units=kept[item.id].quantity if item.id in kept else 0,
            version=kept[item.id].version if item.id in kept else 0,
        )
        for item in items
    ]  # fmt: skip


def _heard(session: Session, node_ids: Iterable[int], at: datetime) -> dict[int, Freshness]:
    """Of each node the source that has kept silent longest; a node nobody reports on is true by our own books."""
    return {node_id: sources[0] for node_id, sources in freshness.of(session, node_ids, at=at).items()}


def _standing_at(session: Session, item_ids: Sequence[int], node_ids: set[int]) -> set[int]:
    """Items, and kits of items, of which there is something at these nodes, as far as we know."""
    if not node_ids:
        return set()
    made_of = kit.recipes(session, item_ids)
    wanted = {*item_ids, *(part for recipe in made_of.values() for part in recipe)}
    there = select(Balance.item_id).where(
        col(Balance.item_id).in_(wanted), col(Balance.node_id).in_(node_ids), Balance.on_hand > 0
    )
    standing = set(session.exec(there))
    return standing | {kit_id for kit_id, recipe in made_of.items() if standing & recipe.keys()}


class Stand(NamedTuple):
    """What is free at a node, and how often that has changed."""

    free: int
    version: int


NOTHING = Stand(0, 0)


def _there(session: Session, items: Sequence[Item], nodes: Sequence[Node]) -> dict[tuple[int, int], Stand]:
    made_of = kit.recipes(session, [item.id for item in items])
    wanted = {*(item.id for item in items), *(part for recipe in made_of.values() for part in recipe)}
    there = select(Balance).where(
        col(Balance.item_id).in_(wanted), col(Balance.node_id).in_([node.id for node in nodes])
    )
    found = {(kept.item_id, kept.node_id): Stand(kept.free, kept.version) for kept in session.exec(there)}
    for kit_id, recipe in made_of.items():
        for node in nodes:
            parts = {item_id: found.get((item_id, node.id), NOTHING) for item_id in recipe}
            sets = kit.sets(recipe, {item_id: part.free for item_id, part in parts.items()})
            found[kit_id, node.id] = Stand(sets, sum(part.version for part in parts.values()))
    return found
