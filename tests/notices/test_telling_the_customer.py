from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from app.events import outbox
from app.events.outbox import OutboxState
from app.notices import delivery, telling
from app.notices.events import NoticeUndeliverable
from app.notices.notice import Notice, Stage
from app.notices.telling import CustomerAlreadyTold
from app.pickup import escalation
from app.pickup.staging import Staging
from tests.notices.counter import Counter, message_of, notice_of, state_of
from tests.oms.shop import bread, two_milk

MINUTE = timedelta(minutes=1)


def test_a_placed_order_is_answered_at_once(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)

    assert message_of(session, order, Stage.RECEIVED).due_at == nine


def test_nothing_about_the_customer_stands_in_the_outbox(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)

    assert message_of(session, order, Stage.RECEIVED).payload == {
        "notice": notice_of(session, order, Stage.RECEIVED).id
    }


def test_ready_is_told_half_a_minute_after_the_bag_stands_on_its_shelf(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, at=nine)

    counter.stage(session, order, at=nine + MINUTE)

    assert message_of(session, order, Stage.READY).due_at == nine + MINUTE + telling.READY_DELAY
    assert notice_of(session, order, Stage.READY).staging_id == session.exec(select(Staging.id)).one()


def test_the_schema_knows_no_ready_without_a_staging(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    session.add(Notice(order_id=order.id, store_id=order.store_id, stage=Stage.READY, dedupe="x", created_at=nine))

    with pytest.raises(IntegrityError):
        session.flush()


def test_a_bag_taken_back_in_time_was_never_told_of(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    counter.stage(session, order, at=nine)

    counter.take_back(session, order, at=nine + timedelta(seconds=20))

    assert state_of(session, order, Stage.READY) == OutboxState.SUPPRESSED


def test_a_bag_staged_again_is_told_of_again_with_its_new_staging(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    counter.stage(session, order, at=nine)
    first = notice_of(session, order, Stage.READY).staging_id
    counter.take_back(session, order, at=nine + timedelta(seconds=20))

    counter.stage(session, order, at=nine + MINUTE)

    assert message_of(session, order, Stage.READY).due_at == nine + MINUTE + telling.READY_DELAY
    assert notice_of(session, order, Stage.READY).staging_id != first


@pytest.mark.parametrize("is_sent", [True, False], ids=["sent", "being sent"])
def test_a_bag_the_customer_was_told_of_stays_on_a_shelf(
    session: Session, nine: datetime, counter: Counter, is_sent: bool
):
    order = counter.place(session, at=nine)
    counter.stage(session, order, at=nine)
    claimed = outbox.claim(session, at=nine + MINUTE)
    for message in claimed if is_sent else []:
        outbox.sent(session, message.id, at=nine + MINUTE)
    session.flush()

    with pytest.raises(CustomerAlreadyTold, match="Move the bag to another shelf"):
        counter.take_back(session, order, at=nine + MINUTE)


def test_a_move_to_another_shelf_tells_the_customer_nothing_again(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    counter.stage(session, order, at=nine)

    counter.stage(session, order, at=nine + timedelta(seconds=20), shelf="S-02")

    assert message_of(session, order, Stage.READY).due_at == nine + telling.READY_DELAY
    standing = session.exec(select(Staging.id).where(Staging.taken_back_at == None)).one()  # noqa: E711
    assert notice_of(session, order, Stage.READY).staging_id == standing


def test_a_late_order_is_told_of_once(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    task = counter.task(session, order)
    late = nine + timedelta(hours=2)

    escalation.tell_late(session, task.id, at=late)
    escalation.tell_late(session, task.id, at=late)

    assert message_of(session, order, Stage.DELAYED).due_at == late


def test_a_delay_is_not_told_of_once_the_bag_stands(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    late = nine + timedelta(hours=2)
    escalation.tell_late(session, counter.task(session, order).id, at=late)

    counter.stage(session, order, at=late)

    assert state_of(session, order, Stage.DELAYED) == OutboxState.SUPPRESSED


def test_when_nothing_could_be_found_the_customer_hears_of_it(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, bread(1), at=nine)

    counter.miss(session, order, 0, at=nine)

    assert state_of(session, order, Stage.DELAYED) == OutboxState.PENDING


def test_who_has_the_bag_in_hand_is_not_told_that_it_is_ready(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    counter.stage(session, order, at=nine)

    counter.hand_over(session, order, at=nine + timedelta(seconds=10))

    assert state_of(session, order, Stage.READY) == OutboxState.SUPPRESSED
    assert state_of(session, order, Stage.COLLECTED) == OutboxState.PENDING


def test_a_wrong_hand_off_taken_back_leaves_the_bag_ready(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    counter.stage(session, order, at=nine)
    counter.hand_over(session, order, at=nine + timedelta(seconds=10))

    counter.take_handover_back(session, order, at=nine + timedelta(seconds=20))

    assert state_of(session, order, Stage.READY) == OutboxState.PENDING
    assert state_of(session, order, Stage.COLLECTED) == OutboxState.SUPPRESSED


def test_a_cancelled_order_is_not_called_ready(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    counter.stage(session, order, at=nine)

    counter.cancel(session, order, at=nine + timedelta(seconds=10))

    told = {each.stage: each.state for each in delivery.states_of(session, order.id)}
    assert told == {
        Stage.RECEIVED: OutboxState.SUPPRESSED,
        Stage.READY: OutboxState.SUPPRESSED,
        Stage.CANCELLED: OutboxState.PENDING,
    }


def test_a_customer_without_an_address_is_on_record_as_not_told(
    session: Session, nine: datetime, counter: Counter, recorded
):
    order = counter.place(session, at=nine, email=None)

    assert [each.state for each in delivery.states_of(session, order.id)] == [None]
    assert [event.stage for event in recorded(NoticeUndeliverable)] == [Stage.RECEIVED]


def test_a_ready_that_left_before_its_staging_would_be_counted(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), at=nine)
    counter.stage(session, order, at=nine + MINUTE)
    message = message_of(session, order, Stage.READY)

    outbox.sent(session, message.id, at=nine + 2 * MINUTE)
    session.flush()
    assert delivery.before_staging(session) == 0

    message.sent_at = nine
    session.flush()
    assert delivery.before_staging(session) == 1
