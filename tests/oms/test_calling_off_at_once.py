"""Eight customers' clicks, five units: each unit is called off once, and paid back once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

from sqlmodel import select

from app import db
from app.oms import books, cancelling, inventory, order, payment, placing
from app.oms.cancelling import TooLateForThese
from app.oms.order import OrderOver
from app.oms.order_status import OrderStatus
from app.oms.payment import Payment, PaymentKind, PaymentState
from tests.oms.shop import bread, open_shop, order_form

CLICKS, UNITS = 8, 5


def test_units_called_off_by_many_at_once_are_called_off_once(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine, bread=UNITS)
        form = order_form(shop, bread(UNITS), payment_state=PaymentState.CAPTURED, amount_minor=150 * UNITS)
        order_id = placing.place(session, form, actor="web", at=nine).id
    together = Barrier(CLICKS)

    def click(_: int) -> bool:
        together.wait()
        try:
            with db.transaction() as session:
                placed = order.locked(session, order_id)
                cancelling.cancel_units(session, placed, placed.lines[0], 1, reason="-", actor="web", at=nine)
        except (OrderOver, TooLateForThese):
            return False
        return True

    with ThreadPoolExecutor(CLICKS) as pool:
        done = list(pool.map(click, range(CLICKS)))

    with db.reading() as session:
        placed = session.get_one(order.Order, order_id)
        due = session.exec(select(Payment.amount_minor).where(Payment.kind == PaymentKind.REFUND_DUE)).all()
        shelf = inventory.balance_of(session, item_id=shop.bread, node_id=shop.node_id)
        assert shelf is not None
        assert (sum(done), placed.status, list(due)) == (UNITS, OrderStatus.CANCELLED, [150] * UNITS)
        assert (shelf.on_hand, shelf.reserved) == (UNITS, 0)
        assert payment.account(session, order_id).surplus(placed.owed_minor) == 0
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
