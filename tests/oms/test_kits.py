"""A kit is bought as one thing; what is kept, picked and paid back are the things it is made of."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from app.oms import books, cancelling, inventory, kit, placing
from app.oms.cancelling import PartOfAKit, TooLateForThese
from app.oms.item import Item
from app.oms.kit import NoKit
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_line import Fulfilment, split
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest
from tests.oms.shop import Shop, order_form, two_milk


@pytest.fixture
def breakfast(session: Session, shop: Shop) -> Item:
    """One bread and three milks; alone they would cost 6.00."""
    item = Item(sku="BREAKFAST", name="Breakfast", price_minor=500)
    session.add(item)
    session.flush()
    kit.define(session, item, {shop.bread: 1, shop.milk: 3})
    return item


def placed(session: Session, shop: Shop, quantity: int, *others: LineRequest, price: int = 500) -> Order:
    kits = LineRequest(sku="BREAKFAST", quantity=quantity, unit_price_minor=price, tax_minor=7)
    form = order_form(shop, kits, *others, payment_state=PaymentState.CAPTURED, amount_minor=quantity * price)
    return placing.place(session, form, actor="web", at=shop.opened_at)


def reserved(session: Session, shop: Shop) -> list[int]:
    session.flush()
    found = [inventory.balance_of(session, item_id=item, node_id=shop.node_id) for item in (shop.bread, shop.milk)]
    return [balance.reserved for balance in found if balance is not None]


def test_an_ordered_kit_reserves_what_it_is_made_of(session: Session, shop: Shop, breakfast: Item):
    order = placed(session, shop, 2, two_milk())

    assert [(line.item.sku, line.reserved) for line in order.lines] == [("MILK", 2), ("MILK", 6), ("BREAD", 2)]
    assert [(each.item.sku, each.in_parts) for each in order.kits] == [("BREAKFAST", 2)]
    assert (order.status, reserved(session, shop)) == (OrderStatus.ACCEPTED, [2, 8])
    assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []


def test_a_kit_of_which_one_thing_is_missing_is_not_promised(session: Session, shop: Shop, breakfast: Item):
    order = placed(session, shop, 4)

    assert (order.status, reserved(session, shop)) == (OrderStatus.UNFULFILLABLE, [0, 0])
    assert [each.unfilled for each in order.kits] == [4]


def test_the_things_in_a_kit_share_its_price_to_the_penny(session: Session, shop: Shop, breakfast: Item):
    order = placed(session, shop, 2, price=499)

    assert sum(line.total_minor for line in order.lines) == order.kits[0].total_minor == 998
    assert sum(line.tax_minor for line in order.lines) == 7


def test_a_kit_is_called_off_with_all_that_is_in_it(session: Session, shop: Shop, breakfast: Item, nine: datetime):
    order = placed(session, shop, 2)

    cancelling.cancel_units(session, order, order.kits[0], 1, reason="one is enough", actor="web", at=nine)

    assert (order.kits[0].in_parts, order.kits[0].cancelled) == (1, 1)
    assert (reserved(session, shop), order.owed_minor) == ([1, 3], 500)
    assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []


def test_a_part_of_a_kit_is_not_called_off_alone_nor_a_kit_half_picked(
    session: Session, shop: Shop, breakfast: Item, nine: datetime
):
    order = placed(session, shop, 2)
    milk = next(line for line in order.lines if line.item_id == shop.milk)
    with pytest.raises(PartOfAKit):
        cancelling.cancel_units(session, order, milk, 1, reason="no milk", actor="web", at=nine)

    milk.move("reserved", "picked", 1)

    with pytest.raises(TooLateForThese, match="1 of 2 of Breakfast"):
        cancelling.cancel_units(session, order, order.kits[0], 2, reason="no", actor="web", at=nine)


def test_an_order_of_kits_that_is_cancelled_leaves_none_in_parts(
    session: Session, shop: Shop, breakfast: Item, nine: datetime
):
    order = placed(session, shop, 2)

    order.cancel(session, reason="no", actor="web", at=nine)

    assert (order.kits[0].in_parts, order.kits[0].cancelled, reserved(session, shop)) == (0, 2, [0, 0])


def test_a_kit_whose_things_come_from_two_nodes_is_called_off_whole_things_only(
    session: Session, shop: Shop, breakfast: Item, nine: datetime
):
    order = placed(session, shop, 4)
    milk = next(line for line in order.lines if line.item_id == shop.milk)
    elsewhere = Node(kind=NodeKind.DC, code="DC1", name="Warehouse")
    session.add(elsewhere)
    session.flush()
    there = Fulfilment(order_id=order.id, node_id=elsewhere.id)
    session.add(there)
    session.flush()
    split(session, milk, 5, fulfilment_id=there.id)

    cancelling.cancel_units(session, order, order.kits[0], 1, reason="one less", actor="web", at=nine)

    session.flush()
    cancelled = {sku: sum(line.cancelled for line in order.lines if line.item.sku == sku) for sku in ("BREAD", "MILK")}
    assert (order.kits[0].cancelled, cancelled) == (1, {"BREAD": 1, "MILK": 3})


def test_a_kit_is_not_made_of_kits_nor_of_nothing(session: Session, shop: Shop, breakfast: Item):
    bread = session.get_one(Item, shop.bread)
    other = Item(sku="HAMPER", name="Hamper")
    session.add(other)
    session.flush()
    for made, parts in (
        (other, {breakfast.id: 1}),
        (bread, {shop.milk: 1}),
        (other, {shop.milk: 0}),
        (other, {other.id: 1}),
    ):
        with pytest.raises(NoKit):
            kit.define(session, made, parts)


def test_a_kit_is_not_made_of_what_would_be_left_on_the_shelf_under_its_own_code(session: Session, shop: Shop):
    hamper = Item(sku="HAMPER", name="Hamper")
    session.add(hamper)
    session.flush()
    inventory.record(session, [shop.stock(hamper.id, 3)], shop.cause())
    with pytest.raises(NoKit, match="in stock as it is"):
        kit.define(session, hamper, {shop.milk: 1})

    inventory.record(session, [shop.stock(hamper.id, -3)], shop.cause())
    kit.define(session, hamper, {shop.milk: 1})

    assert kit.recipes(session, [hamper.id, shop.milk]) == {hamper.id: {shop.milk: 1}}
    assert kit.containing(session, [shop.milk, shop.bread]) == {hamper.id}


def test_a_kit_made_of_nothing_is_no_kit_any_more(session: Session, shop: Shop, breakfast: Item):
    kit.define(session, breakfast, {})

    assert kit.recipes(session, [breakfast.id]) == {}


@given(st.integers(0, 10**6), st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any))
def test_shares_add_up(amount: int, weights: list[int]):
    shares = kit.shared_out(amount, weights)

    assert sum(shares) == amount
    assert all(abs(share - amount * weight / sum(weights)) <= 1 for share, weight in zip(shares, weights, strict=True))
