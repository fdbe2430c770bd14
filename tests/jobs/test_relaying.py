from collections import Counter as Count
from datetime import datetime, timedelta
from email.message import EmailMessage
from threading import Barrier, Thread

import pytest
from sqlmodel import select

from app import db
from app.events import outbox
from app.events.log import Event
from app.events.outbox import OutboxMessage, OutboxState
from app.notices import delivery
from app.notices.notice import Stage
from app.notices.smtp import PermanentFailure, TemporaryFailure
from app.oms.order import Order
from app.pickup.exception_case import CaseKind, ExceptionCase
from jobs.relay import relay
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
        [told] = delivery.states_of(session, order.id)
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
        for number in range(11):
            counter.place(session, at=nine, external_id=f"B-{number}")

    assert send(nine, postbox) == 11
    assert len({letter["Message-ID"] for letter in postbox.letters}) == 11


def test_a_sender_that_died_is_stepped_in_for(order: Order, nine: datetime, postbox: Postbox):
    with db.transaction() as session:
        outbox.claim(session, at=nine)

    assert send(nine + timedelta(seconds=59), postbox) == 0
    assert send(nine + timedelta(seconds=60), postbox) == 1


def problems() -> list[tuple[CaseKind, bool]]:
    """What somebody has to look after, and whether that is over."""
    with db.reading() as session:
        return [(case.kind, case.ended_at is not None) for case in session.exec(select(ExceptionCase))]


def test_a_message_that_kills_its_sender_is_given_up_and_becomes_a_problem(
    order: Order, nine: datetime, postbox: Postbox
):
    at = nine
    for _ in range(outbox.MAX_ATTEMPTS):
        with db.transaction() as session:
            assert outbox.claim(session, at=at)
        at += outbox.LEASE

    assert send(at, postbox) == 0

    assert (message(order, Stage.RECEIVED).state, postbox.letters) == (OutboxState.FAILED, [])
    assert problems() == [(CaseKind.UNDELIVERABLE, False)]


def test_several_messages_that_fail_are_one_problem_and_one_that_arrives_ends_it(
    order: Order, counter: Counter, nine: datetime, postbox: Postbox
):
    with db.transaction() as session:
        counter.stage(session, order, at=nine)
    postbox.failures = [PermanentFailure("The mail server answered 550.")] * 2

    send(nine + MINUTE, postbox)
    assert problems() == [(CaseKind.UNDELIVERABLE, False)]

    with db.transaction() as session:
        counter.cancel(session, order, at=nine + MINUTE)
    send(nine + 2 * MINUTE, postbox)
    assert problems() == [(CaseKind.UNDELIVERABLE, True)]


def test_a_customer_without_an_address_is_called_when_there_is_something_to_do(counter: Counter, nine: datetime):
    with db.transaction() as session:
        order = counter.place(session, at=nine, email=None)
    assert problems() == []

    with db.transaction() as session:
        counter.stage(session, order, at=nine)
    assert problems() == [(CaseKind.UNDELIVERABLE, False)]

    with db.transaction() as session:
        counter.hand_over(session, order, at=nine + MINUTE)
    assert problems() == [(CaseKind.UNDELIVERABLE, True)]


def test_a_slow_sender_that_arrives_after_all_has_the_last_word(order: Order, nine: datetime):
    """It took longer than its lease; another sender tried meanwhile, and was told never."""

    class Overtaken(Postbox):
        def send(self, letter: EmailMessage) -> None:
            other = Postbox()
            other.failures = [PermanentFailure("The mail server answered 550.")]
            send(nine + outbox.LEASE, other)
            super().send(letter)

    slow = Overtaken()
    send(nine, slow)

    assert len(slow.letters) == 1
    assert (message(order, Stage.RECEIVED).state, message(order, Stage.RECEIVED).last_error) == (OutboxState.SENT, None)
    assert kinds() == ["NoticeFailed", "CaseOpened", "NoticeSent", "CaseEnded"]


def test_who_fails_after_another_has_sent_it_says_nothing(order: Order, nine: datetime):
    class Beaten(Postbox):
        def send(self, letter: EmailMessage) -> None:
            send(nine + outbox.LEASE, Postbox())
            raise PermanentFailure("The mail server answered 550.")

    send(nine, Beaten())

    assert (message(order, Stage.RECEIVED).state, kinds()) == (OutboxState.SENT, ["NoticeSent"])


def test_many_senders_at_once_send_each_message_once(counter: Counter, nine: datetime, postbox: Postbox):
    with db.transaction() as session:
        for number in range(24):
            counter.place(session, at=nine, external_id=f"B-{number}")
    together = Barrier(6)

    def work() -> None:
        together.wait()
        send(nine, postbox)

    senders = [Thread(target=work) for _ in range(6)]
    for each in senders:
        each.start()
    for each in senders:
        each.join(60)

    assert set(Count(letter["Message-ID"] for letter in postbox.letters).values()) == {1}
    assert len(postbox.letters) == 24


def test_a_stop_leaves_the_rest_for_the_next_sender(counter: Counter, nine: datetime, postbox: Postbox):
    with db.transaction() as session:
        for number in range(3):
            counter.place(session, at=nine, external_id=f"B-{number}")

    relay(nine, transport=postbox, settings=SETTINGS, is_stopping=lambda: bool(postbox.letters))
    assert len(postbox.letters) == 1

    assert send(nine, postbox) == 2
