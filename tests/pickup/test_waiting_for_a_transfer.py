"""A customer's order that another place has the goods for: it waits, is told of, and goes from the box to its shelf."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from app.events import log
from app.oms import books, cancelling, inventory, transfer, transfer_moves, transfer_request
from app.oms import order as orders
from app.oms.inventory import Change, NotEnoughStock, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest
from app.oms.transfer import NotForTransfer, Transfer, TransferState
from app.oms.transfer_request import Wanted
from app.pickup import escalation, exception_case, staging, tally
from app.pickup.exception_case import CaseKind
from app.pickup.task_status import TaskStatus
from tests.notices.counter import Counter

HOUR = timedelta(hours=1)


@pytest.fixture
def depot(session: Session, counter: Counter) -> int:
    node = Node(kind=NodeKind.DC, code="DC1", name="North depot")
    session.add(node)
    session.flush()
    stock = Change(item_id=counter.shop.milk, node_id=node.id, on_hand=500)
    inventory.record(session, [stock], counter.shop.cause(Reason.OPENING))
    return node.id


@pytest.fixture
def order(session: Session, nine: datetime, counter: Counter) -> Order:
    """The store has a hundred, the customer wants two hundred."""
    wanted = LineRequest(sku="MILK", quantity=200, unit_price_minor=150)
    return counter.place(session, wanted, at=nine)


def asked(session: Session, counter: Counter, order: Order, depot: int, *, at: datetime, units: int = 200) -> Transfer:
    wanted = Wanted(from_id=depot, to_id=order.pickup_store_id, quantities={counter.shop.milk: units})
    return transfer_request.request_for(session, orders.locked(session, order.id), wanted, actor="api/1", at=at)


def came(session: Session, counter: Counter, order: Order, depot: int, *, units: int, at: datetime) -> Transfer:
    going = asked(session, counter, order, depot, at=at)
    transfer_moves.ship(session, going, actor="api/1", at=at)
    if units:
        transfer.scan(going, session.get_one(Item, counter.shop.milk), units)
    transfer_moves.receive(session, going, actor=f"associate/{counter.maya}", at=at + HOUR)
    return going


def test_an_order_waits_for_what_another_place_has_and_goes_from_the_box_to_its_shelf(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int
):
    assert [case.kind for case in exception_case.living(session, order.pickup_store_id)] == [CaseKind.UNFULFILLABLE]

    going = asked(session, counter, order, depot, at=nine)
    assert counter.task(session, order).status == TaskStatus.AWAITING_TRANSFER
    assert exception_case.living(session, order.pickup_store_id) == []
    transfer_moves.ship(session, going, actor="api/1", at=nine)
    assert counter.task(session, order).status == TaskStatus.IN_TRANSIT
    transfer.scan(going, session.get_one(Item, counter.shop.milk), 200)
    transfer_moves.receive(session, going, actor=f"associate/{counter.maya}", at=nine + HOUR)
    task = counter.task(session, order)
    assert (task.status, order.lines[0].picked) == (TaskStatus.RECEIVED, 200)

    shelf = staging.location_for(session, order.pickup_store_id, "S-01")
    staging.stage(session, task, shelf, associate_id=counter.maya, typed=False, at=nine + HOUR)
    counter.hand_over(session, order, at=nine + 2 * HOUR)

    assert order.status == OrderStatus.COLLECTED
    kept = inventory.balance_of(session, item_id=counter.shop.milk, node_id=order.pickup_store_id)
    assert kept is not None
    assert (kept.on_hand, kept.reserved, kept.in_transit) == (100, 0, 0)
    assert list(books.unexplained_balances(session)) == []
    assert list(books.unexplained_claims(session)) == []
    log.write(session)
    assert list(tally.untrue(session)) == []


def test_what_came_for_a_customer_is_promised_before_anybody_else_can_have_it(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int
):
    came(session, counter, order, depot, units=200, at=nine)

    kept = inventory.balance_of(session, item_id=counter.shop.milk, node_id=order.pickup_store_id)
    assert kept is not None
    assert (kept.on_hand, kept.reserved, kept.free) == (300, 200, 100)


def test_less_than_was_promised_goes_on_with_what_came_and_shows_as_a_problem(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int
):
    came(session, counter, order, depot, units=150, at=nine)

    line = order.lines[0]
    assert (counter.task(session, order).status, line.picked, line.unfilled) == (TaskStatus.RECEIVED, 150, 50)
    (case,) = exception_case.living(session, order.pickup_store_id)
    assert (case.kind, case.quantity) == (CaseKind.TRANSFER_SHORT, 50)


def test_a_box_that_came_empty_leaves_the_order_without_a_way(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int
):
    came(session, counter, order, depot, units=0, at=nine)

    assert counter.task(session, order).status == TaskStatus.UNFULFILLABLE
    assert asked(session, counter, order, depot, at=nine + 2 * HOUR).state == TransferState.REQUESTED
    assert counter.task(session, order).status == TaskStatus.AWAITING_TRANSFER


@pytest.mark.parametrize("is_gone", [False, True])
def test_an_order_called_off_while_it_waits_leaves_its_goods_for_sale(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int, is_gone: bool
):
    going = asked(session, counter, order, depot, at=nine)
    if is_gone:
        transfer_moves.ship(session, going, actor="api/1", at=nine)

    counter.cancel(session, order, at=nine + HOUR)

    assert counter.task(session, order).status == TaskStatus.PUT_BACK
    if is_gone:
        transfer.scan(going, session.get_one(Item, counter.shop.milk), 200)
        transfer_moves.receive(session, going, actor=f"associate/{counter.maya}", at=nine + 2 * HOUR)
    place = order.pickup_store_id if is_gone else depot
    kept = inventory.balance_of(session, item_id=counter.shop.milk, node_id=place)
    assert kept is not None
    assert (kept.reserved, kept.free) == (0, 300 if is_gone else 500)
    assert going.state == (TransferState.RECEIVED if is_gone else TransferState.CANCELLED)
    assert list(books.unexplained_claims(session)) == []


def test_a_transfer_called_off_leaves_its_order_a_problem_again(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int
):
    going = asked(session, counter, order, depot, at=nine)

    transfer_moves.cancel(session, going, reason="not needed", actor="api/1", at=nine + HOUR)

    assert (counter.task(session, order).status, order.lines[0].unfilled) == (TaskStatus.UNFULFILLABLE, 200)
    assert [case.kind for case in exception_case.living(session, order.pickup_store_id)] == [CaseKind.UNFULFILLABLE]
    assert list(books.unexplained_claims(session)) == []


def test_what_was_not_sent_is_a_problem_until_nobody_wants_it(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int
):
    going = asked(session, counter, order, depot, at=nine)

    transfer_moves.ship(session, going, actor="api/1", at=nine, sent={counter.shop.milk: 150})

    assert [case.kind for case in exception_case.living(session, order.pickup_store_id)] == [CaseKind.UNFULFILLABLE]
    order = orders.locked(session, order.id)
    cancelling.cancel_units(session, order, order.lines[0], 50, reason="-", actor="customer", at=nine + HOUR)
    assert exception_case.living(session, order.pickup_store_id) == []


def test_nobody_is_escalated_to_for_what_is_on_its_way_but_the_customer_hears_that_it_is_late(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int
):
    asked(session, counter, order, depot, at=nine)
    session.flush()

    task = counter.task(session, order)
    assert escalation.due(session, nine + 24 * HOUR) == []
    assert escalation.late_due(session, nine + 24 * HOUR) == [task.id]
    escalation.tell_late(session, task.id, at=nine + 24 * HOUR)
    assert task.promise_due_at is None


def test_only_what_an_order_waits_for_is_carried_for_it(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int
):
    with pytest.raises(NotForTransfer, match="does not wait for so much"):
        asked(session, counter, order, depot, at=nine, units=201)
    wanted = Wanted(from_id=order.pickup_store_id, to_id=depot, quantities={counter.shop.milk: 1})
    with pytest.raises(NotForTransfer, match="is collected elsewhere"):
        transfer_request.request_for(session, order, wanted, actor="api/1", at=nine)
    asked(session, counter, order, depot, at=nine)
    with pytest.raises(NotForTransfer):
        asked(session, counter, order, depot, at=nine, units=1)


def test_nothing_is_carried_for_an_order_nobody_has_paid(
    session: Session, nine: datetime, counter: Counter, depot: int
):
    wanted = LineRequest(sku="MILK", quantity=200, unit_price_minor=150)
    unpaid = counter.place(session, wanted, at=nine, external_id="A-2", payment_state=PaymentState.PENDING)

    with pytest.raises(NotForTransfer, match="is not paid for"):
        asked(session, counter, unpaid, depot, at=nine)


def test_a_place_without_enough_of_it_sends_nothing(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int
):
    sold = Change(item_id=counter.shop.milk, node_id=depot, on_hand=-400)
    inventory.record(session, [sold], counter.shop.cause(Reason.SALE))

    with pytest.raises(NotEnoughStock):
        asked(session, counter, order, depot, at=nine)


@pytest.mark.parametrize("has_left", [False, True])
def test_less_is_wanted_while_it_is_on_its_way(
    session: Session, nine: datetime, counter: Counter, order: Order, depot: int, has_left: bool
):
    going = asked(session, counter, order, depot, at=nine)
    if has_left:
        transfer_moves.ship(session, going, actor="api/1", at=nine)
    before = counter.task(session, order).version

    cancelling.cancel_units(session, order, order.lines[0], 150, reason="too much", actor="web", at=nine)

    task = counter.task(session, order)
    assert (order.lines[0].reserved, task.version > before) == (50, True)
    if not has_left:
        transfer_moves.ship(session, going, actor="api/1", at=nine)
    transfer.scan(going, session.get_one(Item, counter.shop.milk), 200 if has_left else 50)
    transfer_moves.receive(session, going, actor=f"associate/{counter.maya}", at=nine + HOUR)
    assert (order.lines[0].picked, order.lines[0].cancelled, task.units("reserved")) == (50, 150, 0)
    assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
    assert exception_case.living(session, order.pickup_store_id) == []
