"""The outbox: posted once, sent at least once, held back only while nobody has begun."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from app import db
from app.events import backlog, outbox
from app.events.outbox import LEASE, MAX_ATTEMPTS, OutboxMessage, OutboxState


def post(session: Session, at: datetime, *, dedupe: str = "ready/1", due_at: datetime | None = None) -> bool:
    payload = {"order_id": 1}
    return outbox.post(session, topic="mail", dedupe=dedupe, payload=payload, at=at, due_at=due_at or at)


def claim_one(session: Session, at: datetime) -> OutboxMessage:
    [message] = outbox.claim(session, at=at)
    return message


def test_a_message_is_posted_once_for_ever(session: Session, nine: datetime):
    assert post(session, nine)
    assert not post(session, nine)
    outbox.sent(session, claim_one(session, nine).id, at=nine)
    assert not post(session, nine)


def test_a_message_held_back_in_time_never_leaves_and_may_be_posted_again(session: Session, nine: datetime):
    post(session, nine)
    assert outbox.suppress(session, dedupe="ready/1")
    assert outbox.claim(session, at=nine) == []
    assert post(session, nine)
    assert claim_one(session, nine).dedupe == "ready/1"


def test_a_message_somebody_has_begun_to_send_cannot_be_held_back(session: Session, nine: datetime):
    post(session, nine)
    claim_one(session, nine)
    session.flush()
    assert not outbox.suppress(session, dedupe="ready/1")


def test_a_message_is_not_taken_before_it_is_due(session: Session, nine: datetime):
    post(session, nine, due_at=nine + timedelta(minutes=1))
    assert backlog.oldest_due(session) == nine + timedelta(minutes=1)
    assert outbox.claim(session, at=nine + timedelta(seconds=59)) == []
    assert len(outbox.claim(session, at=nine + timedelta(minutes=1))) == 1


def test_a_claim_nobody_finished_falls_due_again(session: Session, nine: datetime):
    post(session, nine)
    claim_one(session, nine)
    assert outbox.claim(session, at=nine + LEASE - timedelta(seconds=1)) == []
    assert claim_one(session, nine + LEASE).attempts == 2


def test_two_senders_never_hold_the_same_message(database: db.Database, nine: datetime):
    with db.transaction() as session:
        for number in range(4):
            post(session, nine, dedupe=f"ready/{number}")
    with db.transaction() as session:
        first = {message.id for message in outbox.claim(session, at=nine, limit=2)}
    with db.transaction() as session:
        second = {message.id for message in outbox.claim(session, at=nine)}
    assert len(first) == len(second) == 2
    assert not first & second


def test_each_try_waits_twice_as_long_and_the_last_gives_up(session: Session, nine: datetime):
    post(session, nine)
    at, waits = nine, []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        message = claim_one(session, at)
        goes_on = outbox.retry(session, message.id, error="refused", at=at, jitter=0)
        assert goes_on == (attempt < MAX_ATTEMPTS)
        assert goes_on or outbox.give_up(session, message.id, error="refused")
        waits.append(message.due_at - at if message.due_at else None)
        at = message.due_at or at
    assert [wait and wait.total_seconds() for wait in waits] == [15, 30, 60, 120, 240, 480, 600, None]
    assert (message.state, message.last_error) == (OutboxState.FAILED, "refused")
    assert outbox.claim(session, at=at + timedelta(days=1)) == []


def test_a_slow_sender_cannot_reopen_what_another_has_sent(session: Session, nine: datetime):
    post(session, nine)
    message = claim_one(session, nine)
    outbox.sent(session, message.id, at=nine)
    assert not outbox.retry(session, message.id, error="timeout", at=nine, jitter=0)
    outbox.give_up(session, message.id, error="timeout")
    assert (message.state, message.due_at) == (OutboxState.SENT, None)


def test_the_schema_refuses_a_sent_message_that_is_still_due(session: Session, nine: datetime):
    post(session, nine)
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.update(OutboxMessage).values(state=OutboxState.SENT))
