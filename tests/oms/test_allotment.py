"""Allotting at the same time, and what the schema itself refuses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlmodel import Session, col, select

from app import db
from app.events.log import Event
from app.oms import allotment, availability, channel
from app.oms.channel import Channel, ChannelItem
from app.oms.item import Item
from app.oms.node import NodeKind
from app.refusals import Unreadable
from tests.oms.shop import Shop, open_shop

SAYERS = 6


def test_of_several_who_allot_one_item_at_once_the_last_has_the_last_word(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine)
        channel.open_channel(session, Channel(code="web", name="Web"))
    start = Barrier(SAYERS)

    def say(cap: int) -> None:
        start.wait()
        with db.transaction() as session:
            web = channel.locked(session, "web")
            allotment.allot(session, web, session.get_one(Item, shop.milk), cap=cap, actor="ops", at=nine)
            channel.sell_from(session, web, kinds=[NodeKind.STORE], node_ids=[shop.node_id], actor="ops", at=nine)

    with ThreadPoolExecutor(SAYERS) as pool:
        for done in [pool.submit(say, cap) for cap in range(SAYERS)]:
            done.result()

    with db.transaction() as session:
        while availability.catch_up(session, at=nine):
            pass
        said = session.exec(select(Event).where(Event.kind == "ItemAllotted").order_by(col(Event.seq))).all()
        assert sorted(event.data["cap"] for event in said) == list(range(SAYERS))
        assert session.exec(select(ChannelItem)).one().cap == said[-1].data["cap"]
        assert list(availability.untrue(session, at=nine)) == []


@pytest.mark.parametrize("numbers", [{}, {"buffer": -1}, {"cap": -1}, {"buffer": 0, "cap": 1_000_001}])
def test_a_number_nobody_can_mean_is_refused_whoever_says_it(
    session: Session, shop: Shop, nine: datetime, numbers: dict[str, int]
):
    web = channel.open_channel(session, Channel(code="web", name="Web"))

    with pytest.raises(Unreadable):
        allotment.allot(session, web, session.get_one(Item, shop.milk), **numbers, actor="ops", at=nine)

    assert session.exec(select(ChannelItem)).all() == []
