"""A part of an order is called off while nobody has picked it; its stock is free and its money goes back at once."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlmodel import Session

from app.events.log import DomainEvent
from app.oms import books, cancelling, inventory, placing
from app.oms.cancelling import TooLateForThese
from app.oms.node import Node, NodeKind
from app.oms.order import Order, OrderOver
from app.oms.order_events import OrderCancelled, RefundDue, UnitsCancelled
from app.oms.order_line import Fulfilment, NotToBeSplit, split
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.refusals import NotFound, Unreadable
from tests.oms.shop import Shop, bread, order_form, two_milk

Recorded = Callable[..., list[DomainEvent]]


@pytest.fixture
def order(session: Session, shop: Shop) -> Order:
    form = order_form(shop, two_milk(), bread(3), payment_state=PaymentState.CAPTURED, amount_minor=750)
    return placing.place(session, form, actor="web", at=shop.opened_at)


def cancel(session: Session, order: Order, number: int, quantity: int | None, at: datetime) -> None:
    cancelling.cancel_units(session, order, order.lines[number], quantity, reason="too many", actor="web", at=at)


def test_some_units_are_called_off_and_the_rest_goes_on(
    session: Session, shop: Shop, order: Order, recorded: Recorded, nine: datetime
):
    cancel(session, order, 1, 2, nine)

    milk, loaves = order.lines
    assert (milk.reserved, loaves.reserved, loaves.cancelled, order.status) == (2, 1, 2, OrderStatus.ACCEPTED)
    assert [event.amount_minor for event in recorded(RefundDue) if isinstance(event, RefundDue)] == [300]
    balance = inventory.balance_of(session, item_id=shop.bread, node_id=shop.node_id)
    assert balance is not None
    assert balance.reserved == 1
    assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []


def test_what_is_called_off_with_all_the_rest_is_the_order(
    session: Session, order: Order, recorded: Recorded, nine: datetime
):
    cancel(session, order, 0, None, nine)
    cancel(session, order, 1, None, nine)

    assert order.status == OrderStatus.CANCELLED
    assert (len(recorded(UnitsCancelled)), len(recorded(OrderCancelled))) == (1, 1)
    assert sum(event.amount_minor for event in recorded(RefundDue) if isinstance(event, RefundDue)) == 750


def test_what_was_picked_is_not_called_off_by_the_line(session: Session, order: Order, nine: datetime):
    order.lines[1].move("reserved", "picked", 2)

    with pytest.raises(TooLateForThese, match="1 of 3 of Bread can still be called off"):
        cancel(session, order, 1, 2, nine)
    cancel(session, order, 1, None, nine)

    assert (order.lines[1].picked, order.lines[1].cancelled) == (2, 1)
    with pytest.raises(TooLateForThese):
        cancel(session, order, 1, None, nine)


@pytest.mark.parametrize("quantity", [0, -1])
def test_nothing_and_less_are_no_quantity(session: Session, order: Order, nine: datetime, quantity: int):
    with pytest.raises(Unreadable):
        cancel(session, order, 0, quantity, nine)


def test_an_order_that_is_over_has_nothing_to_call_off(session: Session, order: Order, nine: datetime):
    order.cancel(session, reason="no", actor="web", at=nine)

    with pytest.raises(OrderOver):
        cancel(session, order, 0, 1, nine)


def test_a_line_of_another_order_is_not_there(order: Order):
    with pytest.raises(NotFound):
        cancelling.line_of(order, 0)


def test_each_node_has_its_own_units_and_a_status_of_its_own(session: Session, shop: Shop, nine: datetime):
    order = placing.place(session, order_form(shop, two_milk(), bread(5)), actor="web", at=nine)
    elsewhere = Node(kind=NodeKind.DC, code="DC1", name="Warehouse")
    session.add(elsewhere)
    session.flush()
    other = Fulfilment(order_id=order.id, node_id=elsewhere.id)
    session.add(other)
    session.flush()
    line = order.lines[1]
    line.discount_minor = 11

    part = split(session, line, 2, fulfilment_id=other.id)
    session.flush()

    assert (line.ordered, line.unfilled, part.ordered, part.unfilled) == (3, 3, 2, 2)
    assert (line.discount_minor, part.discount_minor, line.total_minor + part.total_minor) == (7, 4, 739)
    part.move("unfilled", "reserved", 2)
    assert [order.status_at(each) for each in order.fulfilments] == [OrderStatus.UNFULFILLABLE, OrderStatus.ACCEPTED]
    with pytest.raises(NotToBeSplit):
        split(session, line, 3, fulfilment_id=other.id)
