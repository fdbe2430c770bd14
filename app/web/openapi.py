"""The API's own description, made from the models that read it: it can't say anything they don't do."""

from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from app.oms.stock_words import TYPES, Adjusted, Reported
from app.web.api_answers import OrderOut, Problem
from app.web.api_models import CancellationIn, LineCancellationIn, OrderIn, PaymentStateIn
from app.web.availability_models import MOST_SKUS, MOST_STORES, AvailabilityIn, AvailabilityOut
from app.web.channel_models import AllotmentIn, AllotmentOut, ChannelOut, ChannelsOut, SellFromIn
from app.web.cloud_events import BATCH, MOST_AT_ONCE, PLAIN, STRUCTURED, CloudEvent, ResultsOut
from app.web.fulfilment_models import AllAskedOut, AskedOut, RefusedIn, SentIn
from app.web.openapi_channels import channel_paths
from app.web.openapi_parts import LINE_ID, ORDER_ID, act, ref, responses
from app.web.reservation_models import ReservationChangeIn, ReservationIn, ReservationOut
from app.web.routing_models import OverrideIn, RoutingOut
from app.web.transfer_models import ReceiptIn, ShipmentIn, TransferIn, TransferOut

MODELS = (
    OrderIn, PaymentStateIn, CancellationIn, LineCancellationIn, OrderOut, AvailabilityIn, AvailabilityOut,
    CloudEvent, Adjusted, Reported, ResultsOut, TransferIn, ShipmentIn, ReceiptIn, TransferOut, ReservationIn,
    ReservationChangeIn, ReservationOut, OverrideIn, RoutingOut, SentIn, RefusedIn, AskedOut, AllAskedOut, SellFromIn,
    ChannelOut, ChannelsOut, AllotmentIn, AllotmentOut, Problem,
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
            **channel_paths(),
        },
        "components": {"schemas": schemas["$defs"], "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
    }


def _orders() -> dict[str, Any]:
    one = "/api/orders/{order_id}"
    return {
        "/api/orders": {"post": act("place", "Hand an order in", OrderIn.__name__, 201)},
        one: {"parameters": [ORDER_ID], "get": _look()},
        f"{one}/payment": {
            "parameters": [ORDER_ID],
            "post": act("pay", "Say what became of the payment", PaymentStateIn.__name__, 200),
        },
        f"{one}/cancellation": {
            "parameters": [ORDER_ID],
            "post": act("cancel", "Call the order off", CancellationIn.__name__, 200),
        },
        f"{one}/lines/{{line_id}}/cancellation": {
            "parameters": [ORDER_ID, LINE_ID],
            "post": act("cancel_line", "Call a part of the order off", LineCancellationIn.__name__, 200),
        },
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
    look = {"summary": "How many may be sold", "responses": responses(200, AvailabilityOut.__name__, "The numbers")}
    body = {"required": True, "content": {"application/json": {"schema": ref(AvailabilityIn.__name__)}}}
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
        | {"post": act(name, summary, body.__name__, status) | {"responses": responses(status, *stands)}}
        for address, (name, summary, body, status) in acts.items()
    }
    look = {"operationId": "look", "summary": "How a transfer stands", "responses": responses(200, *stands)}
    return paths | {"/api/transfers/{transfer_id}": which | {"get": look}}


def _reservations() -> dict[str, Any]:
    stands = (ReservationOut.__name__, "The reservation as it stands")
    which = {"name": "hold_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    acts = {
        "post": act("reserve", "Hold stock for a basket", ReservationIn.__name__, 201),
        "patch": act("hold_other_amounts", "Hold more or less of it", ReservationChangeIn.__name__, 200),
        "get": {"operationId": "held", "summary": "How a reservation stands"},
        "delete": {"operationId": "let_go", "summary": "Let it go; what is over already is left as it is"},
    }
    told = {n: each | {"responses": responses(201 if n == "post" else 200, *stands)} for n, each in acts.items()}
    one = "/api/reservations/{hold_id}"
    return {"/api/reservations": {"post": told.pop("post")}, one: {"parameters": [which]} | told}


def _routing() -> dict[str, Any]:
    stands = responses(200, RoutingOut.__name__, "The decisions, the newest first")
    say = act("decide_otherwise", "Say from which place it is to come, and why", OverrideIn.__name__, 200)
    look = {"operationId": "decisions", "summary": "How it was decided where an order comes from", "responses": stands}
    return {
        "/api/orders/{order_id}/routing": {"parameters": [ORDER_ID], "get": look, "post": say | {"responses": stands}}
    }


def _fulfilments() -> dict[str, Any]:
    one, which = "/api/fulfilments/{fulfilment_id}", [ORDER_ID | {"name": "fulfilment_id"}]
    stands = responses(200, AskedOut.__name__, "One place's part of an order as it stands")
    acts = {
        "shipment": ("sent", "Say that it is with the carrier", SentIn),
        "refusal": ("cannot_send", "Say that it can't be sent: another place is looked for", RefusedIn),
    }
    said = {f"{one}/{noun}": {"parameters": which, "post": act(name, words, body.__name__, 200)
                              | {"responses": stands}} for noun, (name, words, body) in acts.items()}  # fmt: skip
    listed = responses(200, AllAskedOut.__name__, "What is still wanted, a hundred at once")
    asked = [{"name": "node", "in": "query", "required": True, "schema": {"type": "string"}},
             {"name": "after", "in": "query", "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"}}]  # fmt: skip
    all_of_it = {"operationId": "wanted", "summary": "What a depot or a vendor has to send", "parameters": asked}
    look = {"operationId": "asked", "summary": "How one place's part stands", "responses": stands}
    return said | {"/api/fulfilments": {"get": all_of_it | {"responses": listed}},
                   one: {"parameters": which, "get": look}}  # fmt: skip


def _tell() -> dict[str, Any]:
    """As the CloudEvents' binding to HTTP has it: one, one with its attributes in `ce-` headers, or many."""
    one, content = ref(CloudEvent.__name__), {"anyOf": [ref(Adjusted.__name__), ref(Reported.__name__)]}
    taken = {STRUCTURED: one, BATCH: {"type": "array", "items": one, "maxItems": MOST_AT_ONCE}, PLAIN: content}
    return {
        "operationId": "tell",
        "summary": f"Tell what became of stock, with a key for it: {' and '.join(TYPES)}",
        "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind, schema in taken.items()}},
        "responses": responses(202, ResultsOut.__name__, "What became of each event"),
    }


def _look() -> dict[str, Any]:
    return {"operationId": "show", "summary": "How an order stands", "responses": responses(200)}
