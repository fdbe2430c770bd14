"""An operation sent again gets its first answer, and has one effect."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlmodel import Session

from app import db
from app.events import log, replies
from app.events.replies import KEPT_FOR, KeyAlreadyUsed, StillAtWork, StoredReply
from app.oms.order_events import OrderPlaced

SENDERS = 8


def ask(session: Session, at: datetime, *, sender: str = "web", request_hash: str = "same") -> StoredReply | None:
    return replies.begin(session, sender=sender, key="k-1", request_hash=request_hash, at=at)


def answer(session: Session, body: str, *, sender: str = "web") -> None:
    replies.finish(session, sender=sender, key="k-1", status=201, content_type="text/plain", body=body)


def test_the_same_key_gets_the_same_answer(session: Session, nine: datetime):
    assert ask(session, nine) is None
    answer(session, "order 1001")
    kept = ask(session, nine)
    assert kept is not None
    assert (kept.status, kept.content_type, kept.body) == (201, "text/plain", "order 1001")


def test_a_key_used_for_another_request_is_refused(session: Session, nine: datetime):
    ask(session, nine)
    with pytest.raises(KeyAlreadyUsed):
        ask(session, nine, request_hash="other")


def test_two_senders_may_choose_the_same_key(session: Session, nine: datetime):
    assert ask(session, nine) is None
    assert ask(session, nine, sender="app") is None


def test_an_operation_that_failed_may_be_tried_again_under_its_key(database: db.Database, nine: datetime):
    def fail() -> None:
        with db.transaction() as session:
            ask(session, nine)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with db.transaction() as session:
        assert ask(session, nine) is None


def test_an_answer_is_forgotten_after_two_days(session: Session, nine: datetime):
    ask(session, nine)
    assert replies.forget(session, at=nine + KEPT_FOR) == 0
    assert replies.forget(session, at=nine + KEPT_FOR * 1.01) == 1


def test_one_operation_sent_by_eight_threads_has_one_effect_and_one_answer(database: db.Database, nine: datetime):
    together = Barrier(SENDERS)

    def send(number: int) -> str:
        together.wait()
        with db.transaction() as session:
            kept = ask(session, nine)
            if kept is not None:
                return kept.body
            log.record(session, OrderPlaced(at=nine, actor="web", order_id=1, store_id=1, channel="web"))
            answer(session, f"answer {number}")
            return f"answer {number}"

    with ThreadPoolExecutor(SENDERS) as pool:
        assert len(set(pool.map(send, range(SENDERS)))) == 1
    with db.reading() as session:
        assert log.version(session, "store/1") == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_impatient_second_of_two_processes_is_told_to_come_back(database: db.Database, nine: datetime):
    def impatient(session: Session) -> StoredReply | None:
        return replies.begin(session, sender="api/1", key="k", request_hash="x", at=nine, is_patient=False)

    with db.transaction() as first:
        assert impatient(first) is None
        with db.transaction() as second, pytest.raises(StillAtWork):
            impatient(second)
        replies.finish(first, sender="api/1", key="k", status=201, content_type="text/plain", body="done")

    with db.transaction() as later:
        kept = impatient(later)
        assert kept is not None
        assert kept.body == "done"


def test_within_one_process_too_and_only_for_as_long_as_it_takes():
    with replies.alone(sender="api/1", key="k"):
        with replies.alone(sender="api/2", key="k"):
            pass
        with pytest.raises(StillAtWork), replies.alone(sender="api/1", key="k"):
            pass
    with replies.alone(sender="api/1", key="k"):
        pass
