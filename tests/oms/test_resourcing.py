"""What a shelf can't keep is looked for elsewhere; it owes less with every order that moves, and nobody is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from app.oms import books, inventory, placing, resourcing, routing_decision, shortfall, transfer
from app.oms.address import Address
from app.oms.inventory import Cause, Change, Reason
from app.oms.node import Node, NodeKind
from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.order_line import Fulfilment
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.oms.reservation import Reservation
from app.oms.resourcing import NoOtherWay
from app.oms.routing_decision import RoutingDecision, UnitsMovedOn
from app.oms.shortfall import Shortfall
from app.refusals import Refusal
from tests.oms.shop import Shop, bread, open_shop, order_form, two_milk

Recorded = Callable[..., list[Any]]
HERE = Address(name="Priya Nair", street="1 Mill Lane", city="York", postal_code="YO1 1AA", country="GB",
               latitude=53.96, longitude=-1.08)  # fmt: skip
LATER = timedelta(days=3)


@dataclass(frozen=True)
class Chain:
    """A store that hands out, and two places that send; the nearer one is asked first."""

    shop: Shop
    near: int
    far: int

    def ship(self, session: Session, number: int, *lines: Any, **other: Any) -> Order:
        at = self.shop.opened_at + timedelta(minutes=number)
        form = order_form(self.shop, *lines, external_id=f"S-{number}", store_code=None, ship_to=HERE,
                          promised_at=at + LATER, **other)  # fmt: skip
        return placing.place(session, form, actor="w", at=at)

    def collect(self, session: Session, number: int, *lines: Any, **other: Any) -> Order:
        at = self.shop.opened_at + timedelta(minutes=number)
        form = order_form(self.shop, *lines, external_id=f"C-{number}", promised_at=at + LATER, **other)
        return placing.place(session, form, actor="w", at=at)

    def tell(self, session: Session, node_id: int, quantity: int, item_id: int | None = None) -> None:
        at = self.shop.opened_at
        told = Cause(reason=Reason.SALE, document="till/1", actor="till", occurred_at=at, recorded_at=at)
        change = Change(item_id=item_id or self.shop.milk, node_id=node_id, on_hand=quantity)
        inventory.record(session, [change], told)


@pytest.fixture
def chain(session: Session, shop: Shop) -> Chain:
    return open_chain(session, shop)


def open_chain(session: Session, shop: Shop, *, near: int = 6, far: int = 6) -> Chain:
    nodes = [Node(kind=NodeKind.DC, code=code, name=code) for code in ("NEAR", "FAR")]
    session.add_all(nodes)
    session.flush()
    session.add(NodeTerms(node_id=shop.node_id, latitude=53.95, longitude=-1.08, does_ship=False))
    for node, latitude, longitude in zip(nodes, (53.9, 51.5), (-1.1, -0.1), strict=True):
        session.add(
            NodeTerms(node_id=node.id, latitude=latitude, longitude=longitude, does_pickup=False, does_ship=True)
        )
    stock = [
        Change(item_id=item_id, node_id=node.id, on_hand=units)
        for node, units in zip(nodes, (near, far), strict=True)
        for item_id in (shop.milk, shop.bread)
    ]
    inventory.record(session, stock, shop.cause(Reason.OPENING, "opening"))
    return Chain(shop, nodes[0].id, nodes[1].id)


def resource(session: Session, *, at: datetime) -> list[int]:
    """As the schedule does it; which orders were moved. With each of them less is owed in all."""
    moved = []
    for shortfall_id in shortfall.due(session, at):
        tried: set[int] = set()
        while (order_id := resourcing.next_order(session, shortfall_id, without=tried, at=at)) is not None:
            tried.add(order_id)
            before = owed(session)
            if _try(session, order_id, shortfall_id, at):
                moved.append(order_id)
                assert owed(session) < before
            assert owed(session) <= before
        kept = session.get(Shortfall, shortfall_id, populate_existing=True)
        if kept is not None:
            resourcing.rest(session, shortfall_id, units=kept.units, at=at)
    return moved


def _try(session: Session, order_id: int, shortfall_id: int, at: datetime) -> bool:
    before = _found(session)
    try:
        with session.begin_nested():
            resourcing.move(session, order_id, shortfall_id=shortfall_id, at=at)
    except Refusal:
        session.expire_all()
    return _found(session) > before


def _found(session: Session) -> int:
    """So many other ways were found so far."""
    said = select(RoutingDecision).where(RoutingDecision.reason == resourcing.REASON)
    return sum(decision.is_routed for decision in session.exec(said))


def owed(session: Session) -> int:
    session.flush()
    return int(session.execute(sa.select(sa.func.coalesce(sa.func.sum(col(Shortfall.units)), 0))).scalar_one())


def kept_at(session: Session, order: Order) -> dict[int, int]:
    """Units by node."""
    session.flush()
    mine = select(Reservation).where(col(Reservation.order_line_id).in_([line.id for line in order.lines]))
    kept: dict[int, int] = {}
    for claim in session.exec(mine.execution_options(populate_existing=True)):
        kept[claim.node_id] = kept.get(claim.node_id, 0) + claim.open_quantity
    return {node_id: units for node_id, units in kept.items() if units}


def test_an_order_that_is_shipped_comes_from_another_place(session: Session, chain: Chain, recorded: Recorded):
    order = chain.ship(session, 1)
    assert kept_at(session, order) == {chain.near: 2}

    chain.tell(session, chain.near, -6)

    assert resource(session, at=chain.shop.opened_at) == [order.id]
    assert kept_at(session, order) == {chain.far: 2}
    assert [said.node_id for said in recorded(UnitsMovedOn)] == [chain.near]
    assert session.exec(select(Shortfall)).all() == []
    assert resource(session, at=chain.shop.opened_at + LATER) == []


def test_only_what_may_be_gone_moves(session: Session, chain: Chain):
    order = chain.ship(session, 1)

    chain.tell(session, chain.near, -5)
    resource(session, at=chain.shop.opened_at)

    session.expire_all()
    assert kept_at(session, order) == {chain.near: 1, chain.far: 1}
    assert order.status == OrderStatus.ACCEPTED


def test_the_newest_moves_and_the_older_one_stays(session: Session, chain: Chain):
    orders = [chain.ship(session, number) for number in (1, 2)]

    chain.tell(session, chain.near, -4)

    assert resource(session, at=chain.shop.opened_at) == [orders[1].id]
    assert kept_at(session, orders[0]) == {chain.near: 2}


def test_an_order_that_is_collected_is_brought_to_its_store_in_time(session: Session, chain: Chain):
    order = chain.collect(session, 1)

    chain.tell(session, chain.shop.node_id, -10)
    resource(session, at=chain.shop.opened_at)

    assert kept_at(session, order) == {chain.near: 2}
    (coming,) = transfer.living_for(session, order.id)
    assert (coming.from_id, coming.to_id) == (chain.near, chain.shop.node_id)
    assert coming.expected_at is not None
    assert coming.expected_at <= order.promised_at


def test_what_is_collected_comes_whole(session: Session, chain: Chain):
    order = chain.collect(session, 1, two_milk(), bread(1))

    chain.tell(session, chain.shop.node_id, -9)

    assert resource(session, at=chain.shop.opened_at) == [order.id]
    assert kept_at(session, order) == {chain.near: 3}


def test_a_shelf_that_owes_more_than_was_tried_for_does_not_rest(session: Session, chain: Chain):
    at = chain.shop.opened_at
    placing.place(session, order_form(chain.shop), actor="w", at=at)
    chain.tell(session, chain.shop.node_id, -10)
    (number,) = shortfall.due(session, at)

    resourcing.rest(session, number, units=1, at=at)
    session.flush()
    assert shortfall.due(session, at) == [number]
    resourcing.rest(session, number, units=2, at=at)
    session.flush()

    assert shortfall.due(session, at) == []


def test_what_could_not_come_in_time_stays_with_a_person(session: Session, chain: Chain):
    at = chain.shop.opened_at
    order = placing.place(session, order_form(chain.shop, promised_at=at + timedelta(hours=2)), actor="w", at=at)

    chain.tell(session, chain.shop.node_id, -10)

    assert resource(session, at=at) == []
    assert kept_at(session, order) == {chain.shop.node_id: 2}
    assert shortfall.due(session, at) == []


def test_an_older_order_that_can_move_makes_room_for_one_that_cannot(session: Session, chain: Chain):
    at = chain.shop.opened_at
    patient = chain.collect(session, 1)
    hurried = order_form(chain.shop, external_id="C-2", promised_at=at + timedelta(hours=2))
    newest = placing.place(session, hurried, actor="w", at=at + timedelta(minutes=2))

    chain.tell(session, chain.shop.node_id, -8)

    assert resource(session, at=at) == [patient.id]
    assert kept_at(session, newest) == {chain.shop.node_id: 2}
    assert session.exec(select(Shortfall)).all() == []


def test_what_is_in_a_bag_stays(session: Session, chain: Chain):
    order = chain.collect(session, 1, two_milk(), bread(1))
    order.lines[1].move("reserved", "picked", 1)
    session.flush()

    chain.tell(session, chain.shop.node_id, -10)

    assert resource(session, at=chain.shop.opened_at) == []
    assert kept_at(session, order) == {chain.shop.node_id: 3}


def test_where_there_is_none_anywhere_nobody_is_asked(session: Session, chain: Chain):
    order = chain.ship(session, 1)
    chain.tell(session, chain.far, -6)
    chain.tell(session, chain.shop.node_id, -10)

    chain.tell(session, chain.near, -6)
    (number,) = shortfall.due(session, chain.shop.opened_at)

    assert resourcing.next_order(session, number, without=(), at=chain.shop.opened_at) is None
    assert resource(session, at=chain.shop.opened_at) == []
    assert kept_at(session, order) == {chain.near: 2}


def test_what_healed_meanwhile_moves_nobody(session: Session, chain: Chain):
    order = chain.ship(session, 1)
    chain.tell(session, chain.near, -6)
    (number,) = shortfall.due(session, chain.shop.opened_at)

    chain.tell(session, chain.near, 6)
    resourcing.move(session, order.id, shortfall_id=number, at=chain.shop.opened_at)

    assert kept_at(session, order) == {chain.near: 2}


def test_a_search_in_vain_leaves_no_trace(session: Session, chain: Chain):
    at = chain.shop.opened_at
    order = placing.place(session, order_form(chain.shop), actor="w", at=at)
    chain.tell(session, chain.shop.node_id, -10)
    (number,) = shortfall.due(session, at)

    with pytest.raises(NoOtherWay), session.begin_nested():
        resourcing.move(session, order.id, shortfall_id=number, at=at)

    assert [made.reason for made in session.exec(select(RoutingDecision))] == [""]
    assert routing_decision.refused(session, order.id) == {}


acts = st.one_of(
    st.tuples(st.just("ship"), st.integers(1, 3)),
    st.tuples(st.just("collect"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["store", "near", "far"]), st.integers(-8, 4)),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(acts, min_size=3, max_size=14))
def test_moving_orders_makes_every_shelf_owe_less_and_loses_none(
    session: Session, nine: datetime, steps: list[tuple[str, int]]
):
    undo = session.begin_nested()
    session.info.pop("pending_events", None)
    chain = open_chain(session, open_shop(session, nine, milk=6))
    for number, (act, amount) in enumerate(steps):
        _do(session, chain, number, act, amount)
        resource(session, at=nine + timedelta(hours=number))
        _holds(session)
    at = nine + timedelta(hours=len(steps))
    resource(session, at=at)
    assert resource(session, at=at) == []
    undo.rollback()
    session.expunge_all()


def _do(session: Session, chain: Chain, number: int, act: str, amount: int) -> None:
    if act in ("ship", "collect"):
        place = chain.ship if act == "ship" else chain.collect
        state = PaymentState.PENDING if amount == 3 else PaymentState.AUTHORISED
        place(session, number, *([two_milk()] if amount < 2 else [two_milk(), bread(1)]), payment_state=state)
    elif act == "cancel":
        orders = session.exec(select(Order).where(col(Order.cancelled_at).is_(None))).all()
        if orders:
            orders[amount % len(orders)].cancel(session, reason="-", actor="w", at=chain.shop.opened_at)
    else:
        nodes = {"store": chain.shop.node_id, "near": chain.near, "far": chain.far}
        chain.tell(session, nodes[act], amount)


def _holds(session: Session) -> None:
    session.flush()
    assert list(books.unexplained_balances(session)) == list(books.unexplained_claims(session)) == []
    assert list(shortfall.untrue(session)) == []
    for order in session.exec(select(Order).execution_options(populate_existing=True)):
        session.refresh(order, ["lines"])
        nodes = {part.id: part.node_id for part in session.exec(select(Fulfilment))}
        waiting = sum(line.reserved for line in order.lines)
        assert sum(kept_at(session, order).values()) == waiting
        if order.store_id is None:
            sending = {nodes[line.fulfilment_id or 0] for line in order.lines if line.reserved}
            assert sending == set(kept_at(session, order))
