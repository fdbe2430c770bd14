"""Orders handed in by other systems: taken once, read strictly, refused in problem documents."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from app import db
from app.oms import inventory
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.oms.node import Node
from tests.web.conftest import Chain


def order(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "channel": "web",
        "external_id": "W-1001",
        "placed_at": "2026-11-23T09:00:00Z",
        "fulfilment": {"type": "pickup", "store": "118", "promised_by": "2026-11-23T11:00:00Z"},
        "customer": {"name": "Priya N.", "email": "priya@example.com", "phone": "+447700900123", "language": "en"},
        "payment": {"state": "authorised", "amount_minor": 510, "currency": "GBP"},
        "lines": [{"sku": "85123A", "quantity": "2", "unit_price_minor": 255}],
    }
    return body | changes


class System:
    """Another system with a key of ours."""

    def __init__(self, client: FlaskClient, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def post(self, path: str, body: Any, key: str | None = "k1", kind: str = "application/json"):
        said = body if isinstance(body, bytes) else json.dumps(body).encode()
        extra = {"Idempotency-Key": key} if key is not None else {}
        return self.client.post(path, data=said, content_type=kind, headers={**self.headers, **extra})

    def get(self, path: str):
        return self.client.get(path, headers=self.headers)


@pytest.fixture
def system(app: Flask, chain: Chain) -> System:
    return System(app.test_client(), chain.key)


def is_problem(reply: Any, status: int) -> bool:
    return bool(reply.status_code == status and reply.mimetype == "application/problem+json" and reply.json["type"])


def test_an_order_is_taken_reserved_and_becomes_a_task(system: System):
    reply = system.post("/api/orders", order())

    assert reply.status_code == 201
    assert reply.json["status"] == "accepted"
    assert reply.json["task"]["status"] == "requested"
    assert (reply.json["lines"][0]["ordered"], reply.json["lines"][0]["reserved"]) == ("2", "2")
    assert system.get(f"/api/orders/{reply.json['id']}").json == reply.json


def test_an_order_sent_again_gets_the_first_answer(system: System):
    first, second = (system.post("/api/orders", order()) for _ in "ab")

    assert (second.status_code, second.json) == (201, first.json)
    assert second.headers["Idempotency-Replayed"] == "true"


def test_a_key_used_for_another_order_is_refused(system: System):
    system.post("/api/orders", order())

    assert is_problem(system.post("/api/orders", order(external_id="W-1002")), 422)


def test_an_external_id_with_other_content_is_refused(system: System):
    system.post("/api/orders", order())

    other = order(lines=[{"sku": "22423", "quantity": "1", "unit_price_minor": 255}])

    assert is_problem(system.post("/api/orders", other, key="k2"), 409)


def test_an_order_without_stock_is_taken_as_unfulfillable(system: System):
    reply = system.post("/api/orders", order(lines=[{"sku": "85123A", "quantity": "11", "unit_price_minor": 255}]))

    assert (reply.status_code, reply.json["status"], reply.json["task"]) == (201, "unfulfillable", None)


def test_what_is_weighed_is_ordered_and_answered_in_its_own_unit(system: System):
    with db.transaction() as session:
        cheese = Item(sku="CHEESE", name="Cheese", unit="kg", decimals=3, price_minor=1299)
        session.add(cheese)
        session.flush()
        there = Change(item_id=cheese.id, node_id=session.exec(select(Node.id).where(Node.code == "118")).one(),
                       on_hand=1000)  # fmt: skip
        at = datetime(2026, 11, 23, 8, tzinfo=UTC)
        why = Cause(reason=Reason.OPENING, document="opening", actor="test", occurred_at=at, recorded_at=at)
        inventory.record(session, [there], why)
    line = {"sku": "CHEESE", "quantity": "0.350", "unit": "kg", "unit_price_minor": 1299}

    reply = system.post("/api/orders", order(lines=[line]))
    too_fine = system.post("/api/orders", order(lines=[line | {"quantity": "0.3501"}], external_id="W-2"), key="k2")

    assert reply.json["lines"][0].items() >= {"unit": "kg", "ordered": "0.350", "reserved": "0.350"}.items()
    assert is_problem(too_fine, 422)


def test_a_task_opens_once_the_payment_stands(system: System):
    waiting = system.post("/api/orders", order(payment={"state": "pending", "amount_minor": 510, "currency": "GBP"}))

    paid = system.post(f"/api/orders/{waiting.json['id']}/payment", {"state": "authorised"}, key="k2")

    assert (waiting.json["status"], waiting.json["task"]) == ("awaiting payment", None)
    assert paid.json["task"]["status"] == "requested"


def test_an_order_called_off_gives_its_units_back_and_is_not_called_off_twice(system: System):
    placed = system.post("/api/orders", order())
    address = f"/api/orders/{placed.json['id']}/cancellation"

    called_off = system.post(address, {"reason": "changed my mind"}, key="k2")

    assert (called_off.json["status"], called_off.json["lines"][0]["cancelled"]) == ("cancelled", "2")
    assert is_problem(system.post(address, {"reason": "again"}, key="k3"), 409)


def test_without_a_key_of_ours_nothing_is_answered(app: Flask, chain: Chain):
    for key in ("", "wrong"):
        assert is_problem(System(app.test_client(), key).post("/api/orders", order()), 401)


def test_an_order_nobody_placed_is_not_there(system: System):
    assert is_problem(system.get("/api/orders/424242"), 404)
    assert is_problem(system.get("/api/orders/99999999999999999999"), 404)
    assert is_problem(system.post("/api/orders/424242/payment", {"state": "failed"}), 404)


def test_an_idempotency_key_is_required(system: System):
    assert is_problem(system.post("/api/orders", order(), key=None), 400)


def test_another_kind_of_body_is_refused(system: System):
    assert is_problem(system.post("/api/orders", b"<order/>", kind="text/xml"), 415)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b"NaN", b'{"a": Infinity}', b'{"a": 1, "a": 2}', b'{"a": "\\ud800"}',
        b"[" * 100_000, b'{"a":' * 40 + b"1" + b"}" * 40, b"1" * 5000,
    ],
)  # fmt: skip
def test_what_two_readers_could_read_differently_is_not_json(system: System, body: bytes):
    assert is_problem(system.post("/api/orders", body), 400)


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"channel": ""},
        {"channel": "a\x00b"},
        {"placed_at": "2026-11-23T09:00:00"},
        {"placed_at": "2026-02-30T09:00:00Z"},
        {"placed_at": 1795435186},
        {"customer": {"name": "Priya N.", "phone": "07700 900123"}},
        {"customer": {"name": "Priya N.", "phone": "+1"}},
        {"customer": {"name": "Priya N.", "email": "priya"}},
        {"payment": {"state": "authorised", "amount_minor": 510, "currency": "GBX"}},
        {"payment": {"state": "authorised", "amount_minor": True, "currency": "GBP"}},
        {"payment": {"state": "authorised", "amount_minor": 2**63, "currency": "GBP"}},
        {"lines": []},
        {"lines": [{"sku": "85123A", "quantity": 2, "unit_price_minor": 255}]},
        {"lines": [{"sku": "85123A", "quantity": "1.5", "unit_price_minor": 255}]},
        {"lines": [{"sku": "85123A", "quantity": "0", "unit_price_minor": 255}]},
        {"lines": [{"sku": "85123A", "quantity": "1", "unit": "kg", "unit_price_minor": 255}]},
        {"lines": [{"sku": "85123A", "quantity": "10001", "unit_price_minor": 255}]},
        {"lines": [{"sku": "nothing", "quantity": "1", "unit_price_minor": 255}]},
        {"lines": [{"sku": "85123A", "quantity": "1", "unit_price_minor": 255}] * 2},
        {"fulfilment": {"type": "pickup", "store": "999", "promised_by": "2026-11-23T11:00:00Z"}},
    ],
    ids=repr,
)
def test_an_order_that_cannot_be_meant_is_refused(system: System, changes: dict[str, Any]):
    assert is_problem(system.post("/api/orders", order(**changes)), 422)


def test_a_body_beyond_the_limit_is_refused_with_or_without_a_length(app: Flask, system: System):
    large = b'{"a": "' + b"x" * app.config["MAX_CONTENT_LENGTH"] + b'"}'

    assert is_problem(system.post("/api/orders", large), 413)

    from io import BytesIO

    chunked = app.test_client().post(
        "/api/orders",
        input_stream=BytesIO(large),
        headers={
            **system.headers,
            "Transfer-Encoding": "chunked",
            "Idempotency-Key": "k",
            "Content-Type": "application/json",
        },
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert is_problem(chunked, 413)


def test_the_description_names_every_address_that_answers(app: Flask, system: System):
    described = system.get("/openapi.json").json
    answered = {
        re.sub(r"<[^>]*:(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/in/"))
    }

    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) == answered
