"""Placing an order: the one verb behind the API, the replay and the demo."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, select

from app import db
from app.oms import admission, hold, kit, payment, sourcing, unpaid
from app.oms import item as items
from app.oms import order as orders
from app.oms.address import Address, ShipTo
from app.oms.customer import Customer
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_events import OrderPlaced, OrderUnfulfillable
from app.oms.order_line import Fulfilment, OrderLine
from app.oms.payment import PaymentState
from app.oms.routing_decision import Outcome
from app.refusals import Refusal, Unreadable

MOST_UNITS = 10_000
"""Of the unit it is sold by: pieces, or kilograms."""


class ExternalIdTaken(Refusal):
    """The channel sent another order under a number it used before."""


@dataclass(frozen=True, kw_only=True)
class LineRequest:
    """So many of a sku's smallest parts (pieces, grams), at a price in minor units for one of what it is sold by."""

    sku: str
    quantity: int
    unit_price_minor: int
    discount_minor: int = 0
    tax_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class OrderRequest:
    """An order as a channel sends it, already read and checked for form."""

    channel: str
    external_id: str
    store_code: str | None
    """Where the customer collects; none, when it is shipped."""
    placed_at: datetime
    promised_at: datetime
    customer_name: str
    email: str | None
    phone: str | None
    language: str
    payment_state: PaymentState
    amount_minor: int
    currency: str
    lines: tuple[LineRequest, ...]
    hold_id: UUID | None = field(default=None, repr=False)
    """What the basket held; no part of what is ordered, so none of the fingerprint."""
    ship_to: Address | None = field(default=None, repr=False)

    @property
    def fingerprint(self) -> str:
        """Two requests with the same fingerprint ask for the same thing."""
        same = replace(self, placed_at=self.placed_at.astimezone(UTC), promised_at=self.promised_at.astimezone(UTC))
        to = repr(self.ship_to) if self.ship_to is not None else ""
        return hashlib.sha256((repr(same) + to).encode()).hexdigest()


def place(session: Session, request: OrderRequest, *, actor: str, at: datetime) -> Order:
    """Take the order, once per channel and external id; without stock it is still taken, as unfulfillable."""
    store = _store(session, request)
    found = _items(session, request)
    order, is_new = _opened(session, request, store, at=at)
    if not is_new:
        return order
    part = _whereabouts(session, order, request)
    session.add_all(payment.opening(order.id, order.payment_state, order.amount_minor, actor=actor, at=at))
    _add_lines(session, order, [(found[wish.sku], wish) for wish in request.lines], part)
    held = hold.of_channel(session, request.hold_id, order.channel) if request.hold_id is not None else None
    order.happened(OrderPlaced(at=at, actor=actor, order_id=order.id, store_id=order.store_id, channel=order.channel))
    decision = sourcing.route(session, order, held=held, actor=actor, at=at)
    if not decision.is_routed:
        order.happened(OrderUnfulfillable(at=at, actor=actor, order_id=order.id, store_id=order.store_id))
    elif order.is_paid_enough and decision.outcome != Outcome.TRANSFERRED:
        order.release_to_store(actor=actor, at=at)
    return order


def _store(session: Session, request: OrderRequest) -> Node | None:
    if (request.store_code is None) == (request.ship_to is None):
        raise Unreadable("An order is collected at a store, or shipped to an address.")
    if request.store_code is None:
        return None
    stores = select(Node).where(Node.code == request.store_code, Node.kind == NodeKind.STORE)
    store = session.exec(stores).one_or_none()
    if store is None:
        raise Unreadable(f"There is no store {request.store_code}.")
    return store


def _whereabouts(session: Session, order: Order, request: OrderRequest) -> Fulfilment | None:
    """The customer's store has all of it, or gets it; of what is shipped, routing says who sends it."""
    if request.ship_to is not None:
        session.add(ShipTo(order_id=order.id, **asdict(request.ship_to)))
        return None
    part = Fulfilment(order_id=order.id, node_id=order.pickup_store_id)
    session.add(part)
    session.flush()
    return part


def _items(session: Session, request: OrderRequest) -> dict[str, Item]:
    skus = {line.sku for line in request.lines}
    found = items.by_sku(session, skus)
    if not skus:
        raise Unreadable("An order has at least one line.")
    if unknown := sorted(skus - found.keys()):
        raise Unreadable(f"There is no item {unknown[0]}.")
    foreign = sorted(sku for sku, item in found.items() if item.currency != request.currency)
    if foreign:
        raise Unreadable(f"Item {foreign[0]} is sold in {found[foreign[0]].currency}, not in {request.currency}.")
    for line in request.lines:
        _refuse_nonsense(found[line.sku], line)
    if len(skus) < len(request.lines):
        raise Unreadable("Each sku may stand on one line only; add the quantities up.")
    return found


def _refuse_nonsense(item: Item, line: LineRequest) -> None:
    most = min(item.units_of(MOST_UNITS), admission.MOST_UNITS)
    if not 0 < line.quantity <= most:
        raise Unreadable(f"Of {item.sku} somebody may order up to {item.said(most)}, and not less than some.")
    price = item.priced(line.quantity, line.unit_price_minor) - line.discount_minor
    if min(line.unit_price_minor, line.discount_minor, line.tax_minor, price - line.tax_minor) < 0:
        raise Unreadable(f"The price of {item.sku}, less its discount and the tax in it, is less than nothing.")


def _opened(session: Session, request: OrderRequest, store: Node | None, *, at: datetime) -> tuple[Order, bool]:
    """The order's row: a new one, or, by UNIQUE (channel, external_id), the one that was there first."""
    customer = Customer(name=request.customer_name, email=request.email, phone=request.phone, language=request.language)
    known = orders.of(session, channel=request.channel, external_id=request.external_id)
    if known is None:
        session.add(customer)
        session.flush()
        values = {
            "channel": request.channel, "external_id": request.external_id, "request_hash": request.fingerprint,
            "customer_id": customer.id, "placed_at": request.placed_at,
            "store_id": store.id if store is not None else None,
            "promised_at": request.promised_at, "payment_state": request.payment_state,
            "amount_minor": request.amount_minor, "currency": request.currency,
            "payment_due_at": unpaid.due_at(request.payment_state, at=at),
        }  # fmt: skip
        insert = db.insert(session, Order).values(**values).on_conflict_do_nothing().returning(Order.id)
        new_id = session.execute(insert).scalar_one_or_none()
        if new_id is not None:
            return session.get_one(Order, new_id), True
        session.delete(customer)
        known = orders.of(session, channel=request.channel, external_id=request.external_id)
    assert known is not None  # noqa: S101 - it was there, or the insert would have made it
    if known.request_hash != request.fingerprint:
        raise ExternalIdTaken(f"Order {request.external_id} of {request.channel} exists with other content.")
    return known, False


def _add_lines(
    session: Session, order: Order, wanted: Sequence[tuple[Item, LineRequest]], part: Fulfilment | None
) -> None:
    """What has to be brought to the customer: of an ordered kit, the things it is made of."""
    made_of = kit.components(session, [item.id for item, _ in wanted])
    kits = [_line(order, item, wish, is_kit=True) for item, wish in wanted if item.id in made_of]
    session.add_all(kits)
    if kits:
        session.flush()
    goods = [_line(order, item, wish) for item, wish in wanted if item.id not in made_of]
    goods += [line for each in kits for line in kit.parts(each, made_of[each.item_id])]
    for line in goods:
        line.fulfilment_id = part.id if part is not None else None
    session.add_all(goods)
    session.flush()
    set_committed_value(order, "lines", goods)  # they are new: nothing has to be read for it
    set_committed_value(order, "kits", kits)


def _line(order: Order, item: Item, wish: LineRequest, *, is_kit: bool = False) -> OrderLine:
    return OrderLine(
        order_id=order.id, item=item, item_id=item.id, ordered=wish.quantity, unfilled=wish.quantity, is_kit=is_kit,
        unit_price_minor=wish.unit_price_minor, discount_minor=wish.discount_minor, tax_minor=wish.tax_minor,
        unit_cost_minor=item.cost_minor,
    )  # fmt: skip
