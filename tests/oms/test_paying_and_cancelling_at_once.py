"""The payment service, the customer and the clock in the same moment: one of them is first, and all see the same."""

from datetime import datetime
from threading import Barrier, Thread

import pytest

from app import db
from app.oms import books, inventory, order, placing
from app.oms import unpaid as unpaid_orders
from app.oms.order import Order, OrderOver
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.oms.unpaid import PAYMENT_WINDOW
from tests.oms.shop import Shop, open_shop, order_form, two_milk

ORDERS = 12


@pytest.fixture
def shop(database: db.Database, nine: datetime) -> Shop:
    with db.transaction() as session:
        return open_shop(session, nine, milk=2 * ORDERS)


@pytest.fixture
def unpaid(shop: Shop) -> list[int]:
    with db.transaction() as session:
        forms = [
            order_form(shop, two_milk(), external_id=f"A-{number}", payment_state=PaymentState.PENDING)
            for number in range(ORDERS)
        ]
        return [placing.place(session, form, actor="web", at=shop.opened_at).id for form in forms]


def at_once(order_id: int, at: datetime) -> list[str]:
    """Who came too late, of the three."""
    together, late = Barrier(3), []

    def pay() -> None:
        together.wait()
        try:
            with db.transaction() as session:
                order.locked(session, order_id).pay(PaymentState.CAPTURED, actor="payments", at=at)
        except OrderOver:
            late.append("pay")

    def cancel() -> None:
        together.wait()
        try:
            with db.transaction() as session:
                order.locked(session, order_id).cancel(session, reason="changed my mind", actor="web", at=at)
        except OrderOver:
            late.append("cancel")

    def give_up() -> None:
        together.wait()
        with db.transaction() as session:
            unpaid_orders.give_up(session, order_id, at=at)

    threads = [Thread(target=each) for each in (pay, cancel, give_up)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    return late


def test_an_order_is_paid_or_not_but_cancelled_once_and_its_stock_free_again(shop: Shop, unpaid: list[int]):
    for order_id in unpaid:
        late = at_once(order_id, shop.opened_at + PAYMENT_WINDOW)
        with db.reading() as session:
            kept = session.get_one(Order, order_id)
            was_paid = kept.payment_state == PaymentState.CAPTURED
            assert kept.status == OrderStatus.CANCELLED
            assert was_paid == ("pay" not in late)

    with db.reading() as session:
        balance = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
        assert balance is not None
        assert (balance.on_hand, balance.reserved) == (2 * ORDERS, 0)
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
