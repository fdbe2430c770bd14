"""Whatever happens to stock, rules and channels: a channel's number ends as the formula reckons it from nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from app.oms import allotment, availability, channel, inventory, kit, rule_effects, safety, touched
from app.oms.availability import Ats
from app.oms.balance import Balance
from app.oms.channel import Channel, ChannelItem, ChannelNode
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.oms.kit import KitComponent
from app.oms.node import Node, NodeKind
from app.oms.safety import StaleNode
from app.refusals import Refusal
from app.rules import rule_version
from app.rules.bodies import RuleKind
from app.rules.rule_version import RuleVersion
from tests.oms.shop import Shop

SECOND = timedelta(seconds=1)
KINDS = (NodeKind.STORE, NodeKind.DC)
SCOPES = ("all", "kind:store", "kind:dc", "node:014", "node:DC1", "item:MILK", "item:BREAD@node:014")


@dataclass(frozen=True)
class Trade:
    """Two items at two nodes and a kit of both, sold through two channels."""

    items: tuple[int, int]
    kit: Item
    nodes: tuple[int, int]
    channels: tuple[Channel, Channel]


@pytest.fixture
def trade(session: Session, shop: Shop) -> Trade:
    dc = Node(kind=NodeKind.DC, code="DC1", name="North")
    session.add(dc)
    session.flush()
    bread = session.get_one(Item, shop.bread)
    bread.unit, bread.decimals = "kg", 1
    web = channel.open_channel(session, Channel(code="web", name="Web", buffer=1))
    kiosk = Channel(code="kiosk", name="Kiosk", node_kinds=[NodeKind.DC.value], cap=20)
    both = Item(sku="BOTH", name="Both")
    session.add(both)
    session.flush()
    kit.define(session, both, {shop.milk: 2, shop.bread: 5})
    return Trade((shop.milk, shop.bread), both, (shop.node_id, dc.id), (web, channel.open_channel(session, kiosk)))


def move(session: Session, trade: Trade, at: datetime, said: Any) -> None:
    item, node, state, quantity = said
    cause = Cause(reason=Reason.CORRECTION, document="any", actor="any", occurred_at=at, recorded_at=at)
    change = Change(item_id=trade.items[item], node_id=trade.nodes[node], **{state: quantity})
    inventory.record(session, [change], cause)


def publish(session: Session, trade: Trade, at: datetime, said: Any) -> None:
    scope, amount, delay = said
    rule_version.publish(session, kind="safety_stock", scope=scope, body={"units": amount, "more_when_stale": "3"},
                         by="any", at=at, valid_from=at + delay * SECOND)  # fmt: skip


def roll_back(session: Session, trade: Trade, at: datetime, scope: Any) -> None:
    rule_version.roll_back(session, kind="safety_stock", scope=scope, by="any", at=at)


def sell_on_terms(session: Session, trade: Trade, at: datetime, said: Any) -> None:
    code, body = said
    rule_version.publish(session, kind="channel", scope=f"channel:{code}", body=body, by="any", at=at)


def allot(session: Session, trade: Trade, at: datetime, said: Any) -> None:
    which, item, numbers = said
    thing = session.get_one(Item, trade.items[item])
    if numbers == {"buffer": None, "cap": None}:
        allotment.take_back(session, trade.channels[which], thing, actor="any", at=at)
    else:
        allotment.allot(session, trade.channels[which], thing, **numbers, actor="any", at=at)


def sell_from(session: Session, trade: Trade, at: datetime, said: Any) -> None:
    which, kinds, listed = said
    node_ids = [trade.nodes[node] for node in listed]
    channel.sell_from(session, trade.channels[which], kinds=kinds, node_ids=node_ids, actor="any", at=at)


def make_otherwise(session: Session, trade: Trade, at: datetime, said: Any) -> None:
    kit.define(session, trade.kit, {trade.items[which]: quantity for which, quantity in said.items()})


def fall_silent(session: Session, trade: Trade, at: datetime, which: Any) -> None:
    kept = session.get(StaleNode, trade.nodes[which])
    if kept is None:
        session.add(StaleNode(node_id=trade.nodes[which], since=at))
    else:
        session.delete(kept)
    session.flush()
    touched.mark(session, trade.items)


def look(session: Session, trade: Trade, at: datetime, most: Any) -> None:
    """One bite: what was worked out in it is true now, and its version has grown by one."""
    before = {(row.channel_id, row.item_id): row.version for row in rows(session)}
    items = touched.take(session, most=most)
    if not items:
        return
    availability.work_out(session, items, at=at)
    true = reckoned(session, trade, at)
    if set(items) & kit.recipes(session, [trade.kit.id]).get(trade.kit.id, {}).keys():
        items.append(trade.kit.id)
    for row in rows(session):
        key = (row.channel_id, row.item_id)
        assert row.version - before.get(key, 0) in {0, 1}
        assert row.version == before.get(key, 0) or row.item_id in items
        assert row.item_id not in items or row.quantity == true[key]


ACTS: dict[str, Callable[[Session, Trade, datetime, Any], None]] = {
    act.__name__: act
    for act in (move, publish, roll_back, sell_on_terms, sell_from, allot, make_otherwise, fall_silent, look)
}
two, amounts = st.integers(0, 1), st.sampled_from(["0", "0.5", "1", "4"])
bounds = st.none() | st.integers(0, 30)
happenings = st.one_of(
    st.tuples(st.just("move"), st.tuples(two, two, st.just("on_hand"), st.integers(-9, 30))),
    st.tuples(st.just("move"), st.tuples(
        two, two, st.sampled_from(["unavailable", "reserved", "suppressed"]), st.integers(1, 6))),
    st.tuples(st.just("publish"), st.tuples(st.sampled_from(SCOPES), amounts, st.integers(0, 2))),
    st.tuples(st.just("roll_back"), st.sampled_from(SCOPES)),
    st.tuples(st.just("sell_on_terms"), st.tuples(st.sampled_from(["web", "kiosk"]), st.fixed_dictionaries(
        {}, optional={"buffer": amounts, "cap": st.none() | amounts}))),
    st.tuples(st.just("sell_from"), st.tuples(two, st.sets(st.sampled_from(KINDS)), st.sets(two))),
    st.tuples(st.just("allot"), st.tuples(two, two, st.fixed_dictionaries({"buffer": bounds, "cap": bounds}))),
    st.tuples(st.just("make_otherwise"), st.dictionaries(two, st.integers(1, 4))),
    st.tuples(st.just("fall_silent"), two),
    st.tuples(st.just("look"), st.integers(1, 3)),
)  # fmt: skip


def rows(session: Session) -> list[Ats]:
    return list(session.exec(select(Ats).execution_options(populate_existing=True)))


def said_by(session: Session, kind: RuleKind, scopes: list[str], at: datetime) -> dict[str, Any]:
    """What the versions in force say, the narrowest last; without the code that is being tried."""
    versions = session.exec(select(RuleVersion).where(RuleVersion.kind == kind).order_by(col(RuleVersion.number))).all()
    held = {v.scope: v.body for v in versions if v.valid_from <= at and (v.retired_at is None or v.retired_at > at)}
    return {name: value for scope in scopes for name, value in held.get(scope, {}).items()}


def reckoned(session: Session, trade: Trade, at: datetime) -> dict[tuple[int, int], int]:
    stale = set(session.exec(select(StaleNode.node_id)))
    free: dict[tuple[int, int], int] = {}
    there = select(Balance, Item, Node).join(Item).join(Node).execution_options(populate_existing=True)
    for b, item, node in session.exec(there):
        kind = "store" if node.kind == NodeKind.STORE else "dc"
        scopes = ["all", f"kind:{kind}", f"node:{node.code}", f"item:{item.sku}", f"item:{item.sku}@node:{node.code}"]
        rule = said_by(session, RuleKind.SAFETY_STOCK, scopes, at)
        more = float(rule.get("more_when_stale", 0)) if node.id in stale else 0
        kept = ceil((float(rule.get("units", 0)) + more) * 10**item.decimals)
        free[b.item_id, b.node_id] = max(0, b.on_hand - b.unavailable - b.reserved - b.suppressed - kept)
    made_of = session.exec(select(KitComponent.item_id, KitComponent.quantity)).all()
    for node_id in trade.nodes:
        free[trade.kit.id, node_id] = min((free.get((i, node_id), 0) // many for i, many in made_of), default=0)
    return {
        (own.id, item_id): _through(session, own, item_id, sum(free.get((item_id, n), 0) for n in pool), at)
        for own, pool in pools(session, trade) for item_id in (*trade.items, trade.kit.id)
    }  # fmt: skip


def pools(session: Session, trade: Trade) -> Iterator[tuple[Channel, list[int]]]:
    for own in trade.channels:
        listed = set(session.exec(select(ChannelNode.node_id).where(ChannelNode.channel_id == own.id)))
        kinds = zip(trade.nodes, KINDS, strict=True)
        yield own, [node for node, kind in kinds if kind.value in own.node_kinds or node in listed]


def _through(session: Session, own: Channel, item_id: int, together: int, at: datetime) -> int:
    one = 10 ** session.get_one(Item, item_id).decimals
    rule = said_by(session, RuleKind.CHANNEL, ["all", f"channel:{own.code}"], at)
    numbers = session.get(ChannelItem, (own.id, item_id), populate_existing=True)
    cap, buffer = rule.get("cap", own.cap), rule.get("buffer") or own.buffer
    cap = None if cap is None else floor(float(cap) * one)
    buffer = ceil(float(buffer) * one)
    if numbers is not None:
        cap = cap if numbers.cap is None else numbers.cap
        buffer = buffer if numbers.buffer is None else numbers.buffer
    offered = max(0, together - buffer)
    return offered if cap is None else min(offered, cap)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=st.lists(happenings, max_size=20))
def test_the_kept_numbers_are_what_the_formula_gives(session: Session, nine: datetime, trade: Trade, day: list[Any]):
    at = nine
    with session.begin_nested() as tried:
        for act, said in day:
            at += SECOND
            _settle_rules(session, at)
            try:
                with session.begin_nested():
                    ACTS[act](session, trade, at, said)
            except Refusal:
                pass
        at += 3 * SECOND
        _settle_rules(session, at)
        while availability.catch_up(session, at=at):
            pass

        assert {(row.channel_id, row.item_id): row.quantity for row in rows(session)} == reckoned(session, trade, at)
        assert all(row.version > 0 for row in rows(session) if row.quantity)
        _the_balances_say_it_too(session, at)
        tried.rollback()


def _settle_rules(session: Session, at: datetime) -> None:
    for version_id in rule_version.effect_due(session, at):
        rule_effects.take_effect(session, version_id, at=at)


def _the_balances_say_it_too(session: Session, at: datetime) -> None:
    """A promise sees what is kept back in the balance itself."""
    rules, items = safety.resolver(session, at=at), {item.id: item for item in session.exec(select(Item))}
    for kept in session.exec(select(Balance).execution_options(populate_existing=True)):
        wanted = rules.of(items[kept.item_id], kept.node_id)
        assert (kept.safety, kept.safety_rule) == (wanted.units, wanted.rule_id)
    assert session.execute(sa.select(sa.func.count()).select_from(touched.Touched)).scalar_one() == 0
