"""PostgreSQL tells every process that listens which stream grew: at the commit, never before, never without one."""

from collections.abc import Iterator
from datetime import datetime
from queue import Queue

import psycopg
import pytest
from psycopg import sql

from app import db
from app.events import log
from app.live.tail import Tail
from app.oms.order_events import OrderReleased

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
SECONDS = 10


def released(at: datetime, store_id: int = 7) -> OrderReleased:
    return OrderReleased(at=at, actor="test", order_id=1, store_id=store_id)


@pytest.fixture
def listener(database: db.Database, database_url: str) -> Iterator[psycopg.Connection]:
    """Another process."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(log.CHANNEL)))
        yield connection


def test_a_commit_tells_its_streams_and_how_far_they_are(listener: psycopg.Connection, nine: datetime):
    with db.transaction() as session:
        log.record(session, released(nine))
        log.record(session, released(nine))
        log.record(session, released(nine, store_id=8))

    told = [each.payload for each in listener.notifies(timeout=SECONDS, stop_after=2)]
    assert told == ["store/7:2", "store/8:1"]


def test_what_is_rolled_back_is_not_told(listener: psycopg.Connection, nine: datetime):
    with db.transaction() as session:
        log.record(session, released(nine))
        log.write(session)
        session.rollback()
    with db.transaction() as session:
        log.record(session, released(nine, store_id=8))

    assert [each.payload for each in listener.notifies(timeout=SECONDS, stop_after=1)] == ["store/8:1"]


def test_a_process_that_did_not_commit_hears_of_it_and_reads_on(database: db.Database, nine: datetime):
    nudges: Queue[set[str] | None] = Queue()
    handed: Queue[tuple[str, int]] = Queue()

    class Overheard(Tail):
        def nudge(self, streams: set[str] | None = None) -> None:
            nudges.put(streams)
            super().nudge(streams)

    tail = Overheard(lambda session, stream, events: handed.put((stream, events[-1].seq)))
    tail.start()
    try:
        database.listeners.clear()  # as if another process had committed
        assert nudges.get(timeout=SECONDS) is None, "once it listens, it looks at everything"
        with db.transaction() as session:
            log.record(session, released(nine))
        assert nudges.get(timeout=SECONDS) == {"store/7"}
        assert handed.get(timeout=SECONDS) == ("store/7", 1)
    finally:
        tail.stop()
