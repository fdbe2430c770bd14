"""A store with two people, three tablets' worth of browsers and some orders: what the tests of staff pages stand on."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, select

from app import create_app, db
from app.clock import now
from app.config import Settings
from app.events import log
from app.oms import placing
from app.oms.item import Item, Place
from app.oms.placing import LineRequest
from app.people.associate import Associate, Role, RoleGrant
from app.people.device import Device
from app.people.tokens import hash_token
from app.pickup import pickup_link
from app.pickup.staging import StagingLocation
from app.pickup.task import PickupTask
from app.reactions import REACTIONS
from app.web.viewer import DEVICE_COOKIE
from tests.notices.counter import open_counter
from tests.oms.shop import Shop, bread, open_shop, order_form, two_milk

HTMX = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
PLAIN = {"Sec-Fetch-Site": "same-origin"}
MILK, BREAD = "05000000000012", "05000000000029"


@dataclass(frozen=True)
class Floor:
    """The app, with ids only."""

    app: Flask
    settings: Settings
    store_id: int
    shop: Shop

    def tablet(self, name: str = "Maya Reed", role: Role = Role.ASSOCIATE, store_id: int | None = None) -> FlaskClient:
        """A tablet of the store with this person signed in by badge."""
        store_id, secret = store_id or self.store_id, f"{name}-{role}-{store_id}"
        with db.transaction() as session:
            person = Associate(name=name, pin_hash="-", badge_hash=hash_token(secret))
            session.add(person)
            session.flush()
            session.add(RoleGrant(associate_id=person.id, role=role, store_id=store_id))
            session.add(Device(name=name, store_id=store_id, secret_hash=hash_token(secret), enrolled_at=now()))
        client = self.app.test_client()
        client.set_cookie(DEVICE_COOKIE, secret)
        reply = client.post("/sign-in/badge", data={"code": f"BADGE-{secret}"}, headers=PLAIN)
        assert reply.status_code == 303, reply.text
        return client

    def order(self, name: str = "A-1", *lines: LineRequest) -> int:
        """The id of the new order's task."""
        with db.transaction() as session:
            form = order_form(self.shop, *(lines or (two_milk(), bread(1))), external_id=name, placed_at=now(),
                              promised_at=now() + timedelta(hours=2))  # fmt: skip
            order = placing.place(session, form, actor="channel/web", at=now())
            session.flush()
            return session.exec(select(PickupTask.id).where(PickupTask.order_id == order.id)).one()

    def task(self, task_id: int) -> PickupTask:
        with db.reading() as session:
            task = session.get_one(PickupTask, task_id)
            _ = [line.item for line in task.order.lines]
            return task

    def code(self, task_id: int) -> str:
        with db.reading() as session:
            order = session.get_one(PickupTask, task_id).order
            return pickup_link.code(pickup_link.link_for(session, order.id), order.number, self.settings.secret_key)


def open_floor(url: str) -> Floor:
    settings = Settings(database_url=url, secret_key="k" * 40)
    log.react_with(REACTIONS)
    with db.transaction() as session:
        shop = open_shop(session, now(), milk=500, bread=500)
        open_counter(session, shop)
        _labels(session, shop.node_id)
    return Floor(create_app(settings), settings, shop.node_id, shop)


def _labels(session: Session, node_id: int) -> None:
    for turn, (sku, gtin) in enumerate((("MILK", MILK), ("BREAD", BREAD))):
        item = session.exec(select(Item).where(Item.sku == sku)).one()
        item.gtin = gtin
        session.add(Place(node_id=node_id, item_id=item.id, aisle="A", bin=f"A0{turn}", walk_sequence=turn))
    session.add(StagingLocation(store_id=node_id, code="S-09", capacity=9))
