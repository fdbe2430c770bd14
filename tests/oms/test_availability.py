"""What may be sold, at a node and through a channel: never more than there is, and known as soon as stock has moved."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from app.oms import allotment, availability, channel, inventory, touched
from app.oms.availability import Ats, ats
from app.oms.channel import Channel
from app.oms.inventory import Change, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from tests.oms.shop import Shop


def web(session: Session, **numbers: Any) -> Channel:
    return channel.open_channel(session, Channel(code="web", name="Web", **numbers))


def of_web(session: Session, item_id: int) -> tuple[int, int]:
    row = session.exec(select(Ats).where(Ats.item_id == item_id).execution_options(populate_existing=True)).one()
    return row.quantity, row.version


def test_a_channel_offers_what_its_nodes_have_free_once_it_was_worked_out(session: Session, shop: Shop, nine: datetime):
    web(session)

    assert availability.catch_up(session, at=nine) == 2
    assert (of_web(session, shop.milk), of_web(session, shop.bread)) == ((10, 1), (4, 1))


def test_only_what_moved_is_worked_out_anew(session: Session, shop: Shop, nine: datetime):
    web(session)
    availability.catch_up(session, at=nine)

    inventory.record(session, [shop.stock(shop.milk, -3)], shop.cause(Reason.SALE))

    assert availability.catch_up(session, at=nine) == 1
    assert availability.catch_up(session, at=nine) == 0
    assert (of_web(session, shop.milk), of_web(session, shop.bread)) == ((7, 2), (4, 1))


def test_what_comes_back_before_anybody_looked_is_no_change(session: Session, shop: Shop, nine: datetime):
    web(session)
    availability.catch_up(session, at=nine)

    for change in (-3, 3):
        inventory.record(session, [shop.stock(shop.milk, change)], shop.cause(Reason.SALE))
    availability.catch_up(session, at=nine)

    assert of_web(session, shop.milk) == (10, 1)


def test_a_node_gone_negative_does_not_lower_what_another_has(session: Session, shop: Shop, nine: datetime):
    dc = Node(kind=NodeKind.DC, code="DC1", name="North")
    session.add(dc)
    session.flush()
    web(session)
    cause = shop.cause(Reason.SALE)

    inventory.record(session, [Change(item_id=shop.milk, node_id=dc.id, on_hand=-5)], cause)
    availability.catch_up(session, at=nine)

    assert of_web(session, shop.milk)[0] == 10
    assert ats([10, -5], buffer=0, cap=None) == 10


def test_buffer_and_cap_are_the_channels_unless_the_item_has_its_own(session: Session, shop: Shop, nine: datetime):
    own = web(session, buffer=1, cap=8)
    allotment.allot(session, own, session.get_one(Item, shop.bread), buffer=3, actor="ops", at=nine)

    availability.catch_up(session, at=nine)

    assert (of_web(session, shop.milk)[0], of_web(session, shop.bread)[0]) == (8, 1)


def test_what_the_channel_may_not_sell_from_does_not_count(session: Session, shop: Shop, nine: datetime):
    web(session, node_kinds=[NodeKind.DC.value])

    availability.catch_up(session, at=nine)

    assert of_web(session, shop.milk) == (0, 0)


def test_a_channel_that_sells_from_elsewhere_offers_what_is_there(session: Session, shop: Shop, nine: datetime):
    own = web(session, node_kinds=[NodeKind.DC.value])
    availability.catch_up(session, at=nine)

    channel.sell_from(session, own, kinds=[], node_ids=[shop.node_id], actor="ops", at=nine)
    availability.catch_up(session, at=nine)

    assert of_web(session, shop.milk) == (10, 1)


def test_many_items_are_worked_out_in_bites(session: Session, shop: Shop):
    touched.take(session)
    for _ in range(3):
        touched.mark(session, [shop.milk, shop.bread])
    touched.mark(session, range(1, touched.MOST_ITEMS))

    assert touched.take(session, most=1) == sorted([shop.milk, shop.bread])
    assert len(touched.take(session)) == touched.MOST_ITEMS - 1
    assert not touched.is_waiting(session)
