"""What happens all day reads no table from its beginning to its end that grows with the years."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from app import clock, db
from app.events import backlog, log, outbox
from app.oms import desk, expiry
from app.oms.order import Order
from app.reactions import REACTIONS
from bench import past, scale_work
from bench.past_size import AT, Past
from bench.scale_work import Shop
from jobs import schedule
from tests.plans import explained

OF_ALL_TIME = {"figures"}
"""Counts of all there ever was, for who looks at them a few times a minute."""


@pytest.fixture
def shop(database: db.Database, database_url: str) -> Iterator[Shop]:
    """Old enough that PostgreSQL, told of its tables, has an index to prefer."""
    clock.hold(lambda: AT)
    log.react_with(REACTIONS)
    opened = scale_work.open_shop(database_url, Past(orders=800, rounds=4, items=100, stores=4))
    past.write(opened.past, opened.place)
    scale_work.begin_the_day(opened, living=3)
    yield opened
    desk.close()
    clock.release()


def test_nothing_that_is_done_all_day_looks_through_the_past(shop: Shop):
    for name, act in scale_work.acts(shop).items():
        with explained() as plans:
            act()

        assert name in OF_ALL_TIME or plans.whole_readings == [], name


def test_nothing_that_falls_due_is_looked_for_in_the_past(shop: Shop):
    scale_work.hold(shop, 200)
    for at in (AT + timedelta(hours=2), AT + timedelta(days=1)):
        for name in ("take an order", "give a promise", "take in a sale"):
            scale_work.acts(shop)[name]()
        for sentence, _, act in schedule.SCHEDULE:
            with explained() as plans:
                act(at)

            assert plans.whole_readings == [], sentence
        with explained() as plans, db.reading() as session:
            assert expiry.run_out(session, at) == []
            assert backlog.oldest_due(session, "mail") is not None
        with explained() as sending, db.transaction() as session:
            assert outbox.claim(session, at=at, receiver="mail")
            outbox.bury(session, at=at, receiver="mail")

        assert plans.whole_readings + sending.whole_readings == []


def test_looking_through_a_whole_table_is_seen(database: db.Database):
    with explained() as plans, db.reading() as session:
        session.execute(sa.select(sa.func.count()).select_from(Order).where(col(Order.amount_minor) > 100)).all()

    assert len(plans.whole_readings) == 1
