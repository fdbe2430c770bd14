"""A place where we sell: from which nodes it may sell, how much it leaves aside, and how soon it has to be told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.oms import touched
from app.oms.item import Item
from app.oms.node import Node, NodeKind


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
    """On what terms a channel sells, at one instant."""

    channel_id: int
    code: str
    pool: frozenset[int]
    buffer: int
    cap: int | None
    guard_band: int
    publish_delay: timedelta
    is_pushed: bool

    def numbers(self, own: ChannelItem | None, *, one: int) -> tuple[int, int | None]:
        """Buffer and cap of an item, in its own units; `one` is how many of them make a whole one."""
        buffer = own.buffer if own is not None and own.buffer is not None else self.buffer * one
        if own is not None and own.cap is not None:
            return buffer, own.cap
        return buffer, None if self.cap is None else self.cap * one


def open_channel(session: Session, channel: Channel, *, node_ids: Iterable[int] = ()) -> Channel:
    """From now on every item has a number for it."""
    session.add(channel)
    session.flush()
    session.add_all([ChannelNode(channel_id=channel.id, node_id=node_id) for node_id in sorted(set(node_ids))])
    touch_all(session)
    return channel


def allot(
    session: Session, channel: Channel, *, item_id: int, buffer: int | None = None, cap: int | None = None
) -> None:
    """Numbers of this item's own; None takes the channel's."""
    session.merge(ChannelItem(channel_id=channel.id, item_id=item_id, buffer=buffer, cap=cap))
    touched.mark(session, [item_id])


def touch_all(session: Session) -> None:
    """Something changed that may concern every item."""
    touched.mark(session, session.exec(select(Item.id)).all())


def by_code(session: Session, code: str) -> Channel | None:
    return session.exec(select(Channel).where(Channel.code == code)).one_or_none()


def all_terms(session: Session) -> list[Terms]:
    """Of every channel there is."""
    return _on_terms(session, session.exec(select(Channel).order_by(col(Channel.id))).all())


def terms_of(session: Session, channel: Channel) -> Terms:
    return _on_terms(session, [channel])[0]


def _on_terms(session: Session, channels: Sequence[Channel]) -> list[Terms]:
    nodes = session.exec(select(Node.id, Node.kind)).all()
    listed: dict[int, set[int]] = {}
    for entry in session.exec(select(ChannelNode)):
        listed.setdefault(entry.channel_id, set()).add(entry.node_id)
    return [_terms(channel, nodes, listed.get(channel.id, set())) for channel in channels]


def _terms(channel: Channel, nodes: Iterable[tuple[int, str]], listed: set[int]) -> Terms:
    kinds = set(channel.node_kinds)
    return Terms(
        channel_id=channel.id, code=channel.code, is_pushed=channel.is_pushed,
        pool=frozenset(node_id for node_id, kind in nodes if kind in kinds or node_id in listed),
        buffer=channel.buffer, cap=channel.cap, guard_band=channel.guard_band,
        publish_delay=timedelta(seconds=channel.publish_delay_s),
    )  # fmt: skip


def own_numbers(session: Session, item_ids: Iterable[int]) -> dict[tuple[int, int], ChannelItem]:
    """By channel and item."""
    kept = session.exec(select(ChannelItem).where(col(ChannelItem.item_id).in_(list(item_ids))))
    return {(own.channel_id, own.item_id): own for own in kept}
