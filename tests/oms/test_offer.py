"""What other systems are told: at a node what is free there now, through a channel its number, each with its age."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from app.events.sequence import SourceCursor
from app.oms import availability, channel, inventory, offer
from app.oms.channel import Channel
from app.oms.freshness import Heard
from app.oms.inventory import Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from tests.oms.shop import Shop

HOUR = timedelta(hours=1)


@pytest.fixture
def web(session: Session, shop: Shop, nine: datetime) -> Channel:
    """Sells from stores only; the distribution centre has nothing and has not spoken for an hour."""
    dc = Node(kind=NodeKind.DC, code="DC1", name="North")
    session.add_all([dc, SourceCursor(source="till", owner="test", lowest=0, highest=0)])
    session.flush()
    for node_id, heard_at in ((shop.node_id, nine), (dc.id, nine - HOUR)):
        session.add(Heard(node_id=node_id, source="till", heard_at=heard_at, occurred_at=heard_at))
    opened = channel.open_channel(session, Channel(code="web", name="Web", buffer=3, node_kinds=[NodeKind.STORE.value]))
    availability.catch_up(session, at=nine)
    return opened


def goods(session: Session) -> list[Item]:
    return list(session.exec(select(Item).order_by(Item.sku)))


def nodes(session: Session) -> list[Node]:
    return list(session.exec(select(Node).order_by(Node.code)))


def test_a_node_offers_what_is_free_there_this_very_moment(session: Session, shop: Shop, web: Channel, nine: datetime):
    inventory.record(session, [shop.stock(shop.milk, -4)], shop.cause(Reason.SALE))

    said = offer.at_nodes(session, goods(session), nodes(session), at=nine)

    assert [(each.item.sku, each.node, each.units, each.is_stale) for each in said] == [
        ("BREAD", "014", 4, False), ("BREAD", "DC1", 0, True), ("MILK", "014", 6, False), ("MILK", "DC1", 0, True),
    ]  # fmt: skip


def test_through_a_channel_a_node_offers_what_both_allow(session: Session, shop: Shop, web: Channel, nine: datetime):
    said = offer.at_nodes(session, goods(session), nodes(session), at=nine, channel=web)

    assert [each.units for each in said] == [1, 0, 7, 0]
    assert {each.channel for each in said} == {"web"}


def test_a_channels_number_is_as_old_as_its_own_nodes_word(session: Session, shop: Shop, web: Channel, nine: datetime):
    fresh = offer.of_channel(session, goods(session), web, at=nine)
    stale = offer.of_channel(session, goods(session), web, at=nine + HOUR)

    assert [(each.units, each.version, each.as_of, each.is_stale) for each in fresh] == [
        (1, 1, nine, False), (7, 1, nine, False)
    ]  # fmt: skip
    assert [each.is_stale for each in stale] == [True, True]


def test_what_was_never_stocked_is_offered_nowhere(session: Session, shop: Shop, web: Channel, nine: datetime):
    session.add(Item(sku="WINE", name="Wine"))
    session.flush()
    wine = goods(session)[-1:]

    everywhere = offer.at_nodes(session, wine, nodes(session), at=nine) + offer.of_channel(session, wine, web, at=nine)

    assert [(each.units, each.version) for each in everywhere] == [(0, 0)] * 3
