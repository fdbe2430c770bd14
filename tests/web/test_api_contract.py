"""What others rely on, as the contract words it: its sample, replies that never change, JSON that means one thing."""

import json
from collections.abc import Iterator
from copy import deepcopy
from threading import Event, Thread
from time import perf_counter
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from app import db
from app.events import log
from app.oms.order import Order
from app.oms.order_events import OrderPlaced
from app.pickup.exception_case import ExceptionCase
from app.web.openapi import described
from tests.web.conftest import Chain
from tests.web.test_api import System, is_problem, order

SAMPLE = b"""
{"channel": "web", "external_id": "W-1001", "placed_at": "2026-11-23T09:00:00Z",
 "fulfilment": {"type": "pickup", "store": "118", "promised_by": "2026-11-23T11:00:00Z"},
 "customer": {"name": "Priya N.", "email": "priya@example.com", "phone": "+447700900123", "language": "en"},
 "payment": {"state": "authorised", "amount_minor": 4800, "currency": "GBP"},
 "lines": [{"sku": "85123A", "quantity": "2", "unit_price_minor": 255}]}
"""


@pytest.fixture
def system(app: Flask, chain: Chain) -> System:
    return System(app.test_client(), chain.key)


def test_the_contracts_own_sample_is_taken_as_it_stands(system: System):
    reply = system.post("/api/orders", SAMPLE)

    assert reply.status_code == 201
    assert reply.json.keys() >= {"id", "status", "lines", "task"}
    assert reply.json["task"]["id"] == str(int(reply.json["task"]["id"]))
    assert reply.json["lines"][0].items() >= {"sku": "85123A", "ordered": "2", "reserved": "2"}.items()


def test_a_sum_that_is_not_that_of_the_lines_is_the_channels_matter(system: System):
    """Discounts, deposits and fees: the sample itself says 48.00 for two things at 2.55."""
    system.post("/api/orders", SAMPLE)

    with db.reading() as session:
        assert session.exec(select(Order.amount_minor)).one() == 4800
        assert session.exec(select(ExceptionCase)).all() == []


def test_an_answer_is_given_again_byte_for_byte(system: System):
    first = system.post("/api/orders", SAMPLE)
    system.post(f"/api/orders/{first.json['id']}/cancellation", {"reason": "changed my mind"}, key="k2")
    again = system.post("/api/orders", SAMPLE)

    assert again.data == first.data
    assert again.status_code == first.status_code
    assert again.headers["Content-Type"] == first.headers["Content-Type"]


@pytest.fixture
def slow_placing() -> Iterator[tuple[Event, Event]]:
    """An order whose placing takes until the test lets it go on."""
    before, begun, may_end = dict(log._reactions), Event(), Event()

    def wait(session: Session, event: OrderPlaced) -> None:
        begun.set()
        may_end.wait(30)

    log.react_with({**before, OrderPlaced: [*before[OrderPlaced], wait]})
    yield begun, may_end
    log.react_with(before)


def test_a_second_request_while_the_first_is_being_answered_is_told_so(
    app: Flask, chain: Chain, system: System, slow_placing: tuple[Event, Event]
):
    begun, may_end = slow_placing
    answers: list[Any] = []
    first = Thread(target=lambda: answers.append(System(app.test_client(), chain.key).post("/api/orders", SAMPLE)))
    first.start()
    assert begun.wait(10)

    assert is_problem(system.post("/api/orders", SAMPLE), 409)

    may_end.set()
    first.join(10)
    again = system.post("/api/orders", SAMPLE)
    assert (answers[0].status_code, again.status_code, again.data) == (201, 201, answers[0].data)


@pytest.mark.parametrize("kind", ["application/json; charset=latin-1", "application/json; charset=utf-16", "text/json"])
def test_another_alphabet_is_refused(system: System, kind: str):
    assert is_problem(system.post("/api/orders", SAMPLE, kind=kind), 415)


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + SAMPLE, SAMPLE.decode().encode("utf-16"), SAMPLE + b"{}",
        SAMPLE.replace(b"4800", b"4800.0.0"),
        SAMPLE.replace(b"4800", b"-Infinity"), SAMPLE.replace(b"Priya", b"\\udfff"),
        SAMPLE.replace(b"4800", b"9" * 5000),
        b'{"a":' * 40_000, SAMPLE.replace(b'"web"', b'"web", "channel": "web"'),
    ],
)  # fmt: skip
def test_what_is_no_json_is_never_our_fault(system: System, body: bytes):
    assert is_problem(system.post("/api/orders", body), 400)


@pytest.mark.parametrize(
    "number", [b"1e400", b"1E+99999", b"4800.5", b"-1", b"18446744073709551616", b'"4800"', b"null"]
)
def test_a_number_no_money_is_made_of_is_refused(system: System, number: bytes):
    assert is_problem(system.post("/api/orders", SAMPLE.replace(b"4800", number)), 422)


def test_a_body_made_to_be_read_slowly_is_read_quickly(system: System):
    began = perf_counter()

    assert is_problem(system.post("/api/orders", b'"' + b'\\"' * 120_000), 400)
    assert perf_counter() - began < 2, "each character is looked at once"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["0", "2.000", "1e3", "\0", "é", "+", "a@b", "2026-02-30T00:00:00Z", "x" * 300, -1, 2**63]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=4,
)  # fmt: skip


def places_of(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [path] * bool(path) + [place for key, value in inner for place in places_of(value, (*path, key))]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_sent_the_answer_is_one_that_is_described(system: System, data: st.DataObject):
    body = deepcopy(order())
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(places_of(body)))
        inner: Any = body
        for step in way:
            inner = inner[step]
        inner[last] = data.draw(ANYTHING)

    key = data.draw(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20))
    reply = system.post("/api/orders", json.dumps(body).encode(), key=key)

    assert str(reply.status_code) in described()["paths"]["/api/orders"]["post"]["responses"]
    assert reply.status_code == 201 or is_problem(reply, reply.status_code)
    assert reply.status_code < 500
