"""The API's own description, made from the models that read it: it can't say anything they don't do."""

from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from app.oms.stock_words import TYPES, Adjusted, Reported
from app.web.api_answers import OrderOut, Problem
from app.web.api_models import CancellationIn, LineCancellationIn, OrderIn, PaymentStateIn
from app.web.availability_models import MOST_SKUS, MOST_STORES, AvailabilityIn, AvailabilityOut
from app.web.cloud_events import BATCH, MOST_AT_ONCE, PLAIN, STRUCTURED, CloudEvent, ResultsOut
from app.web.fulfilment_models import AllAskedOut, AskedOut, RefusedIn, SentIn
from app.web.reservation_models import ReservationChangeIn, ReservationIn, ReservationOut
from app.web.routing_models import OverrideIn, RoutingOut
from app.web.transfer_models import ReceiptIn, ShipmentIn, TransferIn, TransferOut

REFUSED = {
    400: "Not JSON, or no Idempotency-Key", 401: "No key we know", 403: "A channel this key is not for",
    404: "No such order",
    409: "The order says no, or the first request with this key is still being answered",
    413: "Too large", 415: "Not application/json",
    422: "Not what this address takes", 503: "Try again in a moment",
}  # fmt: skip
ORDER_ID = {
    "name": "order_id", "in": "path", "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": 2147483647},
}  # fmt: skip
LINE_ID = ORDER_ID | {"name": "line_id"}
KEY = {
    "name": "Idempotency-Key", "in": "header", "required": True,
    "description": "Sent again with the same body: the first answer again, and no second effect.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}  # fmt: skip


MODELS = (
    OrderIn, PaymentStateIn, CancellationIn, LineCancellationIn, OrderOut, AvailabilityIn, AvailabilityOut,
    CloudEvent, Adjusted, Reported, ResultsOut, TransferIn, ShipmentIn, ReceiptIn, TransferOut, ReservationIn,
    ReservationChangeIn, ReservationOut, OverrideIn, RoutingOut, SentIn, RefusedIn, AskedOut, AllAskedOut, Problem,
)  # fmt: skip


@cache
def described() -> dict[str, Any]:
    models = [(model, "validation") for model in MODELS]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Readyshelf", "version": "1", "description": "Orders to collect."},
        "paths": {
            **_orders(),
            "/api/availability": _availability(),
            "/in/events": {"post": _tell()},
            **_transfers(),
            **_reservations(),
            **_routing(),
            **_fulfilments(),
        },
        "components": {"schemas": schemas["$defs"], "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
    }


def _orders() -> dict[str, Any]:
    one = "/api/orders/{order_id}"
    return {
        "/api/orders": {"post": _act("place", "Hand an order in", OrderIn.__name__, 201)},
        one: {"parameters": [ORDER_ID], "get": _look()},
        f"{one}/payment": {
            "parameters": [ORDER_ID],
            "post": _act("pay", "Say what became of the payment", PaymentStateIn.__name__, 200),
        },
        f"{one}/cancellation": {
            "parameters": [ORDER_ID],
            "post": _act("cancel", "Call the order off", CancellationIn.__name__, 200),
        },
        f"{one}/lines/{{line_id}}/cancellation": {
            "parameters": [ORDER_ID, LINE_ID],
            "post": _act("cancel_line", "Call a part of the order off", LineCancellationIn.__name__, 200),
        },
    }


def _act(name: str, summary: str, body: str, status: int) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(body)}}},
        "responses": _responses(status),
    }


def _availability() -> dict[str, Any]:
    """The same question twice: in the address, and as a body where it is too long for one."""
    code = {"type": "string", "minLength": 1, "maxLength": 80}
    several = {"sku": (MOST_SKUS, True), "store": (MOST_STORES, False)}
    asked = [
        {"name": name, "in": "query", "required": is_required,
         "schema": {"type": "array", "items": code, "maxItems": most}}
        for name, (most, is_required) in several.items()
    ]  # fmt: skip
    look = {"summary": "How many may be sold", "responses": _responses(200, AvailabilityOut.__name__, "The numbers")}
    body = {"required": True, "content": {"application/json": {"schema": _ref(AvailabilityIn.__name__)}}}
    return {
        "get": look
        | {"operationId": "availability", "parameters": [*asked, {"name": "channel", "in": "query", "schema": code}]},
        "post": look | {"operationId": "availability_of_many", "requestBody": body},
    }


def _transfers() -> dict[str, Any]:
    acts = {
        "": ("ask", "Ask for goods of another node, with a key for stock", TransferIn, 201),
        "/{transfer_id}/shipment": ("ship", "Say that it has left", ShipmentIn, 200),
        "/{transfer_id}/receipt": ("receive", "Say all that arrived", ReceiptIn, 200),
        "/{transfer_id}/cancellation": ("cancel_transfer", "Call it off before it leaves", CancellationIn, 200),
    }
    which = {"parameters": [ORDER_ID | {"name": "transfer_id"}]}
    stands = (TransferOut.__name__, "The transfer as it stands")
    paths = {
        f"/api/transfers{address}": (which if address else {})
        | {"post": _act(name, summary, body.__name__, status) | {"responses": _responses(status, *stands)}}
        for address, (name, summary, body, status) in acts.items()
    }
    look = {"operationId": "look", "summary": "How a transfer stands", "responses": _responses(200, *stands)}
    return paths | {"/api/transfers/{transfer_id}": which | {"get": look}}


def _reservations() -> dict[str, Any]:
    stands = (ReservationOut.__name__, "The reservation as it stands")
    which = {"name": "hold_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    acts = {
        "post": _act("reserve", "Hold stock for a basket", ReservationIn.__name__, 201),
        "patch": _act("hold_other_amounts", "Hold more or less of it", ReservationChangeIn.__name__, 200),
        "get": {"operationId": "held", "summary": "How a reservation stands"},
        "delete": {"operationId": "let_go", "summary": "Let it go; what is over already is left as it is"},
    }
    told = {
        name: act | {"responses": _responses(201 if name == "post" else 200, *stands)} for name, act in acts.items()
    }
    one = "/api/reservations/{hold_id}"
    return {"/api/reservations": {"post": told.pop("post")}, one: {"parameters": [which]} | told}


def _routing() -> dict[str, Any]:
    stands = _responses(200, RoutingOut.__name__, "The decisions, the newest first")
    say = _act("decide_otherwise", "Say from which place it is to come, and why", OverrideIn.__name__, 200)
    look = {"operationId": "decisions", "summary": "How it was decided where an order comes from", "responses": stands}
    return {
        "/api/orders/{order_id}/routing": {"parameters": [ORDER_ID], "get": look, "post": say | {"responses": stands}}
    }


def _fulfilments() -> dict[str, Any]:
    one, which = "/api/fulfilments/{fulfilment_id}", [ORDER_ID | {"name": "fulfilment_id"}]
    stands = _responses(200, AskedOut.__name__, "One place's part of an order as it stands")
    acts = {
        "shipment": ("sent", "Say that it is with the carrier", SentIn),
        "refusal": ("cannot_send", "Say that it can't be sent: another place is looked for", RefusedIn),
    }
    said = {f"{one}/{noun}": {"parameters": which, "post": _act(name, words, body.__name__, 200)
                              | {"responses": stands}} for noun, (name, words, body) in acts.items()}  # fmt: skip
    listed = _responses(200, AllAskedOut.__name__, "What is still wanted, a hundred at once")
    asked = [{"name": "node", "in": "query", "required": True, "schema": {"type": "string"}},
             {"name": "after", "in": "query", "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"}}]  # fmt: skip
    all_of_it = {"operationId": "wanted", "summary": "What a depot or a vendor has to send", "parameters": asked}
    look = {"operationId": "asked", "summary": "How one place's part stands", "responses": stands}
    return said | {"/api/fulfilments": {"get": all_of_it | {"responses": listed}},
                   one: {"parameters": which, "get": look}}  # fmt: skip


def _tell() -> dict[str, Any]:
    """As the CloudEvents' binding to HTTP has it: one, one with its attributes in `ce-` headers, or many."""
    one, content = _ref(CloudEvent.__name__), {"anyOf": [_ref(Adjusted.__name__), _ref(Reported.__name__)]}
    taken = {STRUCTURED: one, BATCH: {"type": "array", "items": one, "maxItems": MOST_AT_ONCE}, PLAIN: content}
    return {
        "operationId": "tell",
        "summary": f"Tell what became of stock, with a key for it: {' and '.join(TYPES)}",
        "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind, schema in taken.items()}},
        "responses": _responses(202, ResultsOut.__name__, "What became of each event"),
    }


def _look() -> dict[str, Any]:
    return {"operationId": "show", "summary": "How an order stands", "responses": _responses(200)}


def _responses(status: int, model: str = OrderOut.__name__, words: str = "The order as it stands") -> dict[str, Any]:
    good = {"description": words, "content": {"application/json": {"schema": _ref(model)}}}
    bad = {"application/problem+json": {"schema": _ref("Problem")}}
    return {str(status): good, **{str(no): {"description": words, "content": bad} for no, words in REFUSED.items()}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
