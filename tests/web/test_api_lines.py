"""Parts of an order over the API: a line called off, a kit in its parts, money in amounts; and every clear refusal."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlmodel import SQLModel, col, func, select

from app import db
from app.events.log import Event
from app.oms import books, inventory, kit
from app.oms.inventory import Cause, Change, Movement, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_line import OrderLine
from app.oms.payment import Payment
from app.oms.reservation import Reservation
from tests.web.conftest import Chain
from tests.web.test_api import System, is_problem, order

LANTERNS = {"sku": "85123A", "quantity": "2", "unit_price_minor": 255}
STAND = {"sku": "22423", "quantity": "1", "unit_price_minor": 1000}
CHEESE = {"sku": "CHEESE", "quantity": "0.350", "unit": "kg", "unit_price_minor": 1299}
SET = {"sku": "SET", "quantity": "1", "unit_price_minor": 1200}


@pytest.fixture
def system(app: Flask, chain: Chain) -> System:
    """Beside lanterns and cake stands, cheese by the kilogram and a set of both others."""
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    with db.transaction() as session:
        node_id = session.exec(select(Node.id).where(Node.code == "118")).one()
        cheese = Item(sku="CHEESE", name="Cheese", unit="kg", decimals=3, price_minor=1299)
        both = Item(sku="SET", name="Set", price_minor=1200)
        session.add_all([cheese, both, Node(kind=NodeKind.DC, code="DC1", name="Warehouse")])
        session.flush()
        known = {item.sku: item.id for item in session.exec(select(Item))}
        kit.define(session, both, {known["85123A"]: 2, known["22423"]: 1})
        why = Cause(reason=Reason.OPENING, document="opening", actor="test", occurred_at=at, recorded_at=at)
        there = {"CHEESE": 5000, "22423": 5}
        stock = [Change(item_id=known[sku], node_id=node_id, on_hand=units) for sku, units in there.items()]
        inventory.record(session, stock, why)
    return System(app.test_client(), chain.key)


def place(system: System, *lines: dict[str, Any], key: str = "place", **changes: Any) -> Any:
    reply = system.post("/api/orders", order(lines=list(lines or (LANTERNS, STAND)), **changes), key=key)
    assert reply.status_code == 201, reply.json
    return reply.json


def cancellation(placed: Any, number: int = 0) -> str:
    return f"/api/orders/{placed['id']}/lines/{placed['lines'][number]['id']}/cancellation"


def test_a_part_of_a_line_is_called_off_in_its_own_unit(system: System):
    placed = place(system, CHEESE, LANTERNS)

    reply = system.post(cancellation(placed), {"reason": "too much", "quantity": "0.1"})

    assert reply.json["lines"][0].items() >= {"ordered": "0.350", "reserved": "0.250", "cancelled": "0.100"}.items()
    assert (reply.json["status"], reply.json["fulfilments"][0]["status"]) == ("accepted", "accepted")


def test_a_line_is_called_off_whole_and_with_the_last_one_the_order(system: System):
    placed = place(system)

    first = system.post(cancellation(placed, 0), {"reason": "no"}, key="a")
    last = system.post(cancellation(placed, 1), {"reason": "no"}, key="b")

    assert (first.json["status"], first.json["lines"][0]["cancelled"]) == ("accepted", "2")
    assert (last.json["status"], last.json["task"]["status"]) == ("cancelled", "put back")


def test_a_kit_is_shown_with_the_things_it_is_made_of(system: System):
    placed = place(system, SET)

    whole, *parts = placed["lines"]

    assert whole.items() >= {"sku": "SET", "in_parts": "1", "part_of": None}.items()
    assert {(part["sku"], part["reserved"], part["part_of"]) for part in parts} == {
        ("85123A", "2", whole["id"]), ("22423", "1", whole["id"]),
    }  # fmt: skip
    assert set(placed["fulfilments"][0]["line_ids"]) == {part["id"] for part in parts}


def test_money_comes_in_amounts_and_what_is_too_much_is_due_back(system: System):
    placed = place(system, payment={"state": "pending", "amount_minor": 1510, "currency": "GBP"})
    address = f"/api/orders/{placed['id']}/payment"
    half = {"state": "captured", "amount_minor": 1000, "currency": "GBP", "reference": "ch_1"}

    first = system.post(address, half, key="a").json
    again = system.post(address, half, key="b").json
    rest = system.post(address, half | {"amount_minor": 510, "reference": "ch_2"}, key="c").json
    fewer = system.post(cancellation(placed, 1), {"reason": "no"}, key="d").json
    back = system.post(address, half | {"state": "refunded", "reference": "re_1"}, key="e").json

    assert (first["payment"]["state"], first["status"], again) == ("pending", "awaiting payment", first)
    assert (rest["payment"]["state"], rest["status"]) == ("captured", "accepted")
    assert (fewer["payment"]["owed_minor"], fewer["payment"]["refund_due_minor"]) == (510, 1000)
    assert (back["payment"]["refunded_minor"], back["payment"]["refund_due_minor"]) == (1000, 0)


def state() -> list[Any]:
    """All that could have changed."""
    kinds: list[type[SQLModel]] = [Event, Movement, Payment, Reservation]
    with db.reading() as session:
        counts = [session.exec(select(func.count()).select_from(kind)).one() for kind in kinds]
        lines = [line.model_dump() for line in session.exec(select(OrderLine).order_by(col(OrderLine.id)))]
        placed = [each.model_dump() for each in session.exec(select(Order).order_by(col(Order.id)))]
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
    return [counts, lines, placed]


PICKUP = {"type": "pickup", "store": "118", "promised_by": "2026-11-23T11:00:00Z"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lines": [LANTERNS | {"sku": "CAVIAR"}]}, "no item CAVIAR"),
        ({"fulfilment": PICKUP | {"store": "999"}}, "no store 999"),
        ({"fulfilment": PICKUP | {"store": "DC1"}}, "no store DC1"),
        ({"lines": [LANTERNS | {"quantity": "1.5"}]}, "in whole numbers"),
        ({"lines": [CHEESE | {"quantity": "0.1234"}]}, "not what this address takes"),
        ({"lines": [LANTERNS | {"unit": "kg"}]}, "sold by the each, not by the kg"),
        ({"lines": [CHEESE | {"unit": "each"}]}, "sold by the kg, not by the each"),
        ({"lines": [LANTERNS | {"quantity": "0"}]}, "not what this address takes"),
        ({"lines": [LANTERNS | {"quantity": "-1"}]}, "not what this address takes"),
        ({"lines": [LANTERNS | {"quantity": "1e3"}]}, "not what this address takes"),
        ({"lines": [LANTERNS | {"quantity": "10001"}]}, "not what this address takes"),
        ({"lines": [CHEESE | {"quantity": "5000"}]}, "up to 1000 kg"),
        ({"lines": [SET | {"quantity": "10000"}] * 2}, "Each sku may stand on one line"),
        ({"lines": [LANTERNS, LANTERNS]}, "Each sku may stand on one line"),
        ({"lines": [LANTERNS | {"unit_price_minor": -1}]}, "not what this address takes"),
        ({"lines": [LANTERNS | {"discount_minor": 511}]}, "less than nothing"),
        ({"lines": [LANTERNS | {"tax_minor": 511}]}, "less than nothing"),
        ({"lines": []}, "not what this address takes"),
        ({"payment": {"state": "authorised", "amount_minor": 510, "currency": "EUR"}}, "sold in GBP, not in EUR"),
        ({"payment": {"state": "refunded", "amount_minor": 510, "currency": "GBP"}}, "not what this address takes"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_meant_changes_nothing_and_hears_why(system: System, changes: Any, words: str):
    before = state()

    reply = system.post("/api/orders", order(**changes))

    assert is_problem(reply, 422)
    assert words in reply.json["title"]
    assert state() == before


PAID = {"state": "captured", "amount_minor": 500, "currency": "GBP", "reference": "ch_1"}


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/lines/{line}/cancellation", {"reason": "no", "quantity": "0"}, 422, "not what this address takes"),
        ("/lines/{line}/cancellation", {"reason": "no", "quantity": "3"}, 409, "2 of 2"),
        ("/lines/{line}/cancellation", {"reason": "no", "quantity": "0.5"}, 422, "in whole numbers"),
        ("/lines/{line}/cancellation", {"quantity": "1"}, 422, "not what this address takes"),
        ("/lines/424242/cancellation", {"reason": "no"}, 404, "no such line"),
        ("/payment", PAID | {"currency": "EUR"}, 422, "paid in GBP, not in EUR"),
        ("/payment", PAID | {"amount_minor": 0}, 422, "not what this address takes"),
        ("/payment", PAID | {"amount_minor": -5}, 422, "not what this address takes"),
        ("/payment", {"state": "captured", "amount_minor": 5}, 422, "not what this address takes"),
        ("/payment", PAID | {"state": "refunded"}, 409, "nothing that could go back"),
        ("/payment", {"state": "stolen"}, 422, "not what this address takes"),
        ("/cancellation", {}, 422, "not what this address takes"),
    ],
)
def test_an_act_that_makes_no_sense_changes_nothing_and_hears_why(
    system: System, path: str, body: Any, status: int, words: str
):
    placed = place(system)
    before = state()

    reply = system.post(f"/api/orders/{placed['id']}{path.format(line=placed['lines'][0]['id'])}", body)

    assert is_problem(reply, status)
    assert words in reply.json["title"]
    assert state() == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/cancellation", {"reason": "again"}),
        ("/lines/{line}/cancellation", {"reason": "again"}),
        ("/payment", {"state": "authorised"}),
        ("/payment", {"state": "failed"}),
    ],
)
def test_what_is_over_stays_over(system: System, path: str, body: Any):
    placed = place(system)
    system.post(f"/api/orders/{placed['id']}/cancellation", {"reason": "no"}, key="first")
    before = state()

    reply = system.post(f"/api/orders/{placed['id']}{path.format(line=placed['lines'][0]['id'])}", body)

    assert is_problem(reply, 409)
    assert "cancelled" in reply.json["title"]
    assert state() == before


def test_a_part_of_a_set_is_not_called_off_alone(system: System):
    placed = place(system, SET)
    before = state()

    reply = system.post(cancellation(placed, 1), {"reason": "no"})

    assert is_problem(reply, 409)
    assert "part of a set" in reply.json["title"]
    assert state() == before


def test_a_reference_used_for_another_amount_is_refused(system: System):
    placed = place(system)
    address = f"/api/orders/{placed['id']}/payment"
    system.post(address, PAID, key="a")
    before = state()

    assert is_problem(system.post(address, PAID | {"amount_minor": 501}, key="b"), 409)
    assert state() == before
