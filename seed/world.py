"""A world put into the shop: regions, stores and their shelves, items and their places, and opening stock."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session, col, select

from app.oms import inventory
from app.oms.balance import Balance
from app.oms.inventory import Cause, Change, Movement, Reason
from app.oms.item import Item, Place
from app.oms.node import Node, NodeKind
from app.people.store import Region, Store, StoreHours
from app.pickup.staging import LocationKind, StagingLocation
from seed.streams import ItemSpec, RegionSpec, StoreSpec, World

ACTOR = "seed"
SHELVES = 12
COLD_SHELVES = 4
COLD_CAPACITY = 2

Pair = tuple[int, int]


def build(session: Session, world: World, at: datetime, *, name: str = "world") -> None:
    """What is there stays as it is; stock comes once for each `name`: opening stock, or a delivery where some was."""
    regions = _regions(session, world.regions)
    stores = _stores(session, world.stores, regions)
    items = _items(session, world.items, world.currency)
    _places(session, world, stores, items)
    wanted = {(items[spec.sku], stores[spec.store_code]): spec.on_hand for spec in world.stock if spec.on_hand}
    _stock(session, wanted, cause_of(f"opening/{name}", at))


def cause_of(document: str, at: datetime, reason: Reason = Reason.OPENING) -> Cause:
    return Cause(reason=reason, document=document, actor=ACTOR, occurred_at=at, recorded_at=at)


def _regions(session: Session, specs: Iterable[RegionSpec]) -> dict[str, int]:
    known = {region.code: region.id for region in session.exec(select(Region))}
    fresh = [Region(code=spec.code, name=spec.name) for spec in specs if spec.code not in known]
    session.add_all(fresh)
    session.flush()
    return known | {region.code: region.id for region in fresh}


def _stores(session: Session, specs: Iterable[StoreSpec], regions: dict[str, int]) -> dict[str, int]:
    known = {store.code: store.id for store in session.exec(select(Store))}
    return known | {spec.code: _store(session, spec, regions) for spec in specs if spec.code not in known}


def _store(session: Session, spec: StoreSpec, regions: dict[str, int]) -> int:
    node = Node(kind=NodeKind.STORE, code=spec.code, name=spec.name)
    session.add(node)
    session.flush()
    session.add(Store(id=node.id, region_id=regions[spec.region], code=spec.code, name=spec.name, time_zone=spec.zone))
    session.flush()
    hours = {"opens_min": spec.opens_min, "closes_min": spec.closes_min}
    session.add_all([StoreHours(store_id=node.id, weekday=weekday, **hours) for weekday in range(7)])
    session.add_all([StagingLocation(store_id=node.id, code=f"S-{n:02}") for n in range(1, SHELVES + 1)])
    session.add_all([
        StagingLocation(store_id=node.id, code=f"F-{n:02}", kind=LocationKind.COLD, capacity=COLD_CAPACITY)
        for n in range(1, COLD_SHELVES + 1)
    ])  # fmt: skip
    return node.id


def _items(session: Session, specs: Iterable[ItemSpec], currency: str) -> dict[str, int]:
    known = dict(session.exec(select(Item.sku, Item.id)).all())
    fresh = [_item(spec, currency) for spec in specs if spec.sku not in known]
    session.add_all(fresh)
    session.flush()
    return known | {item.sku: item.id for item in fresh}


def _item(spec: ItemSpec, currency: str) -> Item:
    values = {name: value for name, value in asdict(spec).items() if name not in ("place", "gtin")}
    return Item(**values, gtin=spec.gtin.zfill(14), currency=currency)


def _places(session: Session, world: World, stores: dict[str, int], items: dict[str, int]) -> None:
    known = set(session.exec(select(Place.node_id, Place.item_id)).all())
    places = {item.sku: item.place for item in world.items}
    wanted = {(stores[spec.store_code], items[spec.sku]): places[spec.sku] for spec in world.stock}
    session.add_all([
        Place(node_id=node_id, item_id=item_id, aisle=place.aisle, bin=place.bin, walk_sequence=place.walk_sequence)
        for (node_id, item_id), place in wanted.items() if (node_id, item_id) not in known
    ])  # fmt: skip
    session.flush()


def _stock(session: Session, wanted: dict[Pair, int], cause: Cause) -> None:
    there = select(Movement.item_id, Movement.node_id).where(col(Movement.document) == cause.document)
    came: set[Pair] = set(session.exec(there).all())
    kept: set[Pair] = set(session.exec(select(Balance.item_id, Balance.node_id)).all())
    delivery = cause_of(cause.document, cause.occurred_at, Reason.RECEIPT)
    inventory.record(session, _changes(wanted, wanted.keys() - came - kept), cause)
    inventory.record(session, _changes(wanted, (wanted.keys() & kept) - came), delivery)


def _changes(wanted: dict[Pair, int], pairs: Iterable[Pair]) -> list[Change]:
    return [Change(item_id=item_id, node_id=node_id, on_hand=wanted[item_id, node_id]) for item_id, node_id in pairs]
