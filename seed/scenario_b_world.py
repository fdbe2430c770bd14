"""Scenario B put into the shop: its nodes and their terms, staff here and there, stock, a rule, and orders of today."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import db
from app.config import Settings
from app.oms import channel, inventory, placing
from app.oms.address import Address
from app.oms.channel import Channel
from app.oms.inventory import Change
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest
from app.people.associate import Role
from app.people.store import Store, StoreHours
from app.rules import rule_version
from seed import demo, demo_goods, process, scenario_b_orders, scenario_b_stock, world
from seed.customers import email_of, name_of
from seed.demo_people import Person, hire
from seed.routing_trial import COST_SHARE
from seed.scenario_b import HOURS, RULE, ZONE, NodeSpec, network
from seed.scenario_b_orders import Order
from seed.scenario_b_stock import Stock
from seed.shopping import CHANNEL
from seed.streams import RegionSpec, StockSpec, StoreSpec, World, dice
from seed.uk_towns import TOWNS, Point

SEED = 1
SOLD = 1500
"""So many orders the stock is laid out for."""
ORDERS = 24
BETWEEN = timedelta(minutes=5)
STAFFED = 6
REGIONS = {"SCOT": "Scotland and the North", "MID": "The Midlands", "SOUTH": "The South"}
ACTOR = "seed"


def build(settings: Settings, at: datetime) -> None:
    """All of it in an empty database; the orders came in over the two hours before `at`."""
    process.bind(settings)
    nodes, trade = network(), scenario_b_orders.make_up(SOLD, seed=SEED)
    stock, opened = scenario_b_stock.lay_out(nodes, trade.sales, seed=SEED), at - ORDERS * BETWEEN
    with db.transaction() as session:
        _chain(session, nodes, stock, opened)
        channel.open_channel(session, Channel(code=CHANNEL, name="Web shop", buffer=1, guard_band=5))
        rule_version.publish(session, kind="routing", scope="all", body=RULE.model_dump(), by=ACTOR, at=opened)
        hire(session, settings.var, tuple(_people(nodes)))
        demo.give_key(session, settings.var, at)
    for turn, order in enumerate(trade.orders[:ORDERS]):
        with db.transaction() as session:
            placed_at = opened + turn * BETWEEN
            placing.place(session, _request(order, turn, stock, placed_at), actor=f"channel/{CHANNEL}", at=placed_at)


def _chain(session: Session, nodes: Iterable[NodeSpec], stock: Stock, at: datetime) -> None:
    known = list(nodes)
    shops = [node for node in known if node.kind == NodeKind.STORE]
    held = tuple(StockSpec(node.code, sku, units) for node in shops for sku, units in stock[node.code].items())
    stores = tuple(StoreSpec(node.code, node.name, _region(node.at), ZONE, 0, 0) for node in shops)
    regions = tuple(RegionSpec(code, name) for code, name in REGIONS.items())
    world.build(session, World(regions, stores, demo_goods.items(), held, "GBP"), at, name="scenario-b")
    session.add_all([Node(kind=node.kind, code=node.code, name=node.name) for node in known if node not in shops])
    session.flush()
    ids = dict(session.exec(select(Node.code, Node.id)).all())
    session.add_all([node.terms(ids[node.code]) for node in known])
    items = _weigh(session)
    deep = [node for node in known if node not in shops]
    changes = [
        Change(item_id=items[sku], node_id=ids[node.code], on_hand=units)
        for node in deep for sku, units in stock[node.code].items()
    ]  # fmt: skip
    inventory.record(session, changes, world.cause_of("opening/scenario-b/centres", at))
    _open_doors(session, shops, ids)


def _weigh(session: Session) -> dict[str, int]:
    for item in session.exec(select(Item)):
        item.weight_g = scenario_b_stock.weight_g(item.sku, item.price_minor)
        item.cost_minor = round(item.price_minor * COST_SHARE)
    session.flush()
    return dict(session.exec(select(Item.sku, Item.id)).all())


def _open_doors(session: Session, shops: Iterable[NodeSpec], ids: dict[str, int]) -> None:
    """Each shop keeps its own week."""
    session.execute(sa.delete(StoreHours).where(col(StoreHours.store_id).in_(ids.values())))
    session.add_all([
        StoreHours(store_id=ids[shop.code], weekday=weekday, opens_min=rule.opens_min, closes_min=rule.closes_min)
        for shop in shops for weekday, rules in enumerate(HOURS[shop.hours].weekly) for rule in rules
    ])  # fmt: skip
    for store in session.exec(select(Store)):
        store.address = f"1 High Street, {store.name}"


def _region(at: Point) -> str:
    return "SCOT" if at.latitude > 53.6 else "MID" if at.latitude > 52.1 else "SOUTH"


def _people(nodes: Iterable[NodeSpec]) -> Iterable[Person]:
    """The first few shops have somebody; every region a manager, and the chain somebody for its rules."""
    shops = [node for node in nodes if node.kind == NodeKind.STORE][:STAFFED]
    for shop in shops:
        yield Person(shop.code, name_of(shop.code, "associate"), "Associate", f"{shop.code}201")
        yield Person(shop.code, name_of(shop.code, "lead"), "Store lead", f"{shop.code}302", Role.STORE_LEAD)
    for turn, code in enumerate(REGIONS, 1):
        yield Person(code, name_of(code), "Regional manager", f"70{turn}508", Role.REGIONAL_MANAGER)


def _request(order: Order, turn: int, stock: Stock, at: datetime) -> OrderRequest:
    """Every third is collected at the nearest shop, half of these of what is there; the others are shipped."""
    number, is_collected = f"B-{1000 + turn}", turn % 3 == 2
    name = name_of(number)
    shop = min((node for node in network() if node.does_pickup), key=lambda node: node.at.km_to(order.home))
    there = {sku for sku, units in stock[shop.code].items() if units > 1} if turn % 6 == 5 else set()
    lines = tuple(
        LineRequest(sku=line.sku, quantity=line.quantity, unit_price_minor=line.unit_price_minor)
        for line in [line for line in order.lines if line.sku in there] or order.lines
    )
    return OrderRequest(
        channel=CHANNEL, external_id=number, store_code=shop.code if is_collected else None, placed_at=at,
        promised_at=at + (order.promised_at - order.at), customer_name=name, email=email_of(name), phone=None,
        language="en", payment_state=PaymentState.AUTHORISED,
        amount_minor=sum(line.quantity * line.unit_price_minor for line in lines), currency="GBP", lines=lines,
        ship_to=None if is_collected else _address(name, order.home, number),
    )  # fmt: skip


def _address(name: str, home: Point, number: str) -> Address:
    town = min(TOWNS, key=lambda town: town.at.km_to(home))
    return Address(
        name=name, street=f"{1 + dice.pick(99, 'house', number)} High Street", city=town.name.split(" ")[0],
        postal_code="ZZ1 1ZZ", country="GB", latitude=home.latitude, longitude=home.longitude,
    )  # fmt: skip
