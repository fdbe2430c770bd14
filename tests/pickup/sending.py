"""An order that is shipped, from this store or from two: what the tests of packing and sending stand on."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from app.oms import admission, inventory, payment
from app.oms.address import ShipTo
from app.oms.admission import Request, Wish
from app.oms.customer import Customer
from app.oms.inventory import Change, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_events import OrderPlaced
from app.oms.order_line import Fulfilment, FulfilmentKind, OrderLine
from app.oms.payment import PaymentState
from app.oms.reservation import ReservationState
from app.oms.shipment import Consignment, consignment
from app.people.store import Store, StoreHours
from app.pickup import carrier, packing, picking
from app.pickup import task as tasks
from app.pickup.task import PickupTask
from tests.notices.counter import Counter

DPD = consignment("DPD", "1550 2938 47566")
ACTOR = "channel/web"


def order_sent(session: Session, *parts: tuple[int, dict[int, int]], at: datetime, **other: Any) -> Order:
    """Each part: a node, and how much it sends of which items; placed, paid for and kept."""
    customer = Customer(name="Priya Nair", email="priya@example.org", phone=None, language="en")
    session.add(customer)
    session.flush()
    said: dict[str, Any] = {"external_id": f"S-{customer.id}", "promised_at": at + timedelta(days=3)} | other
    order = Order(
        channel="web", request_hash="-", customer_id=customer.id, store_id=None, placed_at=at,
        payment_state=PaymentState.AUTHORISED, amount_minor=450, currency="GBP", **said,
    )  # fmt: skip
    session.add(order)
    session.flush()
    session.add(ShipTo(order_id=order.id, name="Priya Nair", street="7 High Street", city="York",
                       postal_code="YO1 9ZZ", country="GB"))  # fmt: skip
    session.add_all(payment.opening(order.id, order.payment_state, order.amount_minor, actor=ACTOR, at=at))
    for node_id, wanted in parts:
        _part(session, order, node_id, wanted)
    session.refresh(order)
    _keep(session, order, dict(_nodes(session, order)), at)
    order.happened(OrderPlaced(at=at, actor=ACTOR, order_id=order.id, store_id=None, channel="web"))
    order.release_to_store(actor=ACTOR, at=at)
    session.flush()
    return order


def _part(session: Session, order: Order, node_id: int, wanted: dict[int, int]) -> None:
    part = Fulfilment(order_id=order.id, node_id=node_id, kind=FulfilmentKind.SHIP)
    session.add(part)
    session.flush()
    for item_id, quantity in wanted.items():
        price = session.get_one(Item, item_id).price_minor
        session.add(OrderLine(order_id=order.id, fulfilment_id=part.id, item_id=item_id, ordered=quantity,
                              unfilled=quantity, unit_price_minor=price))  # fmt: skip
    session.flush()


def _nodes(session: Session, order: Order) -> Iterable[tuple[int, int]]:
    return session.exec(select(Fulfilment.id, Fulfilment.node_id).where(Fulfilment.order_id == order.id)).all()


def _keep(session: Session, order: Order, nodes: dict[int | None, int], at: datetime) -> None:
    wishes = tuple(
        Wish(item_id=line.item_id, node_id=nodes[line.fulfilment_id], quantity=line.ordered, order_line_id=line.id)
        for line in order.lines
    )
    document = f"order/{order.id}"
    request = Request(key=f"placed/{order.id}", wishes=wishes, state=ReservationState.HARD, document=document,
                      actor=ACTOR, at=at, channel="web")  # fmt: skip
    assert admission.admit(session, [request])[0].is_granted
    for line in order.lines:
        line.move("unfilled", "reserved", line.ordered)


def task_at(session: Session, order: Order, node_id: int) -> PickupTask:
    return next(tasks.locked(session, task.id) for task in tasks.all_of(session, order.id) if task.store_id == node_id)


def pick_all(session: Session, task: PickupTask, by: int, *, at: datetime) -> None:
    for line in task.lines:
        while line.reserved:
            picking.pick(session, task, line, associate_id=by, typed=False, at=at)


def pack(session: Session, task: PickupTask, by: int, *, at: datetime, parcels: int = 1) -> None:
    pick_all(session, task, by, at=at)
    packing.pack(session, task, parcels=parcels, weight_g=None, associate_id=by, at=at)


def send(session: Session, task: PickupTask, by: int, *, at: datetime, what: Consignment = DPD) -> None:
    """From its shelves to the carrier."""
    pack(session, task, by, at=at)
    carrier.hand_to_carrier(session, task, what, associate_id=by, at=at)


def second_store(session: Session, counter: Counter) -> int:
    """Around the corner, with the same goods."""
    node_id = _stocked(session, counter, Node(kind=NodeKind.STORE, code="015", name="Station Road"))
    session.add(Store(id=node_id, region_id=1, code="015", name="Station Road", time_zone="Europe/London"))
    session.flush()
    session.add_all([StoreHours(store_id=node_id, weekday=day, opens_min=0, closes_min=1440) for day in range(7)])
    session.flush()
    return node_id


def depot(session: Session, counter: Counter) -> int:
    return _stocked(session, counter, Node(kind=NodeKind.DC, code="DC1", name="Depot"))


def _stocked(session: Session, counter: Counter, node: Node) -> int:
    session.add(node)
    session.flush()
    shop = counter.shop
    stock = [Change(item_id=item_id, node_id=node.id, on_hand=50) for item_id in (shop.milk, shop.bread)]
    inventory.record(session, stock, shop.cause(Reason.OPENING, "opening"))
    return node.id
