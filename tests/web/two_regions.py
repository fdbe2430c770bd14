"""A chain of three stores in two regions, two of them full of work in every state, and whoever may look at it."""

from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, select

from app import db
from app.clock import now
from app.config import Settings
from app.oms import inventory, placing, transfer, transfer_moves, transfer_request
from app.oms import order as orders
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item, Place
from app.oms.node import Node, NodeKind
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest
from app.oms.transfer_request import Wanted
from app.people.associate import Associate, Role, RoleGrant
from app.people.device import Device
from app.people.sign_in import SHIFT, SignIn
from app.people.store import Region, Store, StoreHours
from app.people.tokens import hash_token
from app.pickup import handover, packing, picking, pickup_link, short_picks, staging
from app.pickup import task as tasks
from app.pickup.count import StockCount
from app.pickup.escalation import REGION, Escalation
from app.pickup.exception_case import ExceptionCase
from app.pickup.handover import HandoverMethod
from app.pickup.short_picks import ShortReason
from app.pickup.staging import StagingLocation
from app.pickup.task import PickupTask
from app.pickup.undo import Act, Deed, remember
from app.web.viewer import DEVICE_COOKIE
from tests.pickup.sending import order_sent, pick_all, task_at

GTIN = "05000000000012"
STATES = ("requested", "accepted", "picked", "staged", "collected", "cancelled")
REGION_OF = {"118": "N", "204": "N", "311": "S"}


@dataclass
class Work:
    """What there is in one store: the task in each state, and what a stranger would need to act on it."""

    code: str
    tasks: dict[str, int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    pickup_code: str = ""
    token: str = ""
    order_id: int = 0
    case_id: int = 0
    count_id: int = 0
    coming_id: int = 0
    leaving_id: int = 0
    trip_line_id: int = 0
    escalation_id: int = 0
    deed_id: int = 0
    requested_id: int = 0
    to_pack_id: int = 0
    to_send_id: int = 0

    @property
    def secrets(self) -> list[str]:
        """What must not be on anybody else's screen."""
        return [f"Zsazsa{self.code}", f"Owner{self.code}", f"V-{self.code}", self.pickup_code]


@dataclass
class World:
    app: Flask
    stores: dict[str, int] = field(default_factory=dict)
    regions: dict[str, int] = field(default_factory=dict)
    work: dict[str, Work] = field(default_factory=dict)

    def signed_in(self, role: Role | None, scope: str, device: str) -> FlaskClient:
        """A session as the database would hold it, however the person came by it; without a role, a locked tablet."""
        name = f"{role}/{scope}/{device}"
        with db.transaction() as session:
            tablet = Device(name=name, secret_hash=hash_token(name), enrolled_at=now())
            tablet.store_id, tablet.region_id = self.stores.get(device), self.regions.get(device)
            session.add(tablet)
            person = Associate(name=f"Signed In-{role}", pin_hash="-", badge_hash=hash_token(name))
            session.add(person)
            session.flush()
            if role is not None:
                session.add(RoleGrant(associate_id=person.id, role=role, store_id=self.stores.get(scope),
                                      region_id=self.regions.get(scope)))  # fmt: skip
            if role is not None:
                session.add(SignIn(token_hash=hash_token(name), device_id=tablet.id, associate_id=person.id,
                                   started_at=now(), ends_at=now() + SHIFT))  # fmt: skip
        client = self.app.test_client()
        client.set_cookie(DEVICE_COOKIE, name)
        with client.session_transaction() as cookie:
            if role is not None:
                cookie["_user_id"] = name
        return client


def open_two_regions(app: Flask, settings: Settings) -> World:
    world = World(app)
    with db.transaction() as session:
        for code in ("N", "S"):
            region = Region(code=code, name=code)
            session.add(region)
            session.flush()
            world.regions[code] = region.id
        session.add(Item(sku="MILK", name="Milk", gtin=GTIN, price_minor=150))
        _depot(session)
        for code, region_code in REGION_OF.items():
            _store(session, world, code, region_code)
    for code in ("204", "311"):
        with db.transaction() as session:
            world.work[code] = _work(session, world.stores[code], code, settings)
    return world


def _depot(session: Session) -> None:
    depot = Node(kind=NodeKind.DC, code="DC1", name="Depot")
    session.add(depot)
    session.flush()
    opened = Cause(reason=Reason.OPENING, document="opening", actor="test", occurred_at=now(), recorded_at=now())
    item = session.exec(select(Item)).one()
    inventory.record(session, [Change(item_id=item.id, node_id=depot.id, on_hand=500)], opened)


def _travelling(session: Session, work: Work, store_id: int) -> None:
    """One delivery on its way here with a unit taken in, and one asked for from here."""
    item, depot = session.exec(select(Item)).one(), session.exec(select(Node).where(Node.code == "DC1")).one()
    here = Wanted(from_id=depot.id, to_id=store_id, quantities={item.id: 3})
    coming = transfer_request.request(session, here, actor="api/1", at=now())
    transfer_moves.ship(session, coming, actor="api/1", at=now())
    line = transfer.scan(coming, item, 1)
    away = Wanted(from_id=store_id, to_id=depot.id, quantities={item.id: 2})
    leaving = transfer_request.request(session, away, actor="api/1", at=now())
    session.flush()
    work.coming_id, work.leaving_id, work.trip_line_id = coming.id, leaving.id, line.id


def _store(session: Session, world: World, code: str, region: str) -> None:
    node = Node(kind=NodeKind.STORE, code=code, name=f"Store {code}")
    session.add(node)
    session.flush()
    world.stores[code] = node.id
    session.add(Store(id=node.id, region_id=world.regions[region], code=code, name=f"Store {code}", time_zone="UTC"))
    session.flush()
    session.add_all([StoreHours(store_id=node.id, weekday=day, opens_min=0, closes_min=1440) for day in range(7)])
    session.add(StagingLocation(store_id=node.id, code=f"V-{code}", capacity=99))
    item = session.exec(select(Item)).one()
    session.add(Place(node_id=node.id, item_id=item.id, aisle="A", bin="A1", walk_sequence=1))
    opened = Cause(reason=Reason.OPENING, document="opening", actor="test", occurred_at=now(), recorded_at=now())
    inventory.record(session, [Change(item_id=item.id, node_id=node.id, on_hand=500)], opened)


def _work(session: Session, store_id: int, code: str, settings: Settings) -> Work:
    work = Work(code)
    owner = Associate(name=f"Owner{code}", pin_hash="-", badge_hash=hash_token(f"owner-{code}"))
    session.add(owner)
    session.flush()
    session.add(RoleGrant(associate_id=owner.id, role=Role.ASSOCIATE, store_id=store_id))
    for state in STATES:
        task = _task(session, code, state)
        work.tasks[state], work.lines[state] = task.id, task.lines[0].id
        _bring_to(session, task, state, owner.id)
    staged = session.get_one(PickupTask, work.tasks["staged"])
    link, number = pickup_link.link_for(session, staged.order_id), staged.order.number
    work.pickup_code = pickup_link.code(link, number, settings.secret_key)
    work.token, work.order_id = pickup_link.token(link, settings.secret_key), staged.order_id
    accepted = session.get_one(PickupTask, work.tasks["accepted"])
    remember(session, [accepted], Act.ACKNOWLEDGEMENT, f"Zsazsa{code} accepted", associate_id=owner.id, at=now())
    work.deed_id = session.exec(select(Deed.id).where(Deed.associate_id == owner.id)).one()
    work.requested_id = session.get_one(PickupTask, work.tasks["requested"]).order_id
    work.escalation_id = _escalated(session, session.get_one(PickupTask, work.tasks["requested"]))
    session.flush()
    work.to_pack_id, work.to_send_id = (
        _parcel(session, store_id, owner.id, is_packed=packed) for packed in (False, True)
    )
    _travelling(session, work, store_id)
    work.count_id = session.exec(select(StockCount.id).where(StockCount.store_id == store_id)).one()
    work.case_id = session.exec(select(ExceptionCase.id).where(ExceptionCase.store_id == store_id)).one()
    return work


def _parcel(session: Session, store_id: int, owner_id: int, *, is_packed: bool) -> int:
    item = session.exec(select(Item)).one()
    task = task_at(session, order_sent(session, (store_id, {item.id: 1}), at=now()), store_id)
    pick_all(session, task, owner_id, at=now())
    if is_packed:
        packing.pack(session, task, parcels=1, weight_g=None, associate_id=owner_id, at=now())
    return task.id


def _task(session: Session, code: str, state: str) -> PickupTask:
    request = OrderRequest(
        channel="web", external_id=f"{code}-{state}", store_code=code, placed_at=now(), promised_at=now() + SHIFT,
        customer_name=f"Zsazsa{code} Nair", email="z@example.com", phone=None, language="en", amount_minor=600,
        payment_state=PaymentState.CAPTURED, currency="GBP",
        lines=(LineRequest(sku="MILK", quantity=3, unit_price_minor=150),),
    )  # fmt: skip
    order = placing.place(session, request, actor="api/1", at=now())
    session.flush()
    return tasks.locked(session, session.exec(select(PickupTask.id).where(PickupTask.order_id == order.id)).one())


def _bring_to(session: Session, task: PickupTask, state: str, owner_id: int) -> None:
    """Three units each: the accepted one has a unit picked, one that is missing, and one left to pick."""
    if state == "requested":
        return
    task.acknowledge(associate_id=owner_id, at=now())
    picking.pick(session, task, task.lines[0], associate_id=owner_id, typed=False, at=now())
    if state == "cancelled":
        orders.locked(session, task.order_id).cancel(session, reason="no", actor="api/1", at=now())
        return
    if state == "accepted":
        return
    picking.pick(session, task, task.lines[0], associate_id=owner_id, typed=False, at=now())
    if state == "picked":
        short_picks.short(session, task, task.lines[0], reason=ShortReason.NOT_FOUND, associate_id=owner_id, at=now())
        return
    picking.pick(session, task, task.lines[0], associate_id=owner_id, typed=False, at=now())
    shelf = session.exec(select(StagingLocation).where(StagingLocation.store_id == task.store_id)).one()
    staging.stage(session, task, shelf, associate_id=owner_id, typed=False, at=now())
    if state == "collected":
        handover.hand_over(session, task, method=HandoverMethod.CODE, associate_id=owner_id, at=now())


def _escalated(session: Session, task: PickupTask) -> int:
    row = Escalation(task_id=task.id, store_id=task.store_id, cycle=task.cycle, step=2, level=REGION, due_at=now(),
                     at=now(), answer_due_at=now())  # fmt: skip
    session.add(row)
    session.flush()
    return row.id
