"""A store, two items, some stock and an order form: what the tests of the order brain stand on."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from app.oms import inventory
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest


@dataclass(frozen=True)
class Shop:
    """Ids only, so that it can be handed to a thread."""

    node_id: int
    milk: int
    bread: int
    opened_at: datetime

    def cause(self, reason: Reason = Reason.CORRECTION, document: str = "count/1") -> Cause:
        at = self.opened_at
        return Cause(reason=reason, document=document, actor="associate/1", occurred_at=at, recorded_at=at)

    def reserve(self, item_id: int, quantity: int) -> Change:
        return Change(item_id=item_id, node_id=self.node_id, reserved=quantity)

    def stock(self, item_id: int, quantity: int) -> Change:
        return Change(item_id=item_id, node_id=self.node_id, on_hand=quantity)


def open_shop(session: Session, at: datetime, *, milk: int = 10, bread: int = 4) -> Shop:
    node = Node(kind=NodeKind.STORE, code="014", name="Market Street")
    items = [Item(sku=sku, name=sku.title(), price_minor=150) for sku in ("MILK", "BREAD")]
    session.add_all([node, *items])
    session.flush()
    shop = Shop(node.id, items[0].id, items[1].id, at)
    stock = [shop.stock(shop.milk, milk), shop.stock(shop.bread, bread)]
    inventory.record(session, stock, shop.cause(Reason.OPENING, "opening"))
    return shop


def order_form(shop: Shop, *lines: LineRequest, external_id: str = "A-1", **other: object) -> OrderRequest:
    form = OrderRequest(
        channel="web",
        external_id=external_id,
        store_code="014",
        placed_at=shop.opened_at,
        promised_at=shop.opened_at + timedelta(hours=2),
        customer_name="Priya Nair",
        email="priya@example.org",
        phone=None,
        language="en",
        payment_state=PaymentState.AUTHORISED,
        amount_minor=450,
        currency="GBP",
        lines=lines or (two_milk(),),
    )
    return replace(form, **other)  # type: ignore[arg-type]


def two_milk() -> LineRequest:
    return LineRequest(sku="MILK", quantity=2, unit_price_minor=150)


def bread(quantity: int) -> LineRequest:
    return LineRequest(sku="BREAD", quantity=quantity, unit_price_minor=150)
