"""The API for places without tablets: a depot or a vendor asks what it has to send, and says what became of it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, g, request
from sqlmodel import Session

from app import db
from app.clock import now
from app.oms import answering, asking, shipment
from app.oms import item as items
from app.oms import node as nodes
from app.oms import order as orders
from app.oms.address import ShipTo
from app.oms.answering import WhyNot
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_line import Fulfilment, OrderLine
from app.people import api_client
from app.people.api_client import Scope
from app.refusals import NotFound, Unreadable
from app.web.api import once
from app.web.fulfilment_models import AddressOut, AllAskedOut, AskedOut, RefusedIn, SentIn, SentOut, WantedOut
from app.web.transfer_models import CarriedIn

api_fulfilments = Blueprint("api_fulfilments", __name__, url_prefix="/api/fulfilments")
AN_ID = "/<int(min=1, max=2147483647):fulfilment_id>"


@api_fulfilments.before_request
def _must_hold_a_key() -> None:
    with db.reading() as session:
        g.client = api_client.by_header(session, request.headers.get("Authorization", ""), scope=Scope.FULFILMENT)


@api_fulfilments.get("")
def wanted():
    with db.reading() as session:
        node = nodes.by_code(session, {request.args.get("node", "")}).get(request.args.get("node", ""))
        if node is None or node.kind == NodeKind.STORE or not g.client.may_send_from(node.code):
            raise NotFound("There is no such place that is asked over the API.")
        after = request.args.get("after", "0")
        if not after.isascii() or not after.isdecimal() or len(after) > 9:
            raise Unreadable("`after` is what stood in `next`.")
        found = answering.wanted_from(session, node, after=int(after))
        last = str(found[-1][0].id) if len(found) == answering.MOST else None
        shown = [_shown(session, order, part, node) for part, order in found]
        return AllAskedOut(fulfilments=shown, next=last).model_dump()


@api_fulfilments.get(AN_ID)
def show(fulfilment_id: int):
    with db.reading() as session:
        part, node = _part(session, fulfilment_id)
        return _shown(session, session.get_one(Order, part.order_id), part, node).model_dump()


@api_fulfilments.post(f"{AN_ID}/shipment")
@once(SentIn)
def ship(session: Session, body: SentIn, actor: str, fulfilment_id: int):
    part, node = _part(session, fulfilment_id)
    order, what = orders.locked(session, part.order_id), shipment.consignment(body.carrier, body.tracking, body.parcels)
    answering.ship(session, order, part, _units(session, body.lines or []), what=what, actor=actor, at=now())
    return _shown(session, order, part, node), 200


@api_fulfilments.post(f"{AN_ID}/refusal")
@once(RefusedIn)
def refuse(session: Session, body: RefusedIn, actor: str, fulfilment_id: int):
    part, node = _part(session, fulfilment_id)
    order, units = orders.locked(session, part.order_id), _units(session, body.lines or [])
    answering.refuse(session, order, part, units, why=WhyNot(body.reason), actor=actor, at=now())
    return _shown(session, order, part, node), 200


def _part(session: Session, fulfilment_id: int) -> tuple[Fulfilment, Node]:
    found = answering.part_of(session, fulfilment_id)
    if found is None or not g.client.may_send_from(found[1].code):
        raise NotFound("There is no such part of an order.")
    return found


def _units(session: Session, lines: Sequence[CarriedIn]) -> dict[int, int]:
    known = items.by_sku(session, {line.sku for line in lines})
    if unknown := sorted({line.sku for line in lines} - known.keys()):
        raise Unreadable(f"There is no item {unknown[0]}.")
    if len(known) < len(lines):
        raise Unreadable("Each sku may stand on one line only; add the quantities up.")
    return {known[line.sku].id: line.units(known[line.sku]) for line in lines}


def _shown(session: Session, order: Order, part: Fulfilment, node: Node) -> AskedOut:
    session.flush()
    lines = asking.wanted(order, part) if order.is_paid_enough else []
    return AskedOut(
        id=str(part.id), order=order.number, node=node.code, status=order.status_at(part),
        promised_by=_instant(order.promised_at), lines=[_line(line) for line in lines],
        ship_to=_address(session.get_one(ShipTo, order.id)) if lines else None,
        shipments=[SentOut(carrier=row.carrier, tracking=row.tracking, parcels=row.parcels, sent_at=_instant(row.at))
                   for row in shipment.standing(session, order.id) if row.fulfilment_id == part.id],
    )  # fmt: skip


def _line(line: OrderLine) -> WantedOut:
    return WantedOut(sku=line.item.sku, name=line.item.full_name, quantity=line.item.amount_of(line.reserved),
                     unit=line.item.unit)  # fmt: skip


def _address(to: ShipTo) -> AddressOut:
    return AddressOut(name=to.name, street=to.street, city=to.city, postal_code=to.postal_code, country=to.country)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
