"""The store begins only when the payment stands; what nobody pays for goes back on sale."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session

from app.events.log import DomainEvent
from app.oms import books, inventory, placing, reservation
from app.oms import unpaid as unpaid_orders
from app.oms.order import Order, OrderOver
from app.oms.order_events import OrderCancelled, OrderReleased, PaymentFailed
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.oms.reservation import ReservationState
from app.oms.unpaid import PAYMENT_WINDOW
from tests.oms.shop import Shop, bread, order_form

Recorded = Callable[..., list[DomainEvent]]


@pytest.fixture
def unpaid(session: Session, shop: Shop) -> Order:
    form = order_form(shop, payment_state=PaymentState.PENDING)
    return placing.place(session, form, actor="web", at=shop.opened_at)


def reserved(session: Session, shop: Shop) -> int:
    kept = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
    assert kept is not None
    return kept.reserved


def claim_state(session: Session, placed: Order) -> ReservationState:
    session.flush()
    return reservation.of_line(session, placed.lines[0].id).state


def test_an_order_waiting_for_its_payment_holds_stock_but_no_store_begins(
    session: Session, shop: Shop, unpaid: Order, recorded: Recorded
):
    assert unpaid.status == OrderStatus.AWAITING_PAYMENT
    assert claim_state(session, unpaid) == ReservationState.SOFT
    assert reserved(session, shop) == 2
    assert recorded(OrderReleased) == []


def test_the_first_good_word_about_the_payment_releases_the_order_once(
    session: Session, shop: Shop, unpaid: Order, recorded: Recorded
):
    unpaid.pay(PaymentState.AUTHORISED, actor="payments", at=shop.opened_at)
    unpaid.pay(PaymentState.AUTHORISED, actor="payments", at=shop.opened_at)
    unpaid.pay(PaymentState.CAPTURED, actor="payments", at=shop.opened_at)
    assert len(recorded(OrderReleased)) == 1
    assert claim_state(session, unpaid) == ReservationState.HARD
    assert (unpaid.status, unpaid.payment_due_at) == (OrderStatus.ACCEPTED, None)


def test_a_failed_payment_is_told_and_the_customer_may_try_again(
    session: Session, shop: Shop, unpaid: Order, recorded: Recorded
):
    unpaid.pay(PaymentState.FAILED, actor="payments", at=shop.opened_at)
    assert len(recorded(PaymentFailed)) == 1
    assert reserved(session, shop) == 2
    unpaid.pay(PaymentState.AUTHORISED, actor="payments", at=shop.opened_at)
    assert len(recorded(OrderReleased)) == 1


def test_a_payment_for_an_order_without_stock_does_not_start_the_store(
    session: Session, shop: Shop, recorded: Recorded
):
    form = order_form(shop, bread(5), payment_state=PaymentState.PENDING)
    placed = placing.place(session, form, actor="web", at=shop.opened_at)
    placed.pay(PaymentState.AUTHORISED, actor="payments", at=shop.opened_at)
    assert recorded(OrderReleased) == []
    assert placed.status == OrderStatus.UNFULFILLABLE


def test_a_late_word_from_before_does_not_undo_a_payment(session: Session, shop: Shop, unpaid: Order):
    unpaid.pay(PaymentState.CAPTURED, actor="payments", at=shop.opened_at)
    unpaid.pay(PaymentState.PENDING, actor="payments", at=shop.opened_at)
    unpaid.pay(PaymentState.AUTHORISED, actor="payments", at=shop.opened_at)
    assert unpaid.payment_state == PaymentState.CAPTURED


def test_an_order_nobody_paid_for_is_given_up_when_its_window_ends(
    session: Session, shop: Shop, unpaid: Order, recorded: Recorded
):
    late = shop.opened_at + PAYMENT_WINDOW
    assert unpaid_orders.due(session, late - timedelta(seconds=1)) == []
    assert unpaid_orders.due(session, late) == [unpaid.id]
    unpaid_orders.give_up(session, unpaid.id, at=late)
    unpaid_orders.give_up(session, unpaid.id, at=late)
    assert unpaid.status == OrderStatus.CANCELLED
    assert len(recorded(OrderCancelled)) == 1
    assert reserved(session, shop) == 0
    assert unpaid_orders.due(session, late) == []


@pytest.mark.parametrize("placed", [timedelta(hours=-3), timedelta(days=300)])
def test_the_window_begins_when_we_take_the_order_whatever_the_channels_clock_says(
    session: Session, shop: Shop, placed: timedelta
):
    form = order_form(shop, payment_state=PaymentState.PENDING, placed_at=shop.opened_at + placed)

    taken = placing.place(session, form, actor="web", at=shop.opened_at)

    assert taken.payment_due_at == shop.opened_at + PAYMENT_WINDOW


def test_an_order_paid_just_before_it_is_given_up_stays(session: Session, shop: Shop, unpaid: Order):
    unpaid.pay(PaymentState.AUTHORISED, actor="payments", at=shop.opened_at)
    unpaid_orders.give_up(session, unpaid.id, at=shop.opened_at + PAYMENT_WINDOW)
    assert unpaid.status == OrderStatus.ACCEPTED


def test_a_cancelled_order_gives_its_stock_back_and_is_over(session: Session, shop: Shop, unpaid: Order):
    unpaid.cancel(session, reason="customer", actor="web", at=shop.opened_at)
    assert reserved(session, shop) == 0
    assert claim_state(session, unpaid) == ReservationState.RELEASED
    assert [line.cancelled for line in unpaid.lines] == [2]
    with pytest.raises(OrderOver):
        unpaid.cancel(session, reason="customer", actor="web", at=shop.opened_at)
    with pytest.raises(OrderOver):
        unpaid.pay(PaymentState.AUTHORISED, actor="payments", at=shop.opened_at)
    assert list(books.unexplained_balances(session)) == []
    assert list(books.unexplained_claims(session)) == []


def test_an_order_the_customer_has_cannot_be_cancelled(session: Session, shop: Shop, unpaid: Order):
    unpaid.pay(PaymentState.CAPTURED, actor="payments", at=shop.opened_at)
    for line in unpaid.lines:
        line.move("reserved", "collected", line.reserved)
    with pytest.raises(OrderOver):
        unpaid.cancel(session, reason="customer", actor="web", at=shop.opened_at)
