from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlmodel import Session

from app.notices import letter
from app.notices.notice import Stage
from app.oms.channel import Channel
from app.oms.order import Order
from app.pickup import escalation
from tests.notices.counter import SETTINGS, Counter, notice_of
from tests.notices.test_letters import text_of
from tests.pickup.sending import order_sent, second_store, send, task_at

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TO_COME_FOR = ("set out", "ready", "collect", "pickup")


@pytest.fixture
def order(session: Session, nine: datetime, counter: Counter) -> Order:
    """Two of the milk from here, a bread from the store around the corner."""
    other = second_store(session, counter)
    return order_sent(
        session, (counter.shop.node_id, {counter.shop.milk: 2}), (other, {counter.shop.bread: 1}), at=nine
    )


def letter_of(session: Session, order: Order, stage: Stage, at: datetime) -> EmailMessage:
    return letter.compose(session, notice_of(session, order, stage), SETTINGS, at=at)


def test_who_has_it_sent_is_written_to_by_the_shop_and_sent_nowhere(session: Session, nine: datetime, order: Order):
    session.add(Channel(code="web", name="Lantern & Co"))

    message = letter_of(session, order, Stage.RECEIVED, nine)

    assert message["From"].startswith("Lantern & Co")
    assert "bring it to you by Thu 26 Nov" in text_of(message).replace("\N{NO-BREAK SPACE}", " ")
    assert not any(words in text_of(message) + text_of(message, "html") for words in TO_COME_FOR)


def test_the_letter_of_a_shipment_says_what_is_in_it_and_how_the_carrier_calls_it(
    session: Session, nine: datetime, counter: Counter, order: Order
):
    send(session, task_at(session, order, counter.shop.node_id), counter.maya, at=nine)

    message = letter_of(session, order, Stage.SHIPPED, nine)

    assert message["Subject"] == f"Your order {order.number} is on its way"
    for kind in ("plain", "html"):
        assert "2 of 3 items" in text_of(message, kind)
        assert "DPD brings it: tracking number 1550293847566." in text_of(message, kind)


def test_a_parcel_that_is_late_and_one_that_is_called_off_are_written_about_as_parcels(
    session: Session, nine: datetime, counter: Counter, order: Order
):
    task = task_at(session, order, counter.shop.node_id)
    escalation.tell_late(session, task.id, at=nine + timedelta(days=3))
    late = text_of(letter_of(session, order, Stage.DELAYED, nine))
    counter.cancel(session, order, at=nine)
    off = text_of(letter_of(session, order, Stage.CANCELLED, nine))

    assert "We write again when it is sent." in late
    assert "Nothing more is sent." in off
    assert not any(words in late + off for words in TO_COME_FOR)
