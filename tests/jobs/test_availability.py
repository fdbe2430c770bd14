"""What the clock does for what may be sold: rules begin, silence is noticed, numbers are worked out and told."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from app import db
from app.events.outbox import OutboxMessage
from app.events.sequence import SourceCursor
from app.oms import channel
from app.oms.availability import Ats
from app.oms.channel import Channel
from app.oms.freshness import Heard
from app.rules import rule_version
from jobs import schedule
from tests.oms.shop import Shop, open_shop

HOUR = timedelta(hours=1)


@pytest.fixture
def shop(database: db.Database, nine: datetime) -> Shop:
    with db.transaction() as session:
        shop = open_shop(session, nine)
        channel.open_channel(session, Channel(code="web", name="Web", is_pushed=True))
        session.add(SourceCursor(source="till", owner="test", lowest=0, highest=0))
        session.flush()
        session.add(Heard(node_id=shop.node_id, source="till", heard_at=nine, occurred_at=nine))
        said = {"units": "1", "more_when_stale": "2"}
        rule_version.publish(session, kind="safety_stock", scope="all", body=said, by="test", at=nine)
        rule_version.publish(session, kind="safety_stock", scope="all", body=said | {"units": "3"}, by="test", at=nine,
                             valid_from=nine + HOUR / 12)  # fmt: skip
        return shop


def milk(session: Session, shop: Shop) -> int:
    return session.exec(select(Ats.quantity).where(Ats.item_id == shop.milk)).one()


def test_the_clock_brings_rules_and_silence_into_what_may_be_sold(shop: Shop, nine: datetime):
    seen = []
    for at in (nine, nine + HOUR / 12, nine + HOUR, nine + HOUR):
        schedule.run_all(at)
        with db.reading() as session:
            seen.append(milk(session, shop))

    assert seen == [9, 7, 5, 5]
    with db.reading() as session:
        told = [said["quantity"] for said in session.exec(select(OutboxMessage.payload)) if said["sku"] == "MILK"]
    assert told == ["9", "7", "5"]
