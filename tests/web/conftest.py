"""A small chain to knock at: two stores of a region, their people, a tablet, and another system with a key."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock, config, create_app, db, wire
from app.oms import inventory
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.people import api_client
from app.people import device as devices
from app.people.associate import Associate, Role, RoleGrant, pin_hash
from app.people.store import Region, Store, StoreHours
from app.pickup.staging import StagingLocation

PIN = "482915"
WRONG = "111222"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Chain:
    """Ids and secrets of what the tests meet."""

    at: datetime
    region_id: int = 0
    stores: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    key: str = ""


@pytest.fixture
def database_url(copy_of_sqlite: Callable[[], Iterator[str]]) -> Iterator[str]:
    """Pages are about pages: they are asked for on one database."""
    yield from copy_of_sqlite()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> config.Settings:
    return config.from_env({"DATABASE_URL": database_url, "LOG_LEVEL": "ERROR"}, var=tmp_path / "var")


@pytest.fixture
def app(settings: config.Settings, nine: datetime) -> Iterator[Flask]:
    wire(settings)
    clock.hold(lambda: nine)
    yield create_app(settings)
    clock.release()
    db.disconnect()


@pytest.fixture
def chain(app: Flask, nine: datetime) -> Chain:
    chain = Chain(nine)
    with db.transaction() as session:
        region = Region(code="N", name="North")
        session.add(region)
        session.flush()
        chain.region_id = region.id
        for code, name in (("118", "Riverside"), ("204", "Hilltop")):
            node = Node(kind=NodeKind.STORE, code=code, name=name)
            session.add(node)
            session.flush()
            store = Store(id=node.id, region_id=region.id, code=code, name=name, time_zone="Europe/London")
            session.add(store)
            session.flush()
            session.add_all([StoreHours(store_id=node.id, weekday=d, opens_min=0, closes_min=1440) for d in range(7)])
            session.add(StagingLocation(store_id=node.id, code="S-01"))
            chain.stores[code] = node.id
        at_118, at_204 = chain.stores["118"], chain.stores["204"]
        _person(session, chain, "Maya Rossi", Role.ASSOCIATE, store_id=at_118)
        _person(session, chain, "Sana Khan", Role.STORE_LEAD, store_id=at_118)
        _person(session, chain, "Otto Berg", Role.ASSOCIATE, store_id=at_204)
        _person(session, chain, "Rita Vale", Role.REGIONAL_MANAGER, region_id=region.id)
        _goods(session, chain)
        chain.key = api_client.issue_key(session, name="web shop", at=nine)
    return chain


def _person(session, chain: Chain, name: str, role: Role, **where: int) -> None:
    person = Associate(name=name, job=role.value, pin_hash=pin_hash(PIN))
    person.set_badge(name.split(maxsplit=1)[0])
    session.add(person)
    session.flush()
    session.add(RoleGrant(associate_id=person.id, role=role, **where))
    chain.people[name.split(maxsplit=1)[0]] = person.id


def _goods(session, chain: Chain) -> None:
    items = [Item(sku="85123A", name="White lantern", price_minor=255), Item(sku="22423", name="Cake stand")]
    session.add_all(items)
    session.flush()
    chain.items = {item.sku: item.id for item in items}
    at, node_id = chain.at, chain.stores["118"]
    cause = Cause(reason=Reason.OPENING, document="opening", actor="test", occurred_at=at, recorded_at=at)
    inventory.record(session, [Change(item_id=item.id, node_id=node_id, on_hand=10) for item in items], cause)


@pytest.fixture
def browser(app: Flask, chain: Chain) -> FlaskClient:
    """A browser nobody enrolled."""
    return app.test_client()


@pytest.fixture
def tablet(app: Flask, chain: Chain) -> FlaskClient:
    """An enrolled tablet of store 118, locked."""
    return enrolled(app, store_id=chain.stores["118"])


@pytest.fixture
def maya(tablet: FlaskClient, chain: Chain) -> FlaskClient:
    """The tablet of store 118 with Maya signed in on it."""
    assert enter(tablet, chain.people["Maya"]).status_code == 303
    return tablet


def enrolled(app: Flask, **place: int) -> FlaskClient:
    with db.transaction() as session:
        token = devices.invite(session, name="Tablet 3", at=clock.now(), **place)
    client = app.test_client()
    assert client.post(f"/enrol/{token}", headers=SAME_ORIGIN).status_code == 303
    return client


def enter(client: FlaskClient, associate_id: int, pin: str = PIN, **more: str):
    return client.post("/sign-in", data={"associate": associate_id, "pin": pin, **more}, headers=SAME_ORIGIN)
