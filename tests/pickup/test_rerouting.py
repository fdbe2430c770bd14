"""What a store can't find of a parcel comes from elsewhere by itself; what another place sends is not its to do."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from app.events import log
from app.events.outbox import OutboxMessage
from app.oms import (
    answering,
    books,
    cancelling,
    inventory,
    looking_again,
    outage,
    resourcing,
    shortfall,
    sourcing,
)
from app.oms import order as orders
from app.oms.correction import open_reckoning
from app.oms.inventory import Change, Reason
from app.oms.node import Node
from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest
from app.oms.reservation import Reservation
from app.oms.routing_decision import Outcome
from app.oms.transfer import Transfer
from app.pickup import picking, short_picks, tally
from app.pickup import task as tasks
from app.pickup.exception_case import CaseKind, ExceptionCase
from app.pickup.short_picks import ShortReason
from app.pickup.task import MovedOn
from app.pickup.task_status import TaskStatus
from tests.notices.counter import Counter
from tests.oms.network import Network, open_network
from tests.oms.shop import bread, two_milk
from tests.pickup.sending import DPD, order_sent, pick_all, send, task_at

MINUTE = timedelta(minutes=1)


@pytest.fixture
def network(session: Session, counter: Counter) -> Network:
    """The store is the cheapest by far, so every parcel is asked of it first."""
    network = open_network(session, counter.shop)
    session.get_one(NodeTerms, counter.shop.node_id).parcel_minor = 0
    return network


def miss(session: Session, network: Network, order: Order, counter: Counter, *, at: datetime) -> None:
    task = task_at(session, order, network.shop.node_id)
    line = next(line for line in task.lines if line.reserved)
    short_picks.short(session, task, line, reason=ShortReason.NOT_FOUND, associate_id=counter.maya, at=at)
    session.flush()


def look(session: Session, order: Order, *, at: datetime) -> Order:
    for order_id in looking_again.due(session, at):
        looking_again.look(session, order_id, at=at)
        looking_again.look(session, order_id, at=at)
    session.flush()
    return orders.locked(session, order.id)


def nodes_of(order: Order) -> set[int]:
    kept = {line.fulfilment_id for line in order.lines if line.reserved}
    return {part.node_id for part in order.fulfilments if part.id in kept}


def living(session: Session, order: Order) -> set[CaseKind]:
    cases = select(ExceptionCase).where(ExceptionCase.order_id == order.id, ExceptionCase.ended_at == None)  # noqa: E711
    return {case.kind for case in session.exec(cases)}


def untrue(session: Session) -> list[str]:
    log.write(session)
    return list(tally.untrue(session))


def test_what_nobody_found_is_asked_of_another_place(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = network.place(session, two_milk())
    miss(session, network, order, counter, at=nine + MINUTE)
    assert looking_again.due(session, nine + MINUTE) == []  # it can still be taken back

    order = look(session, order, at=nine + 2 * MINUTE)

    assert nodes_of(order) == {network.depot}
    assert task_at(session, order, network.shop.node_id).status == TaskStatus.MOVED
    assert living(session, order) == set()
    assert looking_again.due(session, nine + timedelta(hours=9)) == []
    assert list(books.unexplained_claims(session)) == []
    assert untrue(session) == []


def test_the_rest_of_the_parcel_is_still_packed_here(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = network.place(session, two_milk(), bread(1))
    miss(session, network, order, counter, at=nine + MINUTE)
    order = look(session, order, at=nine + 2 * MINUTE)
    task = task_at(session, order, network.shop.node_id)

    pick_all(session, task, counter.maya, at=nine + 3 * MINUTE)

    assert task.status == TaskStatus.PICKED
    assert sorted(line.item.sku for line in task.lines) == ["BREAD"]


def test_found_in_time_it_stays(session: Session, nine: datetime, counter: Counter, network: Network):
    order = network.place(session, two_milk())
    miss(session, network, order, counter, at=nine + MINUTE)
    task = task_at(session, order, network.shop.node_id)
    short_picks.take_short_back(session, task, associate_id=counter.maya, at=nine + MINUTE)

    order = look(session, order, at=nine + 2 * MINUTE)

    assert nodes_of(order) == {network.shop.node_id}


def test_found_too_late_it_is_somebody_elses(session: Session, nine: datetime, counter: Counter, network: Network):
    order = network.place(session, two_milk())
    miss(session, network, order, counter, at=nine + MINUTE)
    order = look(session, order, at=nine + 2 * MINUTE)

    task = task_at(session, order, network.shop.node_id)
    with pytest.raises(MovedOn):
        short_picks.take_short_back(session, task, associate_id=counter.maya, at=nine + 3 * MINUTE)

    assert short_picks.missed_here(session, network.shop.node_id, network.shop.milk) == []


def test_when_no_place_has_it_somebody_has_to_look_and_a_delivery_helps(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = network.place(session, LineRequest(sku="MILK", quantity=50, unit_price_minor=150))
    miss(session, network, order, counter, at=nine + MINUTE)
    order = look(session, order, at=nine + 2 * MINUTE)
    assert CaseKind.NOT_ROUTED in living(session, order)

    network.stock(session, network.vendor, milk=100)
    order = look(session, order, at=nine + 10 * MINUTE)

    assert nodes_of(order) <= {network.vendor, network.depot}
    assert living(session, order) == set()


def test_what_is_found_while_no_other_place_has_it_needs_no_way(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = network.place(session, LineRequest(sku="MILK", quantity=50, unit_price_minor=150))
    miss(session, network, order, counter, at=nine + MINUTE)
    order = look(session, order, at=nine + 2 * MINUTE)
    assert CaseKind.NOT_ROUTED in living(session, order)

    task = task_at(session, order, network.shop.node_id)
    short_picks.take_short_back(session, task, associate_id=counter.maya, at=nine + 3 * MINUTE)

    assert living(session, order) == set()


def refused(session: Session, counter: Counter, network: Network, *, at: datetime) -> Order:
    """Two milk from the store; of the bread, the depot has none after all, and nobody else has."""
    shop = counter.shop
    gone = [Change(item_id=shop.bread, node_id=node_id, on_hand=-200) for node_id in (shop.node_id, network.vendor)]
    inventory.record(session, gone, shop.cause())
    order = order_sent(session, (shop.node_id, {shop.milk: 2}), (network.depot, {shop.bread: 1}), at=at)
    part = next(part for part in order.fulfilments if part.node_id == network.depot)
    answering.refuse(session, order, part, {}, why=answering.WhyNot.NOT_THERE, actor="api/1", at=at)
    session.flush()
    return look(session, order, at=at + MINUTE)


def test_what_no_place_has_and_nobody_wants_any_more_needs_no_way(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = refused(session, counter, network, at=nine)
    assert living(session, order) == {CaseKind.NOT_ROUTED}

    line = next(line for line in order.lines if line.unfilled)
    cancelling.cancel_units(session, order, line, 1, reason="-", actor="customer", at=nine + 2 * MINUTE)

    assert living(session, order) == set()


def test_a_problem_without_a_way_outlasts_the_parcel_that_left_without_it(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = refused(session, counter, network, at=nine)

    send(session, task_at(session, order, counter.shop.node_id), counter.maya, at=nine + 2 * MINUTE)

    assert living(session, order) == {CaseKind.NOT_ROUTED}


def test_what_a_place_that_was_down_sent_after_all_needs_no_way(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    shop, depot = counter.shop, session.get_one(Node, network.depot)
    gone = [Change(item_id=shop.bread, node_id=node_id, on_hand=-200) for node_id in (shop.node_id, network.vendor)]
    inventory.record(session, gone, shop.cause())
    order = order_sent(session, (network.depot, {shop.bread: 1}), at=nine)
    outage.take_down(session, depot, reason="flood", until=None, actor="ops", at=nine)
    assert not outage.move_on(session, order.id, depot, actor="ops", at=nine)
    assert living(session, order) == {CaseKind.NOT_ROUTED}

    answering.ship(session, order, order.fulfilments[0], {}, what=DPD, actor="api/1", at=nine + MINUTE)

    assert living(session, order) == set()


def test_what_moves_takes_all_that_is_missing_of_its_line_along(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    shop = counter.shop
    order = order_sent(session, (shop.node_id, {shop.milk: 3}), at=nine)
    task, who = task_at(session, order, shop.node_id), counter.maya
    line = task.lines[0]
    picking.pick(session, task, line, associate_id=who, typed=False, at=nine)
    short_picks.short(session, task, line, reason=ShortReason.NOT_FOUND, associate_id=who, at=nine)
    picking.take_pick_back(session, task, associate_id=who, at=nine)
    inventory.record(session, [shop.stock(shop.milk, -98)], shop.cause(Reason.SALE))
    (number,) = shortfall.due(session, nine)

    resourcing.move(session, order.id, shortfall_id=number, at=nine)
    session.flush()

    assert nodes_of(orders.locked(session, order.id)) == {network.depot}
    assert short_picks.missed_here(session, shop.node_id, shop.milk) == []
    with pytest.raises(MovedOn):
        short_picks.take_short_back(session, task, associate_id=who, at=nine + MINUTE)
    assert list(books.unexplained_claims(session)) == []


def partly_found(session: Session, counter: Counter, *, at: datetime) -> Order:
    """Two of three are in the bag; since then somebody has counted, and a delivery came."""
    shop = counter.shop
    order = counter.place(session, LineRequest(sku="MILK", quantity=3, unit_price_minor=150), at=at)
    task = counter.task(session, order)
    for _ in range(2):
        picking.pick(session, task, task.lines[0], associate_id=counter.maya, typed=False, at=at)
    counter.miss(session, order, 0, at=at)
    reckoning = open_reckoning(session, [], [((shop.milk, shop.node_id), at + MINUTE)])
    reckoning.correct_to((shop.milk, shop.node_id), 60, at + MINUTE, shop.cause(Reason.COUNT), unsuppress=1)
    reckoning.save()
    return orders.locked(session, order.id)


def test_what_a_bag_lacks_can_be_asked_of_its_own_store_again(session: Session, nine: datetime, counter: Counter):
    order = partly_found(session, counter, at=nine)
    store = session.get_one(Node, counter.shop.node_id)

    sourcing.override(session, order, store, reason="it came", actor="associate/1", at=nine + 2 * MINUTE)
    session.flush()

    assert counter.task(session, order).status == TaskStatus.PICKING
    counter.stage(session, order, at=nine + 3 * MINUTE)
    counter.hand_over(session, order, at=nine + 4 * MINUTE)
    assert sum(line.collected for line in order.lines) == 3
    assert list(books.unexplained_claims(session)) == []
    assert not any(claim.open_quantity for claim in session.exec(select(Reservation)))
    assert untrue(session) == []


def test_nothing_is_added_to_a_bag_that_waits_for_its_customer(session: Session, nine: datetime, counter: Counter):
    order = partly_found(session, counter, at=nine)
    counter.stage(session, order, at=nine + MINUTE)
    store = session.get_one(Node, counter.shop.node_id)

    with pytest.raises(sourcing.NothingToMove, match="shelf"):
        sourcing.override(session, order, store, reason="it came", actor="associate/1", at=nine + 2 * MINUTE)


def test_a_place_that_refused_is_asked_again_once_it_has_counted(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = network.place(session, LineRequest(sku="MILK", quantity=50, unit_price_minor=150))
    miss(session, network, order, counter, at=nine + MINUTE)
    order = look(session, order, at=nine + 2 * MINUTE)
    assert nodes_of(order) == set()

    key = network.shop.milk, network.shop.node_id
    reckoning = open_reckoning(session, [], [(key, nine + 3 * MINUTE)])
    reckoning.correct_to(key, 60, nine + 3 * MINUTE, network.shop.cause(Reason.COUNT), unsuppress=50)
    reckoning.save()
    order = look(session, order, at=nine + 10 * MINUTE)

    assert nodes_of(order) == {network.shop.node_id}
    task = task_at(session, order, network.shop.node_id)
    assert task.status == TaskStatus.PICKING
    assert untrue(session) == []


def test_a_place_without_tablets_is_told_what_it_has_to_send_and_when_not_any_more(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    session.get_one(NodeTerms, network.shop.node_id).does_ship = False
    order = network.place(session, two_milk())

    sourcing.reroute(session, order, {order.lines[0].id: 2}, reason="empty", actor="test", at=nine + MINUTE)

    told = session.exec(select(OutboxMessage).where(OutboxMessage.topic == "fulfilment").order_by("id")).all()
    assert [(each.receiver, [line["quantity"] for line in each.payload["lines"]]) for each in told] == [
        ("node:DC1", ["2"]), ("node:DC1", []), ("node:V1", ["2"]),
    ]  # fmt: skip


def told(session: Session, receiver: str) -> list[list[str]]:
    """Each letter's skus."""
    letters = select(OutboxMessage).where(OutboxMessage.topic == "fulfilment", OutboxMessage.receiver == receiver)
    return [[line["sku"] for line in each.payload["lines"]] for each in session.exec(letters.order_by("id"))]


def test_what_moves_on_in_two_turns_of_one_instant_is_told_twice(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    shop = counter.shop
    order = order_sent(session, (network.depot, {shop.milk: 2, shop.bread: 1}), at=nine)

    for line in list(order.lines):
        sourcing.reroute(session, order, {line.id: line.reserved}, reason="gone", actor="system", at=nine + MINUTE)
        session.flush()
        orders.locked(session, order.id)

    assert told(session, "node:DC1") == [["MILK", "BREAD"], ["BREAD"], []]


def test_a_place_that_was_asked_hears_of_the_end_of_an_order_whose_payment_failed(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = order_sent(session, (network.depot, {counter.shop.milk: 2}), at=nine)
    order.pay(PaymentState.FAILED, actor="payments", at=nine + MINUTE)

    counter.cancel(session, order, at=nine + 2 * MINUTE)

    assert told(session, "node:DC1") == [["MILK"], []]


def test_a_place_that_was_never_asked_does_not_hear_of_the_end(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = network.place(session, two_milk(), payment_state=PaymentState.PENDING)

    counter.cancel(session, order, at=nine + MINUTE)

    assert told(session, "node:DC1") == []


def test_what_the_customers_store_has_not_got_is_brought_there_in_time(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = network.place(session, LineRequest(sku="MILK", quantity=2, unit_price_minor=150), store_code="014",
                          ship_to=None, promised_at=nine + timedelta(days=3))  # fmt: skip
    decision = sourcing.reroute(session, order, {order.lines[0].id: 2}, reason="gone", actor="test", at=nine + MINUTE)

    assert decision.outcome == Outcome.TRANSFERRED
    (going,) = session.exec(select(Transfer)).all()
    assert (going.from_id, going.to_id, going.order_id) == (network.depot, network.shop.node_id, order.id)
    assert tasks.all_of(session, order.id)[0].status == TaskStatus.AWAITING_TRANSFER
    assert untrue(session) == []
    assert list(books.unexplained_claims(session)) == []


def test_what_could_not_be_there_in_time_is_left_to_a_person(
    session: Session, nine: datetime, counter: Counter, network: Network
):
    order = counter.place(session, LineRequest(sku="MILK", quantity=101, unit_price_minor=150), at=nine)

    assert session.exec(select(Transfer)).all() == []
    assert living(session, order) == {CaseKind.UNFULFILLABLE}
