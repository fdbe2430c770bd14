"""The daily work whose cost must not grow with the past: each act once, through the verb the doors call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import db, rows
from app.events import inbox
from app.events.inbox import Message
from app.oms import admission, channel, desk, inventory, offer, placing, stock_intake, stock_words
from app.oms.admission import Request, Wish
from app.oms.channel import Channel
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.oms.item import Place as Bin
from app.oms.node import Node, NodeKind
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest
from app.oms.reservation import Reservation, ReservationState
from app.people.associate import Associate
from app.people.store import Region, Store, StoreHours
from app.pickup import board, card
from app.pickup.staging import StagingLocation
from app.pickup.task import PickupTask
from app.web.shop_figures import ShopFigures
from bench.past_size import AT, Past, Place
from jobs import availability, schedule

LIVING = 30
SOON = AT + timedelta(hours=1)
Acts = dict[str, Callable[[], object]]


@dataclass
class Shop:
    """Where it is, how it looked when it opened, and how far its numbers have come."""

    url: str
    past: Past
    place: Place
    numbers: "count[int]" = field(default_factory=count)


def open_shop(url: str, past: Past) -> Shop:
    """Items, stores, one person; ids follow each other."""
    with db.transaction() as session:
        region, maya = Region(code="N", name="North"), Associate(name="Maya Reed", pin_hash="-")
        nodes = [Node(kind=NodeKind.STORE, code=f"N{n}", name=f"Store {n}") for n in range(past.stores)]
        items = [Item(sku=f"SKU-{n}", name="Thing", price_minor=150) for n in range(past.items)]
        session.add_all([region, maya, *nodes, *items])
        session.flush()
        session.add_all([Store(id=node.id, region_id=region.id, code=node.code, name=node.name,
                               time_zone="Europe/London") for node in nodes])  # fmt: skip
        session.flush()
        shelves = [StagingLocation(store_id=node.id, code="S-01", capacity=1000) for node in nodes]
        session.add_all(shelves)
        hours = [StoreHours(store_id=node.id, weekday=day, opens_min=0, closes_min=1440)
                 for node in nodes for day in range(7)]  # fmt: skip
        bins = [Bin(node_id=node.id, item_id=item.id, aisle="A", bin="A01", walk_sequence=n)
                for node in nodes for n, item in enumerate(items)]  # fmt: skip
        session.add_all([*hours, *bins])
        channel.open_channel(session, Channel(code="web", name="Web", is_pushed=True))
        session.flush()
        return Shop(url, past, Place(items[0].id, nodes[0].id, shelves[0].id, maya.id))


def begin_the_day(shop: Shop, living: int = LIVING) -> None:
    """Orders on the board, and nothing left that is due."""
    for _ in range(living):
        _order(shop)
    for _ in range(2):
        schedule.run_all(AT)


def acts(shop: Shop) -> Acts:
    """What happens all day; what one act leaves to be worked out, a later one does before the clock finds nothing."""
    with db.reading() as session:
        items = session.exec(select(Item).where(col(Item.sku).in_(["SKU-3", "SKU-4"]))).all()
        nodes, web = session.exec(select(Node)).all(), channel.by_code(session, "web")
        store = session.get_one(Store, shop.place.node)
        task_id = session.exec(select(PickupTask.id).order_by(col(PickupTask.id).desc()).limit(1)).one()
    assert web is not None
    return {
        "take an order": lambda: _order(shop),
        "give a promise": lambda: _promise(shop, shop.place.item + 5),
        "refuse a promise": lambda: _promise(shop, shop.place.item + 5, units=admission.MOST_UNITS),
        "take in a sale": lambda: _tell(shop, stock_words.ADJUSTED, delta="-1", reason="sale"),
        "take in a snapshot": lambda: _tell(
            shop, stock_words.REPORTED, quantity="900000", as_of=(AT - timedelta(minutes=1)).isoformat()
        ),
        "work out what may be sold": lambda: availability.catch_up(AT),
        "tell the channels": lambda: availability.tell_channels(AT),
        "say what may be sold": _look(lambda s: (
            offer.at_nodes(s, items, nodes, at=AT, channel=web), offer.of_channel(s, items, web, at=AT))),
        "the board": _look(lambda s: board.of(s, store, at=AT)),
        "one card": _look(lambda s: card.of_task(s, task_id, at=AT)),
        "the clock, nothing due": lambda: schedule.run_all(AT),
        "figures": lambda: list(ShopFigures().collect()),
    }  # fmt: skip


def _look(at_it: Callable[[Session], object]) -> Callable[[], object]:
    def look() -> None:
        with db.reading() as session:
            at_it(session)

    return look


def _order(shop: Shop) -> None:
    number = next(shop.numbers)
    lines = tuple(LineRequest(sku=f"SKU-{n}", quantity=1, unit_price_minor=150) for n in (1, 2))
    request = OrderRequest(
        channel="web", external_id=f"NOW-{number}", store_code="N0", placed_at=AT,
        promised_at=AT + timedelta(hours=2), customer_name="Priya Nair", email="priya@example.org", phone=None,
        language="en", payment_state=PaymentState.AUTHORISED, amount_minor=300, currency="GBP", lines=lines,
    )  # fmt: skip
    with db.transaction() as session:
        placing.place(session, request, actor="channel/web", at=AT)


def _promise(shop: Shop, item_id: int, *, units: int = 1) -> None:
    wish = Wish(item_id=item_id, node_id=shop.place.node, quantity=units)
    request = Request(key=f"now/{next(shop.numbers)}", wishes=(wish,), state=ReservationState.SOFT, document="basket",
                      actor="web", at=AT, expires_at=SOON)  # fmt: skip
    desk.ask(request)


def _tell(shop: Shop, kind: str, **said: str) -> None:
    number = next(shop.numbers)
    payload = inbox.written({"node": "N0", "sku": "SKU-6", "uom": "each"} | said)
    message = Message(source="/tills/now", message_id=f"now-{number}", type=kind, sequence=number, occurred_at=AT,
                      payload=payload)  # fmt: skip
    stock_intake.receive([message], at=AT, owner="till")


def hold(shop: Shop, many: int) -> None:
    """As many open holds on one item as a ticket sale leaves."""
    held = {"item_id": shop.place.item + 7, "node_id": shop.place.node, "quantity": 1, "consumed": 0, "released": 0,
            "state": ReservationState.SOFT, "channel": "web", "expires_at": SOON, "reserved_at": AT}  # fmt: skip
    cause = Cause(reason=Reason.RESERVED, document="holds", actor="bench", occurred_at=AT, recorded_at=AT)
    change = Change(item_id=shop.place.item + 7, node_id=shop.place.node, reserved=many)
    with db.transaction() as session:
        inventory.record(session, [change], cause)
        rows.write(session, rows.Insert(Reservation, {name: [value] * many for name, value in held.items()}))
    with db.current().engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE reservation")) if not db.is_sqlite() else None


def promises(shop: Shop) -> Acts:
    held, free, far_too_many = shop.place.item + 7, shop.place.item + 8, admission.MOST_UNITS
    return {
        "held": lambda: _promise(shop, held),
        "free": lambda: _promise(shop, free),
        "refused_held": lambda: _promise(shop, held, units=far_too_many),
        "refused_free": lambda: _promise(shop, free, units=far_too_many),
    }
