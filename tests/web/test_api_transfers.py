"""Transfers, as another system asks for them and tells of them."""

from typing import Any

import pytest
from flask import Flask
from sqlmodel import select

from app import db
from app.oms import inventory
from app.oms.inventory import Cause, Change, Reason
from app.oms.node import Node, NodeKind
from app.people import api_client
from app.people.api_client import Scope
from tests.web.conftest import Chain
from tests.web.test_api import System, order


@pytest.fixture
def warehouse(app: Flask, chain: Chain) -> System:
    """A system with a key for stock; the depot has twenty lanterns."""
    with db.transaction() as session:
        depot = Node(kind=NodeKind.DC, code="DC1", name="North depot")
        session.add(depot)
        session.flush()
        cause = Cause(reason=Reason.OPENING, document="opening", actor="test", occurred_at=chain.at,
                      recorded_at=chain.at)  # fmt: skip
        stock = Change(item_id=chain.items["85123A"], node_id=depot.id, on_hand=20)
        inventory.record(session, [stock], cause)
        key = api_client.issue_key(session, name="warehouse", at=chain.at, scopes=[Scope.STOCK])
    return System(app.test_client(), key)


def asked(**other: Any) -> dict[str, Any]:
    return {"from": "DC1", "to": "118", "lines": [{"sku": "85123A", "quantity": "6"}]} | other


def carried(quantity: str, sku: str = "85123A") -> dict[str, Any]:
    return {"lines": [{"sku": sku, "quantity": quantity}]}


def test_from_asking_to_arriving(warehouse: System, chain: Chain):
    first = warehouse.post("/api/transfers", asked())
    assert (first.status_code, first.json["state"], first.json["from"], first.json["to"]) == (
        201,
        "requested",
        "DC1",
        "118",
    )
    address = f"/api/transfers/{first.json['id']}"

    left = warehouse.post(f"{address}/shipment", carried("5"), key="k2")
    came = warehouse.post(f"{address}/receipt", carried("4"), key="k3")

    assert (left.json["state"], left.json["lines"][0]["shipped"]) == ("shipped", "5")
    assert (came.json["state"], came.json["lines"][0]["received"]) == ("received", "4")
    assert warehouse.get(address).json == came.json
    with db.reading() as session:
        kept = inventory.balance_of(session, item_id=chain.items["85123A"], node_id=chain.stores["118"])
        assert kept is not None
        assert (kept.on_hand, kept.in_transit) == (14, 0)


def test_asked_twice_with_one_key_it_is_one_transfer(warehouse: System):
    answers = [warehouse.post("/api/transfers", asked(), key="t-1").json["id"] for _ in range(2)]

    assert answers[0] == answers[1]


def test_an_order_nobody_here_can_fill_waits_for_a_transfer(warehouse: System, app: Flask, chain: Chain):
    shop = System(app.test_client(), chain.key)
    line = {"sku": "85123A", "quantity": "12", "unit_price_minor": 255}
    placed = shop.post("/api/orders", order(lines=[line])).json
    assert placed["status"] == "unfulfillable"

    going = warehouse.post("/api/transfers", asked(order=placed["id"]) | carried("12"))

    assert going.status_code == 201, going.text
    assert shop.get(f"/api/orders/{placed['id']}").json["task"]["status"] == "awaiting transfer"


def test_called_off_before_it_left(warehouse: System):
    going = warehouse.post("/api/transfers", asked()).json["id"]

    off = warehouse.post(f"/api/transfers/{going}/cancellation", {"reason": "not needed"}, key="k2")

    assert off.json["state"] == "cancelled"
    assert warehouse.post(f"/api/transfers/{going}/shipment", {}, key="k3").status_code == 409


REFUSED = [
    (asked(to="DC1"), 422, "another"),
    (asked(to="nowhere"), 422, "no node"),
    (asked() | carried("1", sku="nothing"), 422, "no item"),
    (asked() | carried("21"), 409, "free stock"),
    (asked() | carried("0"), 422, None),
    (asked() | carried("0.5"), 422, "whole numbers"),
    (asked() | carried("-1"), 422, None),
    (asked(lines=[]), 422, None),
    (asked(lines=[*carried("1")["lines"], *carried("2")["lines"]]), 422, "one line only"),
    (asked(lines=[{"sku": "85123A", "quantity": "1", "unit": "kg"}]), 422, "not by the kg"),
    (asked(order="99"), 404, "no such order"),
    (asked(extra="x"), 422, None),
]


@pytest.mark.parametrize(("body", "status", "words"), REFUSED, ids=str)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept_for_it(
    warehouse: System, chain: Chain, body: dict[str, Any], status: int, words: str | None
):
    no = warehouse.post("/api/transfers", body)

    assert no.status_code == status, no.text
    assert no.mimetype == "application/problem+json"
    assert words is None or words in no.json["title"]
    with db.reading() as session:
        depot_id = session.exec(select(Node.id).where(Node.code == "DC1")).one()
        kept = inventory.balance_of(session, item_id=chain.items["85123A"], node_id=depot_id)
        assert kept is not None
        assert kept.reserved == 0


def test_a_key_for_orders_moves_no_stock(warehouse: System, app: Flask, chain: Chain):
    shop = System(app.test_client(), chain.key)

    assert shop.post("/api/transfers", asked()).status_code == 403
    assert shop.get("/api/transfers/1").status_code == 403


def test_the_api_describes_its_transfers(warehouse: System):
    described = warehouse.get("/openapi.json").json

    asking = described["components"]["schemas"]["TransferIn"]
    assert {"from", "to", "lines"} <= asking["properties"].keys()
    paths = [path for path in described["paths"] if path.startswith("/api/transfers")]
    assert len(paths) == 5
