"""The API: other systems hand orders in, say what became of the payment, call an order off, and ask how it stands."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, g, jsonify, request
from pydantic import BaseModel
from sqlmodel import Session

from app import db
from app.clock import now
from app.events import replies
from app.oms import cancelling, placing
from app.oms import item as items
from app.oms import order as orders
from app.oms.order import Order
from app.oms.payment import PaymentState
from app.people import api_client
from app.people.api_client import ForeignChannel, Scope
from app.refusals import NotFound, Unreadable
from app.web import api_body
from app.web.api_fields import Strict
from app.web.api_models import CancellationIn, LineCancellationIn, OrderIn, PaymentStateIn
from app.web.api_order import shown
from app.web.errors import problem
from app.web.fragments import LONGEST_KEY, again, keep
from app.web.openapi import described

api = Blueprint("api", __name__)

Body = TypeVar("Body", bound=Strict)
AN_ID = "<int(min=1, max=2147483647):order_id>"


@api.before_request
def _must_hold_a_key() -> None:
    if request.endpoint == "api.describe":
        return
    with db.reading() as session:
        g.client = api_client.by_header(session, request.headers.get("Authorization", ""), scope=Scope.ORDERS)


def keyed(model: type[Body]) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """`act(key, body, …)`: what is asked for under an Idempotency-Key of this client."""

    def decorate(act: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(act)
        def route(**address: Any) -> Any:
            key = request.headers.get("Idempotency-Key", "")
            if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
                words = f"Send an Idempotency-Key of 1 to {LONGEST_KEY} characters."
                return problem(400, words, slug="idempotency-key-missing")
            said = api_body.read(model)
            return said if isinstance(said, Response) else act(key, said, **address)

        return route

    return decorate


def once(model: type[Body]) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """`act(session, body, actor, …)` in one transaction, and once per Idempotency-Key of this client."""

    def decorate(act: Callable[..., Any]) -> Callable[..., Response]:
        @keyed(model)
        @wraps(act)
        def route(key: str, body: Body, **address: Any) -> Response:
            return _answer_once(key, lambda session, actor: act(session, body, actor, **address))

        return route

    return decorate


def _answer_once(key: str, act: Callable[[Session, str], tuple[BaseModel, int]]) -> Response:
    said = f"{request.method} {request.path} ".encode() + request.get_data()
    sender, request_hash = f"api/{g.client.id}", hashlib.sha256(said).hexdigest()
    with replies.alone(sender=sender, key=key), db.transaction() as session:
        kept = replies.begin(session, sender=sender, key=key, request_hash=request_hash, at=now(), is_patient=False)
        if kept is not None:
            return again(kept)
        answer, status = act(session, sender)
        reply = jsonify(answer.model_dump(mode="json"))
        reply.status_code = status
        keep(session, sender=sender, key=key, reply=reply)
        return reply


@api.post("/api/orders")
@once(OrderIn)
def place(session: Session, body: OrderIn, actor: str):
    must_be_for(body.channel)
    known = items.by_sku(session, {line.sku for line in body.lines})
    order = placing.place(session, body.request(known), actor=actor, at=now())
    return shown(session, order), 201


@api.get(f"/api/orders/{AN_ID}")
def show(order_id: int):
    with db.reading() as session:
        return shown(session, _found(session, order_id)).model_dump()


@api.post(f"/api/orders/{AN_ID}/payment")
@once(PaymentStateIn)
def pay(session: Session, body: PaymentStateIn, actor: str, order_id: int):
    _found(session, order_id)
    order = orders.locked(session, order_id)
    if body.currency not in (None, order.currency):
        raise Unreadable(f"Order {order.number} is paid in {order.currency}, not in {body.currency}.")
    order.pay(
        PaymentState(body.state), actor=actor, at=now(), amount_minor=body.amount_minor,
        reference=f"{actor}/{body.reference}" if body.reference else None,
    )  # fmt: skip
    return shown(session, order), 200


@api.post(f"/api/orders/{AN_ID}/cancellation")
@once(CancellationIn)
def cancel(session: Session, body: CancellationIn, actor: str, order_id: int):
    _found(session, order_id)
    order = orders.locked(session, order_id)
    order.cancel(session, reason=body.reason, actor=actor, at=now())
    return shown(session, order), 200


@api.post(f"/api/orders/{AN_ID}/lines/<int(min=1, max=2147483647):line_id>/cancellation")
@once(LineCancellationIn)
def cancel_line(session: Session, body: LineCancellationIn, actor: str, *, order_id: int, line_id: int):
    _found(session, order_id)
    order = orders.locked(session, order_id)
    line = cancelling.line_of(order, line_id)
    quantity = line.item.units_of(body.quantity) if body.quantity is not None else None
    cancelling.cancel_units(session, order, line, quantity, reason=body.reason, actor=actor, at=now())
    return shown(session, order), 200


def must_be_for(channel: str) -> None:
    """A key that was given out for some channels speaks for no other."""
    if not g.client.may_use(channel):
        raise ForeignChannel(f"This key takes no orders of the channel {channel}.")


@api.get("/openapi.json")
def describe():
    return described()


def _found(session: Session, order_id: int) -> Order:
    order = session.get(Order, order_id)
    if order is None or not g.client.may_use(order.channel):
        raise NotFound("There is no such order.")
    return order
