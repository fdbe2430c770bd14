"""The demo: four shops in two regions, and the three hours that lie behind the first look at the board."""

from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session, col, select

from app import db
from app.config import Settings
from app.oms import channel
from app.oms.channel import Channel
from app.oms.node_terms import NodeTerms
from app.people import api_client
from app.people.store import Store, StoreException
from seed import demo_goods, demo_trips, history, process, world
from seed.demo_people import hire
from seed.demo_towns import PARCEL_MINOR, PER_KG_MINOR, TOWNS
from seed.shopping import CHANNEL
from seed.streams import RegionSpec, StockSpec, StoreSpec, World

OPENING_STOCK = 60
DAILY_COUNTS = 3
API_KEY_FILE = "demo-api-key"
EIGHT, NINE_PM = 8 * 60, 21 * 60

# Two shops never close, so that the demo moves and its ladder climbs whenever somebody looks at it.
STORES = (
    StoreSpec("118", "Riverside", "NORTH", "Europe/London", 0, 0),
    StoreSpec("204", "Station", "NORTH", "Europe/London", 0, 0),
    StoreSpec("311", "Market Hall", "SOUTH", "Europe/London", EIGHT, NINE_PM),
    StoreSpec("427", "Harbour", "SOUTH", "Europe/Lisbon", EIGHT, NINE_PM),
)
ABOUT = {
    "118": ("4 Riverside Walk, York", "The desk is left of the main doors. Bays 1–4 are ours.", "+441904960118"),
    "204": ("1 Station Square, Leeds", "Ground floor, beside platform 1.", "+441134960204"),
    "311": ("20 Market Street, Bath", "Through the arch, second door.", "+441225960311"),
    "427": ("Rua do Porto 7, Cascais", "The blue door on the quay.", "+351214960427"),
}


def is_empty(session: Session) -> bool:
    return session.exec(select(Store.id).limit(1)).first() is None


def spec() -> World:
    items = demo_goods.items()
    stock = tuple(
        StockSpec(store.code, item.sku, 0 if item.name == demo_goods.SOLD_OUT else OPENING_STOCK)
        for store in STORES for item in items
    )  # fmt: skip
    return World((RegionSpec("NORTH", "North"), RegionSpec("SOUTH", "South")), STORES, items, stock, "GBP")


def build(settings: Settings, at: datetime) -> None:
    """The world as it was three hours before `at`, and all that has happened since."""
    process.bind(settings)
    with db.transaction() as session:
        if not is_empty(session):
            return
        world.build(session, spec(), at - history.LENGTH, name="demo")
        _describe_stores(session, at)
        channel.open_channel(session, Channel(code=CHANNEL, name="Web shop", buffer=1, guard_band=5))
        _let_some_send(session)
        hire(session, settings.var)
        give_key(session, settings.var, at)
    history.play(at)
    with db.transaction() as session:
        demo_trips.send(session, at)


def _describe_stores(session: Session, at: datetime) -> None:
    for store in session.exec(select(Store)):
        store.address, store.directions, store.phone = ABOUT[store.code]
        store.daily_counts = DAILY_COUNTS
    closing = {store.code for store in STORES if store.closes_min}
    session.add_all([
        StoreException(store_id=store.id, day=date(at.year, 12, 25))
        for store in session.exec(select(Store)) if store.code in closing
    ])  # fmt: skip


def _let_some_send(session: Session) -> None:
    for store in session.exec(select(Store).where(col(Store.code).in_(TOWNS))):
        town = TOWNS[store.code]
        session.add(NodeTerms(node_id=store.id, does_ship=True, latitude=town.latitude, longitude=town.longitude,
                              parcel_minor=PARCEL_MINOR, per_kg_minor=PER_KG_MINOR))  # fmt: skip


def give_key(session: Session, var: Path, at: datetime) -> None:
    path = var / API_KEY_FILE
    path.touch(mode=0o600)
    path.write_text(api_client.issue_key(session, name="Demo web shop", at=at), encoding="utf-8")
