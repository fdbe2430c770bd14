"""The log: no holes, no event without its change, no row changed unseen."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from app import db
from app.events import log
from app.events.log import DomainEvent, Event
from app.oms.order_events import OrderCancelled, OrderPlaced

THREADS, ROUNDS = 8, 5


def placed(at: datetime, order_id: int = 1, store_id: int = 1) -> OrderPlaced:
    return OrderPlaced(at=at, actor="web", order_id=order_id, store_id=store_id, channel="web")


def say(*events: DomainEvent) -> None:
    with db.transaction() as session:
        for event in events:
            log.record(session, event)


def fail(event: DomainEvent) -> None:
    with db.transaction() as session:
        log.record(session, event)
        raise ZeroDivisionError


def behind_its_back(session: Session) -> None:
    """What somebody with the keys to the database can do: take the triggers off."""
    if db.is_sqlite():
        named = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'")
        for name in session.execute(named).scalars().all():
            session.execute(sa.text(f"DROP TRIGGER {name}"))
    else:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))


def test_each_stream_counts_from_one_without_holes(database: db.Database, nine: datetime):
    say(placed(nine, 1, store_id=1), placed(nine, 2, store_id=2), placed(nine, 3, store_id=1))
    say(placed(nine, 4, store_id=1))
    with db.reading() as session:
        assert log.heads(session) == {"store/1": 3, "store/2": 1}
        assert [event.subject for event in log.since(session, "store/1", 1)] == ["order/3", "order/4"]
        assert log.version(session, "store/1") == 3
        assert log.version(session, "store/9") == 0


def test_a_transaction_already_sees_what_it_is_about_to_append(database: db.Database, nine: datetime):
    say(placed(nine, 1), placed(nine, 2))

    with db.transaction() as session:
        log.record(session, OrderCancelled(at=nine, actor="web", order_id=1, store_id=1, reason="changed my mind"))
        seen = [event.kind for event in log.about(session, "order/1", most=9)]

    assert seen == ["OrderCancelled", "OrderPlaced"]
    with db.reading() as session:
        assert [event.kind for event in log.about(session, "order/1", most=9)] == seen


def test_writers_on_two_streams_at_once_leave_no_holes_and_never_wait_for_each_other(
    database: db.Database, nine: datetime
):
    together = Barrier(THREADS)

    def write(number: int) -> None:
        together.wait()
        for _ in range(ROUNDS):
            stores = (1, 2) if number % 2 else (2, 1)
            say(*(placed(nine, number, store_id=store) for store in stores))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))
    with db.reading() as session:
        for stream in ("store/1", "store/2"):
            assert [e.seq for e in log.since(session, stream, 0)] == list(range(1, THREADS * ROUNDS + 1))
        assert list(log.broken_links(session)) == []


def test_many_events_of_many_streams_take_as_few_statements_as_one(database: db.Database, nine: datetime):
    events = [placed(nine, number, store_id=number % 50) for number in range(200)]
    say(*events)
    said: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda _, __, sql, *___: said.append(sql))

    with db.transaction() as session:
        log.record_many(session, events)

    assert len(said) <= 4, said
    with db.reading() as session:
        assert log.heads(session) == {f"store/{number}": 8 for number in range(50)}
        assert list(log.broken_links(session)) == []
        told = [event.subject for event in log.since(session, "store/7", 4)]
    assert told == [f"order/{number}" for number in (7, 57, 107, 157)]


def test_what_is_said_together_is_followed_up_once_all_of_it_is_said(database: db.Database, nine: datetime):
    known: list[int] = []
    log.react_with({OrderPlaced: [lambda session, _: known.append(len(session.info["pending_events"]))]})

    with db.transaction() as session:
        uids = log.record_many(session, [placed(nine, 1), placed(nine, 2)])

    assert known == [2, 2]
    with db.reading() as session:
        assert [event.uid for event in log.since(session, "store/1", 0)] == uids


def test_a_stream_whose_beginning_was_thrown_away_begins_again(database: db.Database, nine: datetime):
    def begin_twice_and_fail() -> None:
        with db.transaction() as session:
            for number in (1, 2):
                log.record(session, placed(nine, number))
                log.write(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        begin_twice_and_fail()
    say(placed(nine, 3))

    with db.reading() as session:
        assert [(event.seq, event.subject) for event in log.since(session, "store/1", 0)] == [(1, "order/3")]


def test_an_event_whose_change_failed_never_occurred(database: db.Database, nine: datetime):
    with pytest.raises(ZeroDivisionError):
        fail(placed(nine))
    say(placed(nine, 2))
    with db.reading() as session:
        assert [(e.seq, e.subject) for e in log.since(session, "store/1", 0)] == [(1, "order/2")]


def test_what_was_asked_for_at_the_commit_may_still_say_what_occurred(database: db.Database, nine: datetime):
    def add_a_word(session: Session) -> None:
        log.record(session, placed(nine, 2))

    with db.transaction() as session:
        log.record(session, placed(nine, 1))
        db.at_commit(session, "a last word", add_a_word)
    with db.reading() as session:
        assert log.version(session, "store/1") == 2


def test_a_listener_hears_which_streams_grew_and_nothing_of_what_failed(database: db.Database, nine: datetime):
    heard: list[set[str]] = []
    db.on_commit(heard.append)
    say()
    with pytest.raises(ZeroDivisionError):
        fail(placed(nine))
    say(placed(nine, store_id=1), placed(nine, store_id=2))
    assert heard == [{"store/1", "store/2"}]


def test_the_chain_holds_for_an_instant_given_in_local_time(database: db.Database, nine: datetime):
    say(placed(nine.astimezone(timezone(timedelta(hours=1)))))
    with db.reading() as session:
        assert list(log.broken_links(session)) == []
        assert log.since(session, "store/1", 0)[0].at == nine


@pytest.mark.parametrize(
    "harm",
    [
        lambda at: sa.update(Event).values(actor="somebody else").where(col(Event.seq) == 2),
        lambda at: sa.update(Event).values(at=at + timedelta(minutes=1)).where(col(Event.seq) == 2),
        lambda at: sa.update(Event).values(data={"order_id": 9}).where(col(Event.seq) == 2),
        lambda at: sa.delete(Event).where(col(Event.seq) == 2),
        lambda at: sa.delete(Event).where(col(Event.seq) == 3),
        lambda at: sa.delete(Event),
    ],
    ids=["another actor", "another instant", "other words", "a row out of the middle", "the tail cut off", "all gone"],
)
def test_a_row_changed_or_gone_behind_its_back_shows(
    database: db.Database, nine: datetime, harm: Callable[[datetime], sa.Update | sa.Delete]
):
    say(*(placed(nine, number) for number in (1, 2, 3)))
    with db.transaction() as session:
        assert list(log.broken_links(session)) == []
        behind_its_back(session)
        session.execute(harm(nine))
    with db.reading() as session:
        assert any(link.startswith("store/1") for link in log.broken_links(session))


@pytest.mark.parametrize("change", [sa.update(Event).values(actor="x"), sa.delete(Event)], ids=["change", "removal"])
def test_nobody_changes_or_removes_an_event(database: db.Database, nine: datetime, change: sa.Update | sa.Delete):
    say(placed(nine))
    with pytest.raises(sa.exc.DBAPIError), db.transaction() as session:
        session.execute(change.where(col(Event.seq) == 1))


def test_what_follows_from_an_event_happens_in_the_same_transaction(database: db.Database, nine: datetime):
    def call_off(session: Session, event: OrderPlaced) -> None:
        cancelled = OrderCancelled(at=event.at, actor="x", order_id=event.order_id, store_id=1, reason="test")
        log.record(session, cancelled)

    log.react_with({OrderPlaced: [call_off]})
    say(placed(nine))
    with db.reading() as session:
        assert [event.kind for event in log.since(session, "store/1", 0)] == ["OrderPlaced", "OrderCancelled"]


def test_one_look_at_the_shop_sees_one_moment_of_it(database: db.Database, nine: datetime):
    say(placed(nine))
    with db.reading() as session:
        before = log.heads(session)
        with ThreadPoolExecutor(1) as another:
            another.submit(say, placed(nine, 2)).result()
        assert log.heads(session) == before
