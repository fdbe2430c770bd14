"""What a node keeps back from promises made elsewhere: by the rules in force, and more while its source is silent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import rows
from app.oms import balance, freshness, touched
from app.oms.balance import Balance, Key
from app.oms.item import Item
from app.oms.node import Node
from app.rules import rule_version
from app.rules.bodies import RuleKind, SafetyStock
from app.rules.rule_version import RuleVersion


class StaleNode(SQLModel, table=True):
    """A node whose source is taken to be silent; what it keeps back has been raised since."""

    __tablename__ = "stale_node"

    node_id: int = Field(foreign_key="node.id", primary_key=True)
    since: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """So much is kept back, and the narrowest rule that says so; 0 for none."""

    units: int = 0
    rule_id: int = 0


NOTHING = Kept()


@dataclass
class Resolver:
    """The rules in force, asked for many balances."""

    said: Mapping[str, RuleVersion]
    nodes: Mapping[int, Node]
    stale: frozenset[int]
    _answered: dict[tuple[tuple[str, ...], bool, int], Kept] = field(default_factory=dict)

    def of(self, item: Item, node_id: int) -> Kept:
        if not self.said:
            return NOTHING
        held = tuple(scope for scope in _scopes(item, self.nodes[node_id]) if scope in self.said)
        asked = held, node_id in self.stale, item.decimals
        if asked not in self._answered:
            self._answered[asked] = self._kept(*asked)
        return self._answered[asked]

    def _kept(self, scopes: tuple[str, ...], is_stale: bool, decimals: int) -> Kept:
        if not scopes:
            return NOTHING
        rule = rule_version.merged(SafetyStock, (self.said[scope].body for scope in scopes))
        amount = Decimal(rule.units) + (Decimal(rule.more_when_stale) if is_stale else 0)
        return Kept(units_of(amount, decimals), self.said[scopes[-1]].id)


def units_of(amount: Decimal, decimals: int) -> int:
    """Half a bottle kept back is a bottle kept back."""
    return int(amount.scaleb(decimals).to_integral_value(ROUND_CEILING))


def _scopes(item: Item, node: Node) -> tuple[str, ...]:
    """The widest first."""
    at_node, of_item = f"node:{node.code}", f"item:{item.sku}"
    return "all", f"kind:{node.kind.name.lower()}", at_node, of_item, f"{of_item}@{at_node}"


def resolver(session: Session, *, at: datetime) -> Resolver:
    held = rule_version.all_in_force(session, RuleKind.SAFETY_STOCK, at=at)
    nodes = {node.id: node for node in session.exec(select(Node))} if held else {}
    stale = frozenset(session.exec(select(StaleNode.node_id)))
    return Resolver({version.scope: version for version in held}, nodes, stale)


def settle(session: Session, found: Mapping[Key, Kept], *, at: datetime) -> dict[Key, int]:
    """What each balance is to keep back, written where something else stood."""
    rules = resolver(session, at=at)
    if not rules.said and not any(kept != NOTHING for kept in found.values()):
        return dict.fromkeys(found, 0)
    ids = {item_id for item_id, _ in found}
    items = {item.id: item for item in session.exec(select(Item).where(col(Item.id).in_(ids)))}
    wanted = {key: rules.of(items[key[0]], key[1]) for key in found}
    _write(session, {key: (found[key], kept) for key, kept in wanted.items() if kept != found[key]})
    return {key: kept.units for key, kept in wanted.items()}


def _write(session: Session, changes: Mapping[Key, tuple[Kept, Kept]]) -> None:
    """Locked in the order every writer takes them in; no movement, since no unit moved."""
    if not changes:
        return
    keys = sorted(changes)
    balance.lock(session, keys, is_making=False)
    items, nodes = zip(*keys, strict=True)
    was, now = zip(*(changes[key] for key in keys), strict=True)
    named = {"item_id": items, "node_id": nodes,
             "safety": [kept.units for kept in was], "safety_rule": [kept.rule_id for kept in was]}  # fmt: skip
    more = {"safety": [b.units - a.units for a, b in zip(was, now, strict=True)],
            "safety_rule": [b.rule_id - a.rule_id for a, b in zip(was, now, strict=True)]}  # fmt: skip
    rows.write(session, rows.Add(Balance, named, more))


def has_flipped(session: Session, *, at: datetime) -> bool:
    return freshness.stale(session, at=at) != _taken_for_silent(session)


def listen(session: Session, *, at: datetime) -> int:
    """Nodes that fell silent, or spoke again, since the last look: what they keep back is worked out anew."""
    silent, before = freshness.stale(session, at=at), _taken_for_silent(session)
    flipped = silent ^ before
    if flipped:
        session.add_all([StaleNode(node_id=node_id, since=at) for node_id in sorted(silent - before)])
        session.execute(sa.delete(StaleNode).where(col(StaleNode.node_id).in_(before - silent)))
        touched.mark(session, session.exec(select(Balance.item_id).where(col(Balance.node_id).in_(flipped))).all())
    return len(flipped)


def _taken_for_silent(session: Session) -> set[int]:
    return set(session.exec(select(StaleNode.node_id)))
