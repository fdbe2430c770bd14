"""Telling channels: only what changed, late enough to say it once, at once when little is left, never old after new."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from app.events.outbox import OutboxMessage
from app.oms import availability, channel, inventory, push
from app.oms.availability import Ats
from app.oms.channel import Channel
from app.oms.inventory import Reason
from tests.oms.shop import Shop

MINUTE = timedelta(minutes=1)


@pytest.fixture
def web(session: Session, shop: Shop, nine: datetime) -> Channel:
    told = Channel(code="web", name="Web", is_pushed=True, publish_delay_s=60, guard_band=3)
    channel.open_channel(session, told)
    availability.catch_up(session, at=nine - MINUTE)
    push.post_due(session, at=nine)
    return told


def sell(session: Session, shop: Shop, item_id: int, quantity: int, at: datetime) -> None:
    inventory.record(session, [shop.stock(item_id, -quantity)], shop.cause(Reason.SALE))
    availability.catch_up(session, at=at)


def posted(session: Session) -> list[Mapping[str, Any]]:
    said = session.exec(select(OutboxMessage.payload).order_by(col(OutboxMessage.id)))
    return [payload for payload in said if payload["sku"] == "MILK"]


def test_a_channel_that_asks_is_told_nothing(session: Session, shop: Shop, nine: datetime):
    channel.open_channel(session, Channel(code="kiosk", name="Kiosk"))
    availability.catch_up(session, at=nine)

    assert not push.is_due(session, at=nine + 60 * MINUTE)


def test_changes_within_the_delay_leave_as_one(session: Session, shop: Shop, web: Channel, nine: datetime):
    for second in (0, 20, 40):
        sell(session, shop, shop.milk, 1, nine + timedelta(seconds=second))
        assert push.post_due(session, at=nine + timedelta(seconds=second)) == 0

    assert push.post_due(session, at=nine + MINUTE) == 1
    assert [said["quantity"] for said in posted(session)] == ["10", "7"]
    assert posted(session)[-1].items() >= {"channel": "web", "unit": "each", "version": 4}.items()
    assert not push.is_due(session, at=nine + 60 * MINUTE)


def test_when_little_is_left_the_channel_hears_at_once(session: Session, shop: Shop, web: Channel, nine: datetime):
    sell(session, shop, shop.milk, 2, nine)
    assert push.post_due(session, at=nine) == 0

    sell(session, shop, shop.milk, 5, nine + timedelta(seconds=1))

    assert push.post_due(session, at=nine + timedelta(seconds=1)) == 1
    assert posted(session)[-1]["quantity"] == "3"


def test_what_came_back_in_time_is_not_told(session: Session, shop: Shop, web: Channel, nine: datetime):
    sell(session, shop, shop.milk, 1, nine)
    sell(session, shop, shop.milk, -1, nine + timedelta(seconds=1))

    assert push.post_due(session, at=nine + MINUTE) == 1
    assert [said["quantity"] for said in posted(session)] == ["10"]


def test_what_was_overtaken_or_is_known_is_not_sent(session: Session, shop: Shop, web: Channel, nine: datetime):
    for minute in (1, 2):
        sell(session, shop, shop.milk, 1, nine + minute * MINUTE)
        push.post_due(session, at=nine + (minute + 1) * MINUTE)
    first, second, third = posted(session)

    assert push.worth_sending(session, [first, second, third]) == [False, False, True]
    push.acknowledge(session, [third])
    push.acknowledge(session, [second, first])
    assert push.worth_sending(session, [third]) == [False]
    assert session.exec(select(Ats.acked_version).where(Ats.item_id == shop.milk)).one() == third["version"]


def test_a_channel_that_lost_what_it_knew_hears_of_everything(
    session: Session, shop: Shop, web: Channel, nine: datetime
):
    sell(session, shop, shop.milk, 1, nine)
    push.post_due(session, at=nine + MINUTE)

    push.tell_all(session, web, at=nine + 2 * MINUTE)

    assert push.post_due(session, at=nine + 2 * MINUTE) == 2
    assert [said["quantity"] for said in posted(session)] == ["10", "9", "9"]
