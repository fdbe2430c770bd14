"""An order's money: every word is kept once, the state follows from the amounts, and what is too much goes back."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from app.events.log import DomainEvent
from app.events.outbox import OutboxMessage
from app.oms import cancelling, payment, placing
from app.oms.item import Item
from app.oms.order import Order, OrderOver
from app.oms.order_events import OrderReleased, PaymentRecovered, PaymentRefunded, RefundDue
from app.oms.order_line import OrderLine
from app.oms.order_status import OrderStatus
from app.oms.payment import Account, MoreThanCaptured, Payment, PaymentKind, PaymentState, ReferenceTaken
from app.oms.placing import LineRequest
from app.refusals import Unreadable
from tests.oms.shop import Shop, order_form

Recorded = Callable[..., list[DomainEvent]]
BREAD = LineRequest(sku="BREAD", quantity=2, unit_price_minor=150)
MILK = LineRequest(sku="MILK", quantity=3, unit_price_minor=100)


def placed(session: Session, shop: Shop, state: PaymentState = PaymentState.PENDING, amount: int = 600) -> Order:
    form = order_form(shop, BREAD, MILK, payment_state=state, amount_minor=amount)
    return placing.place(session, form, actor="web", at=shop.opened_at)


def say(order: Order, shop: Shop, state: PaymentState, amount: int | None = None, reference: str | None = None) -> None:
    order.pay(state, actor="payments", at=shop.opened_at, amount_minor=amount, reference=reference)


def refunds(session: Session, order: Order) -> list[int]:
    session.flush()
    asked = select(Payment.amount_minor).where(Payment.order_id == order.id, Payment.kind == PaymentKind.REFUND_DUE)
    posted = session.exec(select(OutboxMessage).where(OutboxMessage.topic == payment.TOPIC)).all()
    amounts = list(session.exec(asked.order_by(col(Payment.id))))
    assert [message.payload["amount_minor"] for message in posted] == amounts
    return amounts


def test_the_store_begins_when_all_of_the_money_is_promised(session: Session, shop: Shop, recorded: Recorded):
    order = placed(session, shop)

    say(order, shop, PaymentState.AUTHORISED, 250, "a")
    say(order, shop, PaymentState.AUTHORISED, 250, "a")
    half = (order.payment_state, len(recorded(OrderReleased)))
    say(order, shop, PaymentState.AUTHORISED, 350, "b")

    assert half == (PaymentState.PENDING, 0)
    assert (order.payment_state, len(recorded(OrderReleased))) == (PaymentState.AUTHORISED, 1)


def test_what_is_promised_may_become_enough_because_less_is_wanted(session: Session, shop: Shop, recorded: Recorded):
    order = placed(session, shop)
    say(order, shop, PaymentState.AUTHORISED, 300, "a")

    cancelling.cancel_units(session, order, order.lines[1], None, reason="no", actor="web", at=shop.opened_at)
    say(order, shop, PaymentState.CAPTURED)

    assert (order.payment_state, len(recorded(OrderReleased))) == (PaymentState.CAPTURED, 1)
    assert (payment.account(session, order.id).captured, refunds(session, order)) == (300, [])


def test_a_payment_that_recovers_in_parts_is_told_once(session: Session, shop: Shop, recorded: Recorded):
    order = placed(session, shop, PaymentState.AUTHORISED)
    say(order, shop, PaymentState.FAILED)

    say(order, shop, PaymentState.AUTHORISED, 200, "a")
    say(order, shop, PaymentState.AUTHORISED, 400, "b")

    assert (order.payment_state, len(recorded(PaymentRecovered))) == (PaymentState.AUTHORISED, 1)


def test_an_order_for_nothing_is_paid_with_nothing(session: Session, shop: Shop):
    order = placed(session, shop, amount=0)
    before = order.payment_state

    say(order, shop, PaymentState.AUTHORISED)

    assert (before, order.payment_state) == (PaymentState.PENDING, PaymentState.AUTHORISED)


def test_a_reference_names_one_payment_only(session: Session, shop: Shop):
    order = placed(session, shop)
    say(order, shop, PaymentState.AUTHORISED, 600, "a")

    with pytest.raises(ReferenceTaken):
        say(order, shop, PaymentState.AUTHORISED, 500, "a")


def test_what_was_said_about_money_cannot_be_changed(session: Session, shop: Shop):
    placed(session, shop, PaymentState.CAPTURED)
    session.flush()

    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.update(Payment).values(amount_minor=1))


def test_what_was_captured_beyond_the_price_goes_back_once(session: Session, shop: Shop, recorded: Recorded):
    order = placed(session, shop, PaymentState.AUTHORISED)

    say(order, shop, PaymentState.CAPTURED, 700, "c")
    order.settle(actor="system", at=shop.opened_at)
    say(order, shop, PaymentState.REFUNDED, 100, "r")
    order.settle(actor="system", at=shop.opened_at)

    assert refunds(session, order) == [100]
    assert len(recorded(RefundDue)) == 1
    assert order.payment_state == PaymentState.CAPTURED


def test_money_captured_for_an_order_that_was_cancelled_goes_back(session: Session, shop: Shop):
    order = placed(session, shop, PaymentState.AUTHORISED)
    order.cancel(session, reason="changed my mind", actor="web", at=shop.opened_at)

    say(order, shop, PaymentState.CAPTURED, 600, "c")

    assert refunds(session, order) == [600]
    assert order.status == OrderStatus.CANCELLED
    with pytest.raises(OrderOver):
        say(order, shop, PaymentState.AUTHORISED, 600, "d")


def test_a_captured_order_that_is_cancelled_is_paid_back_whole(session: Session, shop: Shop):
    order = placed(session, shop, PaymentState.CAPTURED, amount=650)

    order.cancel(session, reason="changed my mind", actor="web", at=shop.opened_at)

    assert refunds(session, order) == [650]


def test_nothing_goes_back_that_never_came(session: Session, shop: Shop):
    order = placed(session, shop, PaymentState.AUTHORISED)

    with pytest.raises(MoreThanCaptured):
        say(order, shop, PaymentState.REFUNDED)
    say(order, shop, PaymentState.CAPTURED)
    with pytest.raises(MoreThanCaptured):
        say(order, shop, PaymentState.REFUNDED, 601, "r")

    assert order.payment_state == PaymentState.CAPTURED


def test_an_order_whose_money_went_back_is_not_handed_out(session: Session, shop: Shop, recorded: Recorded):
    order = placed(session, shop, PaymentState.CAPTURED)

    say(order, shop, PaymentState.REFUNDED)
    say(order, shop, PaymentState.REFUNDED)

    assert (order.payment_state, order.is_paid_enough) == (PaymentState.REFUNDED, False)
    assert len(recorded(PaymentRefunded)) == 1


def test_money_that_goes_back_after_the_hand_off_holds_nothing_up(session: Session, shop: Shop, recorded: Recorded):
    order = placed(session, shop, PaymentState.CAPTURED)
    for line in order.lines:
        line.move("reserved", "collected", line.reserved)

    say(order, shop, PaymentState.REFUNDED)

    assert (order.payment_state, order.status) == (PaymentState.REFUNDED, OrderStatus.COLLECTED)
    assert recorded(PaymentRefunded) == []


@pytest.mark.parametrize(
    ("amount", "left"), [(600, 300), (540, 270), (690, 390)], ids=["the sum", "10 % off all", "with a fee"]
)
def test_what_is_lost_lowers_what_is_owed_by_its_part(session: Session, shop: Shop, amount: int, left: int):
    order = placed(session, shop, amount=amount)

    order.lines[1].move("reserved", "cancelled", 3)

    assert order.owed_minor == left


def test_the_margin_is_what_is_left_after_discount_tax_and_cost(session: Session, shop: Shop):
    session.get_one(Item, shop.bread).cost_minor = 60
    line = LineRequest(sku="BREAD", quantity=4, unit_price_minor=150, discount_minor=100, tax_minor=80)
    order = placing.place(session, order_form(shop, line), actor="web", at=shop.opened_at)

    assert (order.lines[0].total_minor, order.margin_minor) == (500, 500 - 80 - 240)
    session.get_one(Item, shop.bread).cost_minor = 90
    assert order.margin_minor == 180, "what it cost when it was ordered"


@pytest.mark.parametrize(
    "line",
    [
        LineRequest(sku="BREAD", quantity=1, unit_price_minor=150, discount_minor=151),
        LineRequest(sku="BREAD", quantity=1, unit_price_minor=150, discount_minor=50, tax_minor=101),
        LineRequest(sku="BREAD", quantity=1, unit_price_minor=150, discount_minor=-1),
        LineRequest(sku="BREAD", quantity=1, unit_price_minor=150, tax_minor=-1),
    ],
)
def test_a_price_below_nothing_is_refused(session: Session, shop: Shop, line: LineRequest):
    with pytest.raises(Unreadable, match="less than nothing"):
        placing.place(session, order_form(shop, line), actor="web", at=shop.opened_at)


@given(st.integers(0, 10**6), st.integers(1, 50), st.data())
def test_the_parts_of_a_line_add_up_to_it(amount: int, ordered: int, data: st.DataObject):
    line = OrderLine(order_id=1, item_id=1, unit_price_minor=1, ordered=ordered)
    units = data.draw(st.integers(0, ordered))

    assert abs(line.share(amount, units) + line.share(amount, ordered - units) - amount) <= 1
    assert (line.share(amount, 0), line.share(amount, ordered)) == (0, amount)


WORDS = st.builds(
    Payment, kind=st.sampled_from([kind for kind in PaymentKind if kind != PaymentKind.REFUND_DUE]),
    amount_minor=st.integers(1, 700),
)  # fmt: skip


@given(st.lists(WORDS, max_size=6), st.integers(0, 600))
def test_whatever_is_said_nobody_is_paid_back_more_than_came(words: list[Payment], owed: int):
    account = Account()
    for word in words:
        account.add(word)

    assert 0 <= account.surplus(owed) <= account.captured
    assert (account.state(owed) == PaymentState.PENDING) <= (account.captured < owed or not words)
