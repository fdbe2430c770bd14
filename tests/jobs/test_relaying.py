from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from app import db
from app.events import outbox
from app.events.log import Event
from app.events.outbox import OutboxMessage, OutboxState
from app.notices import notice
from app.notices.notice import Stage
from app.notices.smtp import PermanentFailure, TemporaryFailure
from app.oms.order import Order
from jobs.relay import AT_ONCE, relay
from tests.jobs.conftest import Postbox
from tests.notices.counter import SETTINGS, Counter, message_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
def order(counter: Counter, nine: datetime) -> Order:
    with db.transaction() as session:
        return counter.place(session, at=nine)


def send(at: datetime, postbox: Postbox) -> int:
    return relay(at, transport=postbox, settings=SETTINGS)


def message(order: Order, stage: Stage) -> OutboxMessage:
    with db.reading() as session:
        return message_of(session, order, stage)


def kinds() -> list[str]:
    with db.reading() as session:
        return list(session.exec(select(Event.kind).where(Event.actor == "system").order_by(Event.seq)))  # type: ignore[arg-type]


def test_what_is_due_leaves_once(order: Order, nine: datetime, postbox: Postbox):
    assert send(nine, postbox) == 1
    assert send(nine + timedelta(hours=1), postbox) == 0

    assert postbox.subjects == [f"We have your order {order.number}"]
    assert message(order, Stage.RECEIVED).sent_at == nine
    assert kinds() == ["NoticeSent"]


def test_ready_waits_for_its_half_minute(order: Order, counter: Counter, nine: datetime, postbox: Postbox):
    send(nine, postbox)
    with db.transaction() as session:
        counter.stage(session, order, at=nine + MINUTE)

    assert send(nine + MINUTE + timedelta(seconds=29), postbox) == 0
    assert send(nine + MINUTE + timedelta(seconds=30), postbox) == 1
    assert postbox.subjects[-1] == f"Your order {order.number} is ready"


def test_a_server_that_is_away_is_asked_again_later_and_later(order: Order, nine: datetime, postbox: Postbox):
    postbox.failures = [TemporaryFailure("The mail server answered 451.")] * 2

    waits, at = [], nine
    while message(order, Stage.RECEIVED).state != OutboxState.SENT:
        send(at, postbox)
        due = message(order, Stage.RECEIVED).due_at
        waits += [due - at] if due else []
        at = due or at

    assert timedelta(seconds=15) <= waits[0] <= timedelta(seconds=19) < timedelta(seconds=30) <= waits[1]
    assert postbox.subjects == [f"We have your order {order.number}"]


def test_a_server_that_never_comes_back_is_given_up_on_aloud(order: Order, nine: datetime, postbox: Postbox):
    postbox.failures = [TemporaryFailure("away")] * 100

    at: datetime | None = nine
    while at is not None:
        send(at, postbox)
        at = message(order, Stage.RECEIVED).due_at

    assert message(order, Stage.RECEIVED).state == OutboxState.FAILED
    assert message(order, Stage.RECEIVED).attempts == outbox.MAX_ATTEMPTS
    assert "NoticeFailed" in kinds()


def test_a_refused_address_is_not_tried_again(order: Order, nine: datetime, postbox: Postbox):
    postbox.failures = [PermanentFailure("The mail server answered 550.")]

    send(nine, postbox)

    with db.reading() as session:
        [told] = notice.states_of(session, order.id)
    assert (told.state, told.error) == (OutboxState.FAILED, "The mail server answered 550.")
    assert "NoticeFailed" in kinds()


def test_a_ready_whose_bag_was_collected_meanwhile_is_held_back(
    order: Order, counter: Counter, nine: datetime, postbox: Postbox
):
    send(nine, postbox)
    with db.transaction() as session:
        counter.stage(session, order, at=nine)
    with db.transaction() as session:
        outbox.claim(session, at=nine + MINUTE)
        session.flush()
        counter.hand_over(session, order, at=nine + MINUTE)

    send(nine + 3 * MINUTE, postbox)

    assert message(order, Stage.READY).state == OutboxState.SUPPRESSED
    assert not any("ready" in subject for subject in postbox.subjects)


def test_a_cancelled_order_is_not_called_ready_by_a_second_attempt(
    order: Order, counter: Counter, nine: datetime, postbox: Postbox
):
    send(nine, postbox)
    with db.transaction() as session:
        counter.stage(session, order, at=nine)
        session.flush()
        outbox.claim(session, at=nine + MINUTE)
    with db.transaction() as session:
        counter.cancel(session, order, at=nine + MINUTE)

    send(nine + 3 * MINUTE, postbox)

    assert postbox.subjects[1:] == [f"Your order {order.number} was cancelled"]


def test_what_can_not_be_composed_stops_no_other(counter: Counter, nine: datetime, postbox: Postbox):
    with db.transaction() as session:
        outbox.post(session, topic="mail", dedupe="broken", payload={}, at=nine, due_at=nine - MINUTE)
        counter.place(session, at=nine)

    send(nine, postbox)

    assert len(postbox.letters) == 1


def test_a_full_outbox_is_emptied_in_one_go(counter: Counter, nine: datetime, postbox: Postbox):
    with db.transaction() as session:
        for number in range(2 * AT_ONCE + 1):
            counter.place(session, at=nine, external_id=f"B-{number}")

    assert send(nine, postbox) == 2 * AT_ONCE + 1
    assert len({letter["Message-ID"] for letter in postbox.letters}) == 2 * AT_ONCE + 1


def test_a_sender_that_died_is_stepped_in_for(order: Order, nine: datetime, postbox: Postbox):
    with db.transaction() as session:
        outbox.claim(session, at=nine)

    assert send(nine + timedelta(seconds=59), postbox) == 0
    assert send(nine + timedelta(seconds=60), postbox) == 1
