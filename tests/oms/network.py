"""A store, a depot and a vendor with two items, and an order that is shipped: what the tests of routing stand on."""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlmodel import Session

from app.oms import inventory, placing
from app.oms import order as orders
from app.oms.address import Address
from app.oms.inventory import Change, Reason
from app.oms.node import Node, NodeKind
from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.placing import LineRequest, OrderRequest
from tests.oms.shop import Shop, order_form

LEEDS = (53.80, -1.55)
LONDON = (51.51, -0.13)
YORK = (53.96, -1.08)


@dataclass(frozen=True)
class Network:
    """Ids only: the store of the shop, a depot near the customer, a vendor far from them."""

    shop: Shop
    depot: int
    vendor: int

    @property
    def nodes(self) -> tuple[int, ...]:
        return self.shop.node_id, self.depot, self.vendor

    def stock(self, session: Session, node_id: int, *, milk: int = 0, bread: int = 0) -> None:
        pairs = ((self.shop.milk, milk), (self.shop.bread, bread))
        goods = [Change(item_id=item_id, node_id=node_id, on_hand=units) for item_id, units in pairs if units]
        inventory.record(session, goods, self.shop.cause(Reason.RECEIPT, "delivery"))

    def place(self, session: Session, *lines: LineRequest, **other: object) -> Order:
        form = self.form(*lines, **other)
        order = placing.place(session, form, actor="web", at=form.placed_at)
        session.flush()
        return orders.locked(session, order.id)

    def form(self, *lines: LineRequest, **other: object) -> OrderRequest:
        to = Address(name="Priya Nair", street="1 High Row", city="Leeds", postal_code="LS1 1AA", country="GB",
                     latitude=LEEDS[0], longitude=LEEDS[1])  # fmt: skip
        shipped = {"store_code": None, "ship_to": to, "promised_at": self.shop.opened_at + timedelta(days=3)}
        return replace(order_form(self.shop, *lines), **(shipped | other))  # type: ignore[arg-type]


def open_network(session: Session, shop: Shop, *, milk: int = 5, bread: int = 5) -> Network:
    """The store ships too; depot and vendor have so much of each."""
    depot = Node(kind=NodeKind.DC, code="DC1", name="North depot")
    vendor = Node(kind=NodeKind.VENDOR, code="V1", name="Dairy direct")
    session.add_all([depot, vendor])
    session.flush()
    session.add_all([
        NodeTerms(node_id=shop.node_id, does_ship=True, parcel_minor=500, latitude=YORK[0], longitude=YORK[1]),
        NodeTerms(node_id=depot.id, does_pickup=False, does_ship=True, parcel_minor=300,
                  latitude=LEEDS[0], longitude=LEEDS[1]),
        NodeTerms(node_id=vendor.id, does_pickup=False, does_ship=True, parcel_minor=400,
                  latitude=LONDON[0], longitude=LONDON[1]),
    ])  # fmt: skip
    network = Network(shop, depot.id, vendor.id)
    for node_id in (depot.id, vendor.id):
        network.stock(session, node_id, milk=milk, bread=bread)
    return network
