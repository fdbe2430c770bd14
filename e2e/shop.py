"""Riverside and its people, served on a free port with the clock in the story's hand."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, select

from app import clock, create_app, db, migrations, serving, wire
from app.config import Settings
from app.notices.smtp import SmtpTransport
from app.oms import inventory, placing
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item, Place
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest
from app.people.associate import Associate, Role, RoleGrant, pin_hash
from app.people.store import Region, Store, StoreHours
from app.pickup import pickup_link
from app.pickup.staging import LocationKind, StagingLocation
from jobs import schedule
from jobs.mail_sink import FOLDER, MailSink
from seed import colleagues

TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)
PIN = "482915"
PEOPLE = [
    ("Maya Rossi", Role.ASSOCIATE, {"store_id": 1}),
    ("Jonas Tan", Role.ASSOCIATE, {"store_id": 1}),
    ("Sana Khan", Role.STORE_LEAD, {"store_id": 1}),
    ("Dana Whitlock", Role.REGIONAL_MANAGER, {"region_id": 1}),
]
ITEMS = [
    ("MUG", "05901234123457", "Stoneware mug", "Speckle, 350 ml", "mug", "B04", False),
    ("CREW", "04006381333931", "Merino crew", "Navy, M", "shirt", "A12", False),
    ("MILK", "09506000134352", "Oat milk", "1 l", "milk", "F01", True),
]


@dataclass
class HeldClock:
    """Time stands still until the story moves it."""

    at: datetime = TEN

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        """Let time pass, and everything that falls due in it happen."""
        self.at += timedelta(**span)
        schedule.run_all(self.at)


@dataclass
class Riverside:
    """The running shop: where it is, and what a story may do to it from outside."""

    address: str
    settings: Settings
    clock: HeldClock = field(default_factory=HeldClock)
    orders: int = 0

    def order(self, *lines: tuple[str, int], name: str = "Priya Nair") -> int:
        """A customer orders on the web; the order's id."""
        self.orders += 1
        wishes = tuple(LineRequest(sku=sku, quantity=quantity, unit_price_minor=900) for sku, quantity in lines)
        request = OrderRequest(
            channel="web", external_id=f"W-{self.orders}", store_code="118", placed_at=self.clock.at,
            promised_at=self.clock.at + timedelta(hours=2), customer_name=name, email="priya@example.com", phone=None,
            language="en", payment_state=PaymentState.AUTHORISED, amount_minor=1800, currency="GBP", lines=wishes,
        )  # fmt: skip
        with db.transaction() as session:
            return placing.place(session, request, actor="api/web", at=self.clock.at).id

    def picked(self, *lines: tuple[str, int], by: int = 1) -> int:
        """An order that somebody has accepted and put into a bag; the task's id."""
        task_id = self.order(*lines)
        with db.transaction() as session:
            colleagues.accept(session, task_id, by, self.clock.at)
            for _ in range(sum(quantity for _, quantity in lines)):
                colleagues.pick_one(session, task_id, by, self.clock.at)
        return task_id

    def staged(self, *lines: tuple[str, int], by: int = 1) -> int:
        """A bag on its shelf, its customer told."""
        task_id = self.picked(*lines, by=by)
        with db.transaction() as session:
            colleagues.put_on_shelf(session, task_id, by, self.clock.at)
        self.clock.forward(seconds=31)
        return task_id

    def person(self, short_name: str) -> int:
        with db.reading() as session:
            return next(each.id for each in session.exec(select(Associate)) if each.short_name == short_name)

    def customers_page(self, order_id: int) -> str:
        with db.reading() as session:
            link = pickup_link.link_for(session, order_id)
            return f"{self.address}/p/{pickup_link.token(link, self.settings.secret_key)}"

    def code_of(self, order_id: int) -> str:
        with db.reading() as session:
            link, number = pickup_link.link_for(session, order_id), session.get_one(Order, order_id).number
            return pickup_link.code(link, number, self.settings.secret_key)


def furnish(_settings: Settings, at: datetime) -> None:
    """Riverside as most stories find it: staffed, stocked, and nothing ordered yet."""
    with db.transaction() as session:
        _build(session)
        session.flush()
        _staff_and_stock(session, at)


@contextmanager
def open_riverside(
    folder: Path, furnish: Callable[[Settings, datetime], None] = furnish, at: datetime = TEN
) -> Iterator[Riverside]:
    """Served, with its mail going to a folder and the clock held at `at`; `furnish` says what is in it."""
    settings = Settings(database_url=f"sqlite:///{folder / 'shop.db'}", secret_key="s" * 40, var=folder)
    migrations.upgrade(settings.database_url)
    wire(settings)
    furnish(settings, at)
    with _served(settings) as port, _posted(settings):
        shop = Riverside(f"http://127.0.0.1:{port}", settings, HeldClock(at))
        clock.hold(shop.clock)
        try:
            yield shop
        finally:
            clock.release()
    db.disconnect()


@contextmanager
def _posted(settings: Settings) -> Iterator[None]:
    sink = MailSink(Path(settings.var) / FOLDER)
    schedule.send_through(SmtpTransport(sink.start()), settings)
    yield
    sink.stop()


@contextmanager
def _served(settings: Settings) -> Iterator[int]:
    app = create_app(settings)
    with serving.live(serving.cookie_reader(app)) as hub:
        web = serving.web_server(app, hub, host="127.0.0.1", port=0)
        threading.Thread(target=web.run, daemon=True).start()
        yield int(web.effective_port)
        web.task_dispatcher.shutdown()  # who still answers wakes a number that is somebody else's socket by then
        web.close()


def _build(session: Session) -> None:
    session.add(Region(id=1, code="N", name="North"))
    session.add(Node(id=1, kind=NodeKind.STORE, code="118", name="Riverside"))
    session.flush()
    session.add(
        Store(
            id=1,
            region_id=1,
            code="118",
            name="Riverside",
            time_zone="Europe/London",
            address="12 Wharf Street",
            directions="Desk inside door B.",
            phone="+442079460118",
        )
    )
    session.flush()
    session.add_all([StoreHours(store_id=1, weekday=day, opens_min=480, closes_min=1260) for day in range(7)])
    session.add_all([StagingLocation(store_id=1, code=f"S-{n:02}") for n in range(1, 13)])
    session.add(StagingLocation(store_id=1, code="F-01", kind=LocationKind.COLD))
    session.add(Node(id=2, kind=NodeKind.STORE, code="204", name="Station"))
    session.flush()
    session.add(Store(id=2, region_id=1, code="204", name="Station", time_zone="Europe/London"))
    session.flush()
    session.add(StagingLocation(store_id=2, code="Q-01"))


def _staff_and_stock(session: Session, at: datetime) -> None:
    for name, role, scope in PEOPLE:
        person = Associate(name=name, job=role.value.capitalize(), pin_hash=pin_hash(PIN))
        session.add(person)
        session.flush()
        session.add(RoleGrant(associate_id=person.id, role=role, **scope))
    for number, (sku, gtin, name, detail, image, bin_code, is_cold) in enumerate(ITEMS, 1):
        session.add(Item(id=number, sku=sku, gtin=gtin, name=name, detail=detail, image=image, is_cold=is_cold))
        session.flush()
        session.add(Place(node_id=1, item_id=number, aisle=bin_code[0], bin=bin_code, walk_sequence=number))
    stock = [Change(item_id=number, node_id=1, on_hand=20) for number in (1, 2, 3)]
    opened = Cause(reason=Reason.OPENING, document="opening", actor="seed", occurred_at=at, recorded_at=at)
    inventory.record(session, stock, opened)
