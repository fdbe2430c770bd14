"""A node that can't serve for a while: nothing is routed there, and what waits there may go elsewhere."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from sqlmodel import Session, col, select

from app.events import log
from app.events.log import DomainEvent
from app.oms import candidates, parcels, sourcing
from app.oms import order as orders
from app.oms.node import Node, NodeKind
from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.order_line import Fulfilment, FulfilmentKind, OrderLine
from app.refusals import Refusal, Unreadable

NOBODY_KNOWS = datetime(9999, 12, 31, tzinfo=UTC)


class NotDown(Refusal):
    """It is up already."""


@dataclass(frozen=True, kw_only=True)
class NodeEvent(DomainEvent):
    """Something that occurred to a place; in its store's stream, if it is one."""

    about: ClassVar[str] = "node"
    node_id: int
    store_id: int | None


@dataclass(frozen=True, kw_only=True)
class NodeWentDown(NodeEvent):
    """Nothing is routed there until then."""

    until: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class NodeCameUp(NodeEvent):
    """It serves again."""


def take_down(
    session: Session, node: Node, *, reason: str, until: datetime | None, actor: str, at: datetime
) -> NodeTerms:
    """From now on, until then or until it is said to be up."""
    if not reason.strip() or (until is not None and until <= at):
        raise Unreadable("Say why it is down, and until when in the future, if anybody knows.")
    terms = terms_of(session, node)
    terms.down_until, terms.down_reason = until or NOBODY_KNOWS, reason.strip()
    log.record(session, NodeWentDown(at=at, actor=actor, node_id=node.id, store_id=_store_id(node),
                                     until=terms.down_until, reason=terms.down_reason))  # fmt: skip
    return terms


def bring_up(session: Session, node: Node, *, actor: str, at: datetime) -> NodeTerms:
    """Orders may come from there again; those that went elsewhere stay there."""
    terms = terms_of(session, node)
    if terms.down_until is None or terms.down_until <= at:
        raise NotDown(f"{node.name} is not down.")
    terms.down_until, terms.down_reason = None, ""
    log.record(session, NodeCameUp(at=at, actor=actor, node_id=node.id, store_id=_store_id(node)))
    return terms


def terms_of(session: Session, node: Node) -> NodeTerms:
    """The node's own, locked; one that had none gets those it worked on."""
    kept = session.get(NodeTerms, node.id, with_for_update=True, populate_existing=True)
    terms = candidates.terms_of(node, kept)
    session.add(terms)
    session.flush()
    return terms


def waiting_at(session: Session, node: Node) -> list[int]:
    """Orders with something that nobody there has picked yet and that is to be shipped."""
    parts = select(Fulfilment.id).where(Fulfilment.node_id == node.id, Fulfilment.kind == FulfilmentKind.SHIP)
    open_lines = select(OrderLine.order_id).where(OrderLine.reserved > 0, col(OrderLine.fulfilment_id).in_(parts))
    return sorted(set(session.exec(open_lines)))


def move_on(session: Session, order_id: int, node: Node, *, actor: str, at: datetime) -> bool:
    """What an order was to get from there comes from elsewhere, if it can; each order in a transaction of its own."""
    order: Order = orders.locked(session, order_id)
    parts = {part.id for part in order.fulfilments if part.node_id == node.id and part.kind == FulfilmentKind.SHIP}
    units = {line.id: parcels.movable(line) for line in order.lines if line.fulfilment_id in parts and line.reserved}
    if not units:
        return False
    reason = terms_of(session, node).down_reason or "down"
    return sourcing.fill(session, order, units, reason=reason, actor=actor, at=at).is_routed


def _store_id(node: Node) -> int | None:
    return node.id if node.kind == NodeKind.STORE else None
