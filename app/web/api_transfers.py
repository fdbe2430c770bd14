"""The API for goods that travel: other systems ask for a transfer, say when it left and what arrived."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, g, request
from sqlmodel import Session, select

from app import db
from app.clock import now
from app.oms import item as items
from app.oms import order as orders
from app.oms import transfer as transfers
from app.oms import transfer_moves, transfer_request
from app.oms.item import Item
from app.oms.node import Node
from app.oms.order import Order
from app.oms.transfer import Transfer, TransferLine
from app.oms.transfer_request import Wanted
from app.people import api_client
from app.people.api_client import Scope
from app.refusals import NotFound, Unreadable
from app.web.api import once
from app.web.api_models import CancellationIn
from app.web.transfer_models import CarriedIn, CarriedOut, ReceiptIn, ShipmentIn, TransferIn, TransferOut

api_transfers = Blueprint("api_transfers", __name__, url_prefix="/api/transfers")
AN_ID = "/<int(min=1, max=2147483647):transfer_id>"


@api_transfers.before_request
def _must_hold_a_key() -> None:
    with db.reading() as session:
        g.client = api_client.by_header(session, request.headers.get("Authorization", ""), scope=Scope.STOCK)


@api_transfers.post("")
@once(TransferIn)
def ask(session: Session, body: TransferIn, actor: str):
    known = _known(session, body.lines)
    wanted = Wanted(from_id=_node(session, body.from_node), to_id=_node(session, body.to_node),
                    quantities=_units(known, body.lines), expected_at=body.expected_at)  # fmt: skip
    if body.order is None:
        return _shown(session, transfer_request.request(session, wanted, actor=actor, at=now())), 201
    order = session.get(Order, int(body.order))
    if order is None or not g.client.may_use(order.channel):
        raise NotFound("There is no such order.")
    locked = orders.locked(session, order.id)
    return _shown(session, transfer_request.request_for(session, locked, wanted, actor=actor, at=now())), 201


@api_transfers.get(AN_ID)
def show(transfer_id: int):
    with db.reading() as session:
        transfer = session.get(Transfer, transfer_id)
        if transfer is None:
            raise NotFound("There is no such transfer.")
        return _shown(session, transfer).model_dump()


@api_transfers.post(f"{AN_ID}/shipment")
@once(ShipmentIn)
def ship(session: Session, body: ShipmentIn, actor: str, transfer_id: int):
    transfer, lines = _found(session, transfer_id), body.lines or []
    sent = _units(_known(session, lines), lines)
    transfer_moves.ship(session, transfer, actor=actor, at=now(), sent=sent)
    return _shown(session, transfer), 200


@api_transfers.post(f"{AN_ID}/receipt")
@once(ReceiptIn)
def receive(session: Session, body: ReceiptIn, actor: str, transfer_id: int):
    transfer = _found(session, transfer_id)
    known = _known(session, body.lines)
    arrived = _units(known, body.lines)
    transfers.count_in(transfer, [(item, arrived[item.id]) for item in known.values()])
    transfer_moves.receive(session, transfer, actor=actor, at=now())
    return _shown(session, transfer), 200


@api_transfers.post(f"{AN_ID}/cancellation")
@once(CancellationIn)
def cancel(session: Session, body: CancellationIn, actor: str, transfer_id: int):
    transfer = _found(session, transfer_id)
    transfer_moves.cancel(session, transfer, reason=body.reason, actor=actor, at=now())
    return _shown(session, transfer), 200


def _found(session: Session, transfer_id: int) -> Transfer:
    transfer = transfers.locked(session, transfer_id)
    if transfer is None:
        raise NotFound("There is no such transfer.")
    return transfer


def _known(session: Session, lines: Sequence[CarriedIn]) -> dict[str, Item]:
    skus = {line.sku for line in lines}
    known = items.by_sku(session, skus)
    if unknown := sorted(skus - known.keys()):
        raise Unreadable(f"There is no item {unknown[0]}.")
    if len(skus) < len(lines):
        raise Unreadable("Each sku may stand on one line only; add the quantities up.")
    return known


def _units(known: Mapping[str, Item], lines: Sequence[CarriedIn]) -> dict[int, int]:
    return {known[line.sku].id: line.units(known[line.sku]) for line in lines}


def _node(session: Session, code: str) -> int:
    found = session.exec(select(Node.id).where(Node.code == code)).one_or_none()
    if found is None:
        raise Unreadable(f"There is no node {code}.")
    return found


def _shown(session: Session, transfer: Transfer) -> TransferOut:
    session.flush()
    return TransferOut(
        id=str(transfer.id), state=transfer.state.value, from_node=session.get_one(Node, transfer.from_id).code,
        to_node=session.get_one(Node, transfer.to_id).code, lines=[_line(line) for line in transfer.lines],
        order=str(transfer.order_id) if transfer.order_id is not None else None,
    )  # fmt: skip


def _line(line: TransferLine) -> CarriedOut:
    amounts = {name: line.item.amount_of(getattr(line, name)) for name in ("requested", "shipped", "received")}
    return CarriedOut(sku=line.item.sku, unit=line.item.unit, **amounts)
