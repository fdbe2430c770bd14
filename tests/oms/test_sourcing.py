"""Orders find their nodes: kept there and written down with all it was chosen from, and chosen anew when one can't."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from app.events.log import DomainEvent
from app.oms import admission, books, cancelling, hold, inventory, kit, routing_decision, sourcing
from app.oms.admission import Request, Wish
from app.oms.item import Item
from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.order_events import OrderReleased, OrderUnfulfillable
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest
from app.oms.reservation import Reservation, ReservationState
from app.oms.routing_decision import Mode, OrderRouted, Outcome
from tests.oms.network import Network, open_network
from tests.oms.shop import Shop, bread, two_milk

Recorded = Callable[..., list[DomainEvent]]


@pytest.fixture
def network(session: Session, shop: Shop) -> Network:
    return open_network(session, shop)


def milk(quantity: int) -> LineRequest:
    return LineRequest(sku="MILK", quantity=quantity, unit_price_minor=150)


def senders(order: Order) -> dict[int, int]:
    """Units kept by node."""
    nodes = {part.id: part.node_id for part in order.fulfilments}
    kept: dict[int, int] = {}
    for line in order.lines:
        if line.reserved:
            node_id = nodes[line.fulfilment_id or 0]
            kept[node_id] = kept.get(node_id, 0) + line.reserved
    return kept


def reserved(session: Session, network: Network, node_id: int) -> int:
    found = inventory.balance_of(session, item_id=network.shop.milk, node_id=node_id)
    return found.reserved if found else 0


def test_a_shipped_order_comes_from_the_cheapest_node(session: Session, network: Network, recorded: Recorded):
    order = network.place(session, two_milk(), bread(1))

    assert senders(order) == {network.depot: 3}
    assert order.status == OrderStatus.ACCEPTED
    assert order.store_id is None
    assert len(recorded(OrderReleased)) == 1
    routed = recorded(OrderRouted)[0]
    assert isinstance(routed, OrderRouted)
    assert (routed.outcome, routed.node_ids) == (Outcome.SHIPPED, (network.depot,))
    assert list(books.unexplained_claims(session)) == []


def test_the_decision_keeps_what_it_was_chosen_from(session: Session, network: Network):
    order = network.place(session, two_milk())

    (decision,) = routing_decision.of_order(session, order.id)
    seen = {each["node"]: each for each in decision.candidates}
    assert set(seen) == set(network.nodes)
    assert seen[network.depot]["fixed"] < seen[network.vendor]["fixed"]
    assert decision.parts[0]["units"] == {str(network.shop.milk): 2}
    assert decision.mode == Mode.NORMAL


def test_an_order_no_node_has_whole_comes_in_parcels(session: Session, network: Network):
    order = network.place(session, milk(12))

    assert sum(senders(order).values()) == 12
    assert len(senders(order)) >= 2
    assert sum(line.ordered for line in order.lines) == 12
    assert sum(line.total_minor for line in order.lines) == 12 * 150


def test_an_order_nobody_has_is_taken_and_promised_nothing(session: Session, network: Network, recorded: Recorded):
    order = network.place(session, milk(500))

    assert order.status == OrderStatus.UNFULFILLABLE
    assert senders(order) == {}
    assert len(recorded(OrderUnfulfillable)) == 1
    assert routing_decision.of_order(session, order.id)[0].outcome == Outcome.NOTHING
    assert session.exec(select(Reservation)).all() == []


def test_later_than_promised_is_better_than_never(session: Session, network: Network, nine: datetime):
    order = network.place(session, two_milk(), promised_at=nine)

    assert senders(order) == {network.depot: 2}
    assert routing_decision.of_order(session, order.id)[0].mode == Mode.FALLBACK


def test_what_was_not_found_comes_from_elsewhere_and_never_from_there_again(session: Session, network: Network):
    order = network.place(session, two_milk())
    line = order.lines[0]

    decision = sourcing.reroute(session, order, {line.id: 2}, reason="not found", actor="test", at=order.placed_at)

    assert decision.is_routed
    assert senders(order).keys() == {network.vendor} or senders(order).keys() == {network.shop.node_id}
    assert reserved(session, network, network.depot) == 0
    assert {claim.state for claim in session.exec(select(Reservation))} == {
        ReservationState.MOVED,
        ReservationState.HARD,
    }
    assert list(books.unexplained_claims(session)) == []
    assert list(books.unexplained_balances(session)) == []


def test_when_nobody_else_has_it_the_old_promise_stands(session: Session, network: Network, recorded: Recorded):
    order = network.place(session, milk(20))
    before = senders(order)

    decision = sourcing.reroute(
        session, order, {order.lines[0].id: 1}, reason="not found", actor="test", at=order.placed_at
    )

    assert decision.outcome == Outcome.NOTHING
    assert senders(order) == before
    assert list(books.unexplained_claims(session)) == []


def test_part_of_a_line_can_come_from_elsewhere(session: Session, network: Network):
    order = network.place(session, milk(4))

    sourcing.reroute(session, order, {order.lines[0].id: 1}, reason="short", actor="test", at=order.placed_at)

    assert sorted(senders(order).values()) == [1, 3]
    assert senders(order)[network.depot] == 3


def test_what_a_basket_holds_is_its_orders_wherever_it_is_held(session: Session, network: Network):
    basket, lines = UUID(int=7), (Wish(item_id=network.shop.milk, node_id=network.depot, quantity=5),)
    key = hold.key_of(basket)
    asked = Request(key=key, wishes=lines, state=ReservationState.SOFT, document=key, actor="web", channel="web",
                    at=network.shop.opened_at, expires_at=network.shop.opened_at + timedelta(minutes=10))  # fmt: skip
    assert admission.admit(session, [asked])[0].is_granted
    assert network.depot not in senders(network.place(session, two_milk(), external_id="A-2"))

    order = network.place(session, milk(4), hold_id=basket)

    assert senders(order) == {network.depot: 4}
    assert reserved(session, network, network.depot) == 4
    assert list(books.unexplained_claims(session)) == []


def test_a_hold_that_ran_out_makes_nobody_hear_that_there_is_none(session: Session, network: Network):
    at = network.shop.opened_at
    for number, node_id in enumerate(network.nodes):
        kept = inventory.balance_of(session, item_id=network.shop.milk, node_id=node_id)
        assert kept is not None
        wish = Wish(item_id=network.shop.milk, node_id=node_id, quantity=kept.on_hand)
        asked = Request(key=f"basket/{number}", wishes=(wish,), state=ReservationState.SOFT, document="basket",
                        actor="web", at=at, expires_at=at)  # fmt: skip
        assert admission.admit(session, [asked])[0].is_granted

    order = network.place(session, two_milk(), placed_at=at + timedelta(minutes=1))

    assert senders(order) == {network.depot: 2}


def test_a_place_that_has_enough_to_do_today_is_left_in_peace(session: Session, network: Network):
    session.get_one(NodeTerms, network.depot).ship_capacity = 1
    first, second = (network.place(session, milk(1), external_id=f"C-{n}") for n in range(2))

    assert network.depot in senders(first)
    assert network.depot not in senders(second)
    later = network.shop.opened_at + timedelta(days=1, minutes=1)
    third = network.place(session, milk(1), external_id="C-3", placed_at=later, promised_at=later + timedelta(days=3))
    assert network.depot in senders(third)


def test_unpaid_it_is_kept_softly_and_nobody_is_asked_yet(session: Session, network: Network, recorded: Recorded):
    order = network.place(session, two_milk(), payment_state=PaymentState.PENDING)
    assert {claim.state for claim in session.exec(select(Reservation))} == {ReservationState.SOFT}
    assert recorded(OrderReleased) == []

    order.pay(PaymentState.AUTHORISED, actor="payments", at=order.placed_at)

    assert len(recorded(OrderReleased)) == 1
    session.expire_all()
    assert {claim.state for claim in session.exec(select(Reservation))} == {ReservationState.HARD}


def test_what_was_decided_cannot_be_rewritten(session: Session, network: Network):
    network.place(session, two_milk())

    with pytest.raises(sa.exc.DatabaseError, match="append-only"):
        session.execute(sa.text("UPDATE routing_decision SET reason = 'better'"))


def test_a_set_comes_from_several_places_and_part_of_it_can_be_called_off(session: Session, network: Network):
    box = Item(sku="BOX", name="Breakfast box", price_minor=400)
    session.add(box)
    session.flush()
    kit.define(session, box, {network.shop.milk: 2, network.shop.bread: 1})
    order = network.place(session, LineRequest(sku="BOX", quantity=8, unit_price_minor=400))
    assert len(senders(order)) > 1
    assert (order.kits[0].in_parts, sum(line.total_minor for line in order.lines)) == (8, 3200)

    cancelling.cancel_units(session, order, order.kits[0], 1, reason="no", actor="test", at=order.placed_at)

    assert (order.kits[0].in_parts, sum(senders(order).values())) == (7, 21)
    assert list(books.unexplained_claims(session)) == []
