from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlmodel import Session

from app.notices import letter
from app.notices.notice import Stage
from app.oms.order import Order
from app.pickup import escalation, pickup_link
from tests.notices.counter import SETTINGS, Counter, notice_of
from tests.oms.shop import bread, two_milk

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def letter_of(session: Session, order: Order, stage: Stage, at: datetime) -> EmailMessage:
    return letter.compose(session, notice_of(session, order, stage), SETTINGS, at=at)


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_ready_letter_says_until_when_and_leads_to_the_customers_page(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, at=nine)
    counter.stage(session, order, at=nine)

    message = letter_of(session, order, Stage.READY, nine)

    link = f"https://shop.example/p/{pickup_link.token(pickup_link.link_for(session, order.id), SETTINGS.secret_key)}"
    assert message["Subject"] == f"Your order {order.number} is ready"
    assert message["To"] == "priya@example.org"
    assert "We hold it until" in text_of(message)
    assert link in text_of(message)
    assert f'href="{link}"' in text_of(message, "html")


def test_a_partly_ready_order_is_called_that(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    counter.miss(session, order, 1, at=nine)
    counter.stage(session, order, at=nine)

    message = letter_of(session, order, Stage.READY, nine)

    assert message["Subject"].startswith("2 of 3 ready")
    assert "2 of 3 items" in text_of(message)
    assert "2 of 3 items" in text_of(message, "html")


def test_an_order_without_stock_is_received_without_a_time(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, bread(101), at=nine)

    message = letter_of(session, order, Stage.RECEIVED, nine)

    assert "We plan to" not in text_of(message) + text_of(message, "html")
    assert "could not find" in text_of(letter_of(session, order, Stage.DELAYED, nine))


def test_the_same_notice_always_has_the_same_message_id(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)

    first = letter_of(session, order, Stage.RECEIVED, nine)
    second = letter_of(session, order, Stage.RECEIVED, nine + timedelta(hours=1))

    assert first["Message-ID"] == second["Message-ID"] == f"<order-{order.id}.received.mail@shop.example>"


@pytest.mark.parametrize("name", ["Zoë <b>&amp; {{ 7 * 7 }}", "Priya\r\nBcc: all@example.org"])
def test_a_customers_name_is_only_ever_a_name(session: Session, nine: datetime, counter: Counter, name: str):
    order = counter.place(session, at=nine, customer_name=name)

    message = letter_of(session, order, Stage.RECEIVED, nine)

    assert message["Bcc"] is None
    assert "<b>" not in text_of(message, "html")
    assert "49" not in text_of(message).split("thank you")[0]


def test_every_stage_of_what_is_collected_has_its_letter(session: Session, nine: datetime, counter: Counter):
    late, gone = counter.place(session, at=nine), counter.place(session, at=nine, external_id="A-2")
    escalation.tell_late(session, counter.task(session, late).id, at=nine + timedelta(hours=3))
    counter.stage(session, late, at=nine)
    counter.hand_over(session, late, at=nine)
    counter.cancel(session, gone, at=nine)

    stages = set(Stage) - {Stage.CANCELLED, Stage.SHIPPED}
    written = [letter_of(session, late, stage, nine) for stage in sorted(stages)]
    written.append(letter_of(session, gone, Stage.CANCELLED, nine))

    assert all("1 Market Street" in text_of(each) and "1 Market Street" in text_of(each, "html") for each in written)
    assert len({each["Subject"] for each in written}) == len(stages) + 1
