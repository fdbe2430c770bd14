"""When each source of a node was last heard, and since when something of it is missing."""

from datetime import datetime, timedelta

from sqlmodel import Session

from app.events.inbox import Message
from app.oms import freshness
from app.oms.freshness import STALE_AFTER
from tests.oms.shop import Shop
from tests.oms.test_stock_facts import TILL, sold, take


def test_a_source_is_heard_whenever_it_speaks_even_of_the_past(session: Session, shop: Shop, nine: datetime):
    take(session, sold(1, at=nine), at=nine)
    later = nine + timedelta(minutes=10)
    take(session, sold(2, at=nine - timedelta(hours=1)), at=later)

    (heard,) = freshness.of(session, [shop.node_id], at=later)[shop.node_id]

    assert (heard.source, heard.heard_at, heard.occurred_at) == (TILL, later, nine)
    assert not heard.is_stale


def test_a_node_is_stale_when_one_of_its_sources_fell_silent(session: Session, shop: Shop, nine: datetime):
    take(session, sold(1, at=nine), at=nine)
    other = Message(**{name: getattr(sold(1, at=nine), name) for name in Message.__slots__} | {"source": "/erp"})
    take(session, other, at=nine + timedelta(minutes=5))
    last_moment = nine + STALE_AFTER

    assert freshness.stale(session, at=last_moment) == set()
    assert freshness.stale(session, at=last_moment + timedelta(seconds=1)) == {shop.node_id}
    at = last_moment + timedelta(seconds=1)
    assert [each.is_stale for each in freshness.of(session, [shop.node_id], at=at)[shop.node_id]] == [True, False]


def test_a_gap_shows_in_the_freshness_of_the_node(session: Session, shop: Shop, nine: datetime):
    take(session, sold(1, at=nine), sold(3, at=nine), at=nine)

    def missing_since() -> datetime | None:
        return freshness.of(session, [shop.node_id], at=nine)[shop.node_id][0].missing_since

    assert missing_since() == nine
    take(session, sold(2, at=nine), at=nine + timedelta(minutes=1))
    assert missing_since() is None


def test_a_node_nobody_reports_on_is_in_no_list(session: Session, shop: Shop, nine: datetime):
    assert freshness.of(session, [shop.node_id], at=nine) == {}
    assert freshness.stale(session, at=nine) == set()
