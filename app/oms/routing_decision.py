"""What was decided about where an order comes from, and why: a row each, never changed; and who said no to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.events.log import Eventful
from app.oms.correction import Counted
from app.oms.order_events import OrderEvent


class Mode(StrEnum):
    """By the rules; by the rules for when those find nothing (later than promised, by transfer); by a person."""

    NORMAL = "normal"
    FALLBACK = "fallback"
    MANUAL = "manual"


class Outcome(StrEnum):
    """How it comes to the customer; or that no way was found."""

    COLLECTED = "collected at the store"
    SHIPPED = "shipped"
    TRANSFERRED = "brought to the store"
    NOTHING = "no way found"


class RoutingDecision(Eventful, SQLModel, table=True):
    """One decision about all or part of an order, with what it was chosen from. A trigger refuses to change it."""

    __tablename__ = "routing_decision"
    __table_args__ = (sa.UniqueConstraint("order_id", "number"),)

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="order.id")
    number: int
    at: datetime
    actor: str
    mode: Mode = Field(sa_type=db.choice(Mode))
    outcome: Outcome = Field(sa_type=db.choice(Outcome))
    rule_version_ids: list[int] = Field(sa_type=sa.JSON)
    wanted: dict[str, int] = Field(sa_type=sa.JSON)
    """Units by item."""
    candidates: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    """Every node that had some of it: what it had, what it would have cost, or why it was not asked."""
    parts: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    """Who sends what, and what that costs."""
    cost_minor: float = 0.0
    gap_minor: float = 0.0
    """So much cheaper the best choice could be at most; 0 when this is the best."""
    reason: str = ""

    @property
    def is_routed(self) -> bool:
        return self.outcome != Outcome.NOTHING

    def says_no_to(self, wanted: Mapping[str, int]) -> bool:
        """Nothing was found for just this, and nothing was decided since."""
        return not self.is_routed and self.mode != Mode.MANUAL and self.wanted == wanted


class RoutingRefusal(SQLModel, table=True):
    """A node had not what an order was to get from it; it is not asked again before somebody counted there."""

    __tablename__ = "routing_refusal"

    order_id: int = Field(foreign_key="order.id", primary_key=True)
    node_id: int = Field(foreign_key="node.id", primary_key=True)
    item_id: int = Field(foreign_key="item.id", primary_key=True)
    refused_at: datetime = Field(index=True)
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderRouted(OrderEvent):
    """Somebody else than the store it was meant for brings some of it, or nobody can."""

    decision_id: int
    mode: Mode
    outcome: Outcome
    node_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class UnitsMovedOn(OrderEvent):
    """A node that was to send some of an order need not any more: another does."""

    fulfilment_id: int
    node_id: int
    item_id: int
    quantity: int
    reason: str


def refuse(
    session: Session, *, order_id: int, node_id: int, item_ids: Iterable[int], reason: str, at: datetime
) -> None:
    """From now on this order gets none of these there, unless they are counted after this instant."""
    rows = [{"order_id": order_id, "node_id": node_id, "item_id": item_id, "refused_at": at, "reason": reason}
            for item_id in sorted(set(item_ids))]  # fmt: skip
    if rows:
        insert = db.insert(session, RoutingRefusal)
        newest = {"refused_at": insert.excluded.refused_at, "reason": insert.excluded.reason}
        session.execute(
            insert.on_conflict_do_update(index_elements=["order_id", "node_id", "item_id"], set_=newest), rows
        )


def forgive(session: Session, *, order_id: int, node_id: int, item_id: int) -> None:
    """They had it after all."""
    mine = sa.delete(RoutingRefusal).where(
        col(RoutingRefusal.order_id) == order_id, col(RoutingRefusal.node_id) == node_id,
        col(RoutingRefusal.item_id) == item_id,
    )  # fmt: skip
    session.execute(mine)


def refused(session: Session, order_id: int) -> dict[int, set[int]]:
    """By node, the items this order can't have there."""
    counted = sa.and_(
        col(Counted.item_id) == RoutingRefusal.item_id, col(Counted.node_id) == RoutingRefusal.node_id,
        col(Counted.as_of) > RoutingRefusal.refused_at,
    )  # fmt: skip
    standing = select(RoutingRefusal.node_id, RoutingRefusal.item_id).where(RoutingRefusal.order_id == order_id)
    found: dict[int, set[int]] = {}
    for node_id, item_id in session.exec(standing.where(~sa.exists().where(counted))):
        found.setdefault(node_id, set()).add(item_id)
    return found


def of_order(session: Session, order_id: int) -> list[RoutingDecision]:
    """The newest first."""
    made = select(RoutingDecision).where(RoutingDecision.order_id == order_id)
    return list(session.exec(made.order_by(col(RoutingDecision.number).desc())))


def last_of(session: Session, order_id: int) -> RoutingDecision | None:
    made = select(RoutingDecision).where(RoutingDecision.order_id == order_id)
    return session.exec(made.order_by(col(RoutingDecision.number).desc()).limit(1)).first()
