"""How many of a kit may be sold: at each node as many as its scarcest thing allows, and then together."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlmodel import Session, col, select

from app import db
from app.oms import allotment, availability, channel, inventory, kit, offer, push
from app.oms.availability import Ats
from app.oms.channel import Channel
from app.oms.inventory import Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.rules import rule_version
from tests.oms.shop import Shop, open_shop

MINUTE = timedelta(minutes=1)


@pytest.fixture
def breakfast(session: Session, shop: Shop, nine: datetime) -> Item:
    """One bread and three milks: with ten milks and four breads there are three."""
    item = Item(sku="BREAKFAST", name="Breakfast")
    session.add(item)
    session.flush()
    channel.open_channel(session, Channel(code="web", name="Web", is_pushed=True))
    kit.define(session, item, {shop.bread: 1, shop.milk: 3})
    availability.catch_up(session, at=nine)
    return item


def row(session: Session, item: Item) -> Ats:
    asked = select(Ats).where(Ats.item_id == item.id).execution_options(populate_existing=True)
    return session.exec(asked).one()


def sell(session: Session, shop: Shop, item_id: int, quantity: int, at: datetime) -> None:
    inventory.record(session, [shop.stock(item_id, -quantity)], shop.cause(Reason.SALE))
    availability.catch_up(session, at=at)


def at_nodes(session: Session, items: list[Item], at: datetime) -> list[tuple[str, str | None, int]]:
    nodes = list(session.exec(select(Node).order_by(col(Node.code))))
    return [(each.item.sku, each.node, each.units) for each in offer.at_nodes(session, items, nodes, at=at)]


def test_a_kit_follows_its_things_and_the_channel_is_told(
    session: Session, shop: Shop, breakfast: Item, nine: datetime
):
    assert row(session, breakfast).quantity == 3
    push.post_due(session, at=nine)

    sell(session, shop, shop.milk, 1, nine + MINUTE)
    same = row(session, breakfast).version
    sell(session, shop, shop.milk, 1, nine + MINUTE)
    sell(session, shop, shop.bread, 3, nine + MINUTE)

    assert (row(session, breakfast).quantity, row(session, breakfast).version - same) == (1, 2)
    assert push.post_due(session, at=nine + MINUTE) == 3
    assert list(availability.untrue(session, at=nine + MINUTE)) == []


def test_a_number_that_is_wrong_for_a_kit_is_found(session: Session, shop: Shop, breakfast: Item, nine: datetime):
    row(session, breakfast).quantity = 4
    session.flush()

    assert [line.split(":")[1] for line in availability.untrue(session, at=nine)] == [
        " sold as 4, but its stock gives 3"
    ]


def test_things_that_lie_apart_make_no_kit(session: Session, shop: Shop, breakfast: Item, nine: datetime):
    dc = Node(kind=NodeKind.DC, code="DC1", name="North")
    session.add(dc)
    session.flush()
    stock = [inventory.Change(item_id=shop.milk, node_id=dc.id, on_hand=300)]
    inventory.record(session, stock, shop.cause())
    availability.catch_up(session, at=nine)

    assert row(session, breakfast).quantity == 3
    assert at_nodes(session, [breakfast], nine) == [("BREAKFAST", "014", 3), ("BREAKFAST", "DC1", 0)]

    inventory.record(session, [inventory.Change(item_id=shop.bread, node_id=dc.id, on_hand=50)], shop.cause())
    availability.catch_up(session, at=nine)

    assert row(session, breakfast).quantity == 53
    assert at_nodes(session, [breakfast], nine) == [("BREAKFAST", "014", 3), ("BREAKFAST", "DC1", 50)]


def test_what_is_kept_back_of_a_thing_or_owed_is_in_no_kit(
    session: Session, shop: Shop, breakfast: Item, nine: datetime
):
    rule_version.publish(session, kind="safety_stock", scope="item:MILK", body={"units": "4"}, by="test", at=nine)
    availability.work_out(session, [shop.milk], at=nine)
    assert row(session, breakfast).quantity == 2

    sell(session, shop, shop.bread, 9, nine)

    assert row(session, breakfast).quantity == 0
    assert at_nodes(session, [breakfast], nine)[0] == ("BREAKFAST", "014", 0)


def test_a_channels_own_numbers_for_a_kit_are_in_kits(session: Session, shop: Shop, breakfast: Item, nine: datetime):
    web = session.exec(select(Channel)).one()
    allotment.allot(session, web, breakfast, buffer=1, cap=2, actor="ops", at=nine)
    availability.catch_up(session, at=nine)

    assert row(session, breakfast).quantity == 2


def test_a_kit_made_of_other_things_has_other_numbers_at_once(
    session: Session, shop: Shop, breakfast: Item, nine: datetime
):
    kit.define(session, breakfast, {shop.milk: 1})
    availability.catch_up(session, at=nine)
    assert row(session, breakfast).quantity == 10

    kit.define(session, breakfast, {})
    availability.catch_up(session, at=nine)
    assert row(session, breakfast).quantity == 0


def test_whoever_works_out_last_goes_by_the_newest_recipe(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=1000, bread=1000)
        channel.open_channel(session, Channel(code="web", name="Web"))
        session.add(Item(sku="BREAKFAST", name="Breakfast"))
    start = Barrier(3)

    def define() -> None:
        start.wait()
        for many in range(1, 11):
            with db.transaction() as session:
                hamper = session.exec(select(Item).where(Item.sku == "BREAKFAST")).one()
                kit.define(session, hamper, {shop.milk: many, shop.bread: 1})

    def work_out() -> None:
        start.wait()
        for _ in range(15):
            with db.transaction() as session:
                inventory.record(session, [shop.stock(shop.milk, 0)], shop.cause())
                availability.work_out(session, [shop.milk, shop.bread], at=nine)

    threads = [Thread(target=act) for act in (define, work_out, work_out)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.transaction() as session:
        while availability.catch_up(session, at=nine):
            pass
        assert list(availability.untrue(session, at=nine)) == []
        assert row(session, session.exec(select(Item).where(Item.sku == "BREAKFAST")).one()).quantity == 100
