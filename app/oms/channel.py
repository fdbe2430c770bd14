"""A place where we sell: from which nodes it may sell, how much it leaves aside, and how soon it has to be told."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil, floor
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.events import log
from app.oms import touched
from app.oms.channel_events import ChannelPoolChanged
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.refusals import NotFound, Unreadable
from app.rules import rule_version
from app.rules.bodies import ChannelTerms, RuleKind


class Channel(SQLModel, table=True):
    """Web, a marketplace, the kiosk. Its numbers hold for each item that has none of its own."""

    __tablename__ = "channel"
    __table_args__ = (
        sa.CheckConstraint("buffer >= 0 AND guard_band >= 0 AND publish_delay_s >= 0", name="channel_never_negative"),
        sa.CheckConstraint("cap IS NULL OR cap >= 0", name="channel_cap_never_negative"),
    )

    id: int = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    name: str
    node_kinds: list[str] = Field(default_factory=lambda: [kind.value for kind in NodeKind], sa_type=sa.JSON)
    """All nodes of these kinds; others are listed one by one."""
    buffer: int = 0
    """Whole units it does not offer, because it hears of a sale too late."""
    cap: int | None = None
    """Whole units it is given at most."""
    guard_band: int = 0
    """With so few whole units left, it is told at once."""
    publish_delay_s: int = 0
    is_pushed: bool = False
    """Whether it is told, or asks."""


class ChannelNode(SQLModel, table=True):
    """A node a channel may sell from, whatever kind it is."""

    __tablename__ = "channel_node"

    channel_id: int = Field(foreign_key="channel.id", primary_key=True)
    node_id: int = Field(foreign_key="node.id", primary_key=True)


class ChannelItem(SQLModel, table=True):
    """What differs for one item, in the item's own units."""

    __tablename__ = "channel_item"
    __table_args__ = (
        sa.CheckConstraint("(buffer IS NULL OR buffer >= 0) AND (cap IS NULL OR cap >= 0)", name="allotted"),
    )

    channel_id: int = Field(foreign_key="channel.id", primary_key=True)
    item_id: int = Field(foreign_key="item.id", primary_key=True, index=True)
    buffer: int | None = None
    cap: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """On what terms a channel sells at one instant: the rules', and else its own. Amounts are in whole units."""

    channel_id: int
    code: str
    is_pushed: bool
    pool: frozenset[int]
    buffer: Decimal
    cap: Decimal | None
    guard_band: Decimal
    publish_delay: timedelta

    def numbers(self, own: ChannelItem | None, *, one: int) -> tuple[int, int | None]:
        """Buffer and cap of an item, in its own units; `one` is how many of them make a whole one."""
        buffer = own.buffer if own is not None and own.buffer is not None else ceil(self.buffer * one)
        if own is not None and own.cap is not None:
            return buffer, own.cap
        return buffer, None if self.cap is None else floor(self.cap * one)

    def is_near_the_end(self, units: int, *, one: int) -> bool:
        return units <= self.guard_band * one


def open_channel(session: Session, channel: Channel, *, node_ids: Iterable[int] = ()) -> Channel:
    """From now on every item has a number for it."""
    session.add(channel)
    session.flush()
    session.add_all([ChannelNode(channel_id=channel.id, node_id=node_id) for node_id in sorted(set(node_ids))])
    touch_all(session)
    return channel


def sell_from(
    session: Session, channel: Channel, *, kinds: Collection[NodeKind], node_ids: Collection[int] = (), actor: str,
    at: datetime,
) -> None:  # fmt: skip
    """From now on from these nodes and no others."""
    if not kinds and not node_ids:
        raise Unreadable(f"Say from which kinds of node or which nodes {channel.code} sells. A cap of 0 sells nothing.")
    channel.node_kinds = [kind.value for kind in NodeKind if kind in kinds]
    session.execute(sa.delete(ChannelNode).where(col(ChannelNode.channel_id) == channel.id))
    listed = tuple(sorted(set(node_ids)))
    session.add_all([ChannelNode(channel_id=channel.id, node_id=node_id) for node_id in listed])
    touch_all(session)
    log.record(session, ChannelPoolChanged(at=at, actor=actor, channel_id=channel.id, kinds=tuple(channel.node_kinds),
                                           node_ids=listed))  # fmt: skip


def touch_all(session: Session) -> None:
    """Something changed that may concern every item."""
    touched.mark(session, session.exec(select(Item.id)).all())


def by_code(session: Session, code: str) -> Channel | None:
    return session.exec(select(Channel).where(Channel.code == code)).one_or_none()


def found(session: Session, code: str) -> Channel:
    channel = by_code(session, code)
    if channel is None:
        raise NotFound(f"There is no channel {code}.")
    return channel


def locked(session: Session, code: str) -> Channel:
    """Held until this transaction ends: of two who change how it sells, one is first. Its numbers may go on."""
    channel = found(session, code)
    session.refresh(channel, with_for_update={"key_share": True})
    return channel


def listed_nodes(session: Session, channel: Channel) -> list[str]:
    """The codes of those it sells from whatever kind they are."""
    listed = select(Node.code).join(ChannelNode).where(ChannelNode.channel_id == channel.id)
    return list(session.exec(listed.order_by(Node.code)))


def all_terms(session: Session, *, at: datetime) -> list[Terms]:
    """Of every channel there is."""
    return _on_terms(session, session.exec(select(Channel).order_by(col(Channel.id))).all(), at)


def terms_of(session: Session, channel: Channel, *, at: datetime) -> Terms:
    return _on_terms(session, [channel], at)[0]


def _on_terms(session: Session, channels: Sequence[Channel], at: datetime) -> list[Terms]:
    nodes = session.exec(select(Node.id, Node.kind)).all()
    rules = {rule.scope: rule.body for rule in rule_version.all_in_force(session, RuleKind.CHANNEL, at=at)}
    listed: dict[int, set[int]] = {}
    for entry in session.exec(select(ChannelNode)):
        listed.setdefault(entry.channel_id, set()).add(entry.node_id)
    terms = []
    for channel in channels:
        kinds, own = set(channel.node_kinds), listed.get(channel.id, set())
        pool = frozenset(node_id for node_id, kind in nodes if kind in kinds or node_id in own)
        terms.append(_terms(channel, pool, [rules[s] for s in ("all", f"channel:{channel.code}") if s in rules]))
    return terms


def _terms(channel: Channel, pool: frozenset[int], rules: Sequence[Mapping[str, Any]]) -> Terms:
    """What a rule says, it says of every channel it is for; the channel's own numbers fill in the rest."""
    rule = rule_version.merged(ChannelTerms, rules)
    cap = rule.cap if "cap" in rule.model_fields_set else channel.cap
    delay = channel.publish_delay_s if rule.publish_delay_s is None else rule.publish_delay_s
    return Terms(
        channel_id=channel.id, code=channel.code, is_pushed=channel.is_pushed, pool=pool,
        buffer=Decimal(channel.buffer if rule.buffer is None else rule.buffer),
        cap=None if cap is None else Decimal(cap),
        guard_band=Decimal(channel.guard_band if rule.guard_band is None else rule.guard_band),
        publish_delay=timedelta(seconds=delay),
    )  # fmt: skip


def own_numbers(session: Session, item_ids: Iterable[int]) -> dict[tuple[int, int], ChannelItem]:
    """By channel and item."""
    kept = session.exec(select(ChannelItem).where(col(ChannelItem.item_id).in_(list(item_ids))))
    return {(own.channel_id, own.item_id): own for own in kept}
