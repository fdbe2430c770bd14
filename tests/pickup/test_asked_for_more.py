"""A store that sends a part of an order, and is asked for another part of it when it has begun or is done."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from app.events import log
from app.oms import answering, books, looking_again, shipment
from app.oms import order as orders
from app.oms.correction import open_reckoning
from app.oms.inventory import Reason
from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.pickup import carrier, packing, picking, short_picks, tally
from app.pickup.task import PickupTask
from app.pickup.task_status import TaskStatus
from tests.notices.counter import Counter
from tests.oms.network import Network, open_network
from tests.pickup.sending import DPD, order_sent, pick_all, send, task_at

MINUTE = timedelta(minutes=1)


@pytest.fixture
def network(session: Session, counter: Counter) -> Network:
    """The store is the cheapest by far."""
    network = open_network(session, counter.shop)
    session.get_one(NodeTerms, counter.shop.node_id).parcel_minor = 0
    return network


@pytest.fixture
def order(session: Session, nine: datetime, counter: Counter, network: Network) -> Order:
    """Two milk from the store, a bread from the depot."""
    shop = counter.shop
    return order_sent(session, (shop.node_id, {shop.milk: 2}), (network.depot, {shop.bread: 1}), at=nine)


def come_from_elsewhere(session: Session, order: Order, node_id: int, *, at: datetime) -> None:
    """The depot has it not after all."""
    part = next(part for part in order.fulfilments if part.node_id == node_id)
    bread = next(line for line in order.lines if line.fulfilment_id == part.id)
    answering.refuse(session, order, part, {bread.item_id: 1}, why=answering.WhyNot.CANT_SEND, actor="api/1", at=at)
    session.flush()
    for order_id in looking_again.due(session, at):
        looking_again.look(session, order_id, at=at)
    session.flush()
    orders.locked(session, order.id)


def is_true(session: Session) -> bool:
    log.write(session)
    return not [*tally.untrue(session), *books.unexplained_claims(session), *books.unexplained_balances(session)]


def finish(session: Session, task: PickupTask, counter: Counter, *, at: datetime) -> None:
    pick_all(session, task, counter.maya, at=at)
    packing.pack(session, task, parcels=2, weight_g=None, associate_id=counter.maya, at=at)
    carrier.hand_to_carrier(session, task, DPD, associate_id=counter.maya, at=at)


@pytest.mark.parametrize("begun", ["picked", "partly packed", "packed"])
def test_what_is_in_the_bag_or_parcel_stays_and_the_rest_is_picked_too(
    session: Session, nine: datetime, counter: Counter, network: Network, order: Order, begun: str
):
    task = task_at(session, order, counter.shop.node_id)
    pick_all(session, task, counter.maya, at=nine)
    if begun == "partly packed":
        packing.pack_one(session, task, task.lines[0], associate_id=counter.maya, at=nine)
    if begun == "packed":
        packing.pack(session, task, parcels=1, weight_g=None, associate_id=counter.maya, at=nine)
    come_from_elsewhere(session, order, network.depot, at=nine + MINUTE)
    task = task_at(session, order, counter.shop.node_id)
    assert (task.status, task.owner_id) == (TaskStatus.PICKING, counter.maya)

    finish(session, task, counter, at=nine + 2 * MINUTE)

    assert order.status == OrderStatus.SHIPPED
    assert [row.parcels for row in shipment.standing(session, order.id)] == [2]
    assert is_true(session)


def test_what_has_left_already_is_followed_by_a_second_shipment(
    session: Session, nine: datetime, counter: Counter, network: Network, order: Order
):
    send(session, task_at(session, order, counter.shop.node_id), counter.maya, at=nine)
    come_from_elsewhere(session, order, network.depot, at=nine + MINUTE)
    task = task_at(session, order, counter.shop.node_id)
    assert task.status == TaskStatus.REQUESTED

    finish(session, task, counter, at=nine + 2 * MINUTE)
    assert len(shipment.standing(session, order.id)) == 2
    carrier.take_back(session, task, associate_id=counter.maya, at=nine + 2 * MINUTE)

    assert order.status == OrderStatus.PARTLY_SHIPPED
    assert is_true(session)


def test_one_of_a_line_that_was_missed_and_counted_since_is_asked_of_the_same_store_again(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    shop = counter.shop
    order = order_sent(session, (shop.node_id, {shop.milk: 50}), at=nine)
    task = task_at(session, order, shop.node_id)
    for _ in range(49):
        picking.pick(session, task, task.lines[0], associate_id=counter.maya, typed=False, at=nine)
    why = short_picks.ShortReason.NOT_FOUND
    short_picks.short(session, task, task.lines[0], reason=why, associate_id=counter.maya, at=nine)
    key = shop.milk, shop.node_id
    reckoning = open_reckoning(session, [], [(key, nine + MINUTE)])
    reckoning.correct_to(key, 100, nine + MINUTE, shop.cause(Reason.COUNT), unsuppress=1)
    reckoning.save()
    session.flush()
    for order_id in looking_again.due(session, nine + 10 * MINUTE):
        looking_again.look(session, order_id, at=nine + 10 * MINUTE)
    session.flush()
    orders.locked(session, order.id)
    task = task_at(session, order, shop.node_id)
    assert sum(line.reserved for line in task.lines) == 1

    finish(session, task, counter, at=nine + 11 * MINUTE)

    assert order.status == OrderStatus.SHIPPED
    assert is_true(session)


def test_what_a_parcel_lacks_is_looked_for_and_paid_back_only_once_it_is_called_off(
    session: Session, nine: datetime, counter: Counter
):
    shop = counter.shop
    order = order_sent(session, (shop.node_id, {shop.milk: 2, shop.bread: 1}), at=nine)
    order.pay(PaymentState.CAPTURED, actor="api/1", at=nine)
    task = task_at(session, order, shop.node_id)
    why = short_picks.ShortReason.NOT_FOUND
    short_picks.short(session, task, task.lines[1], reason=why, associate_id=counter.maya, at=nine)

    finish(session, task, counter, at=nine)

    assert (order.status, order.owed_minor) == (OrderStatus.PARTLY_SHIPPED, 450)
    assert looking_again.due(session, nine + MINUTE) == [order.id]
    counter.cancel(session, order, at=nine + MINUTE)
    assert order.owed_minor == 300
    assert is_true(session)
