"""Orders that are shipped, and who sends them, as other systems see it."""

from typing import Any

import pytest
from flask import Flask

from app import db
from app.oms import inventory, looking_again
from app.oms.inventory import Cause, Change, Reason
from app.oms.node import Node, NodeKind
from app.oms.node_terms import NodeTerms
from app.people import api_client
from tests.web.conftest import Chain
from tests.web.test_api import System, is_problem, order

ADDRESS = {"name": "Priya N.", "street": "1 High Row", "city": "Leeds", "postal_code": "LS1 1AA", "country": "GB"}


def shipped(**changes: Any) -> dict[str, Any]:
    way = {"type": "ship", "ship_to": ADDRESS, "promised_by": "2026-11-27T11:00:00Z"}
    return order(fulfilment=way, **changes)


def answers_for(app: Flask, chain: Chain, code: str) -> System:
    with db.transaction() as session:
        key = api_client.issue_key(session, name=code, at=chain.at, scopes=[api_client.Scope.FULFILMENT], nodes=[code])
    return System(app.test_client(), key)


@pytest.fixture
def shop(app: Flask, chain: Chain) -> System:
    """A depot and a vendor have twenty lanterns each; the depot's parcels are cheaper."""
    with db.transaction() as session:
        for code, kind, parcel in (("DC1", NodeKind.DC, 300), ("V1", NodeKind.VENDOR, 900)):
            node = Node(kind=kind, code=code, name=f"Place {code}")
            session.add(node)
            session.flush()
            session.add(NodeTerms(node_id=node.id, does_pickup=False, does_ship=True, parcel_minor=parcel))
            cause = Cause(reason=Reason.OPENING, document="opening", actor="test", occurred_at=chain.at,
                          recorded_at=chain.at)  # fmt: skip
            inventory.record(session, [Change(item_id=chain.items["85123A"], node_id=node.id, on_hand=20)], cause)
    return System(app.test_client(), chain.key)


def asked(system: System, code: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.get(f"/api/fulfilments?node={code}").json["fulfilments"]
    return found


def test_an_order_is_shipped_by_the_place_that_was_chosen(shop: System, app: Flask, chain: Chain):
    placed = shop.post("/api/orders", shipped())
    assert (placed.status_code, placed.json["status"]) == (201, "accepted")
    assert [(part["type"], part["node"]) for part in placed.json["fulfilments"]] == [("ship", "DC1")]

    depot = answers_for(app, chain, "DC1")
    (wanted,) = asked(depot, "DC1")
    assert wanted["ship_to"] == ADDRESS
    sent = depot.post(f"/api/fulfilments/{wanted['id']}/shipment", {"carrier": "DPD", "tracking": "155029384"})

    assert (sent.status_code, sent.json["lines"], sent.json["ship_to"]) == (200, [], None)
    assert sent.json["shipments"][0]["tracking"] == "155029384"
    assert asked(depot, "DC1") == []
    after = shop.get(f"/api/orders/{placed.json['id']}").json
    assert (after["status"], after["lines"][0]["shipped"]) == ("shipped", "2")


def test_a_place_that_refuses_is_not_asked_again_and_another_is(shop: System, app: Flask, chain: Chain):
    placed = shop.post("/api/orders", shipped()).json
    depot = answers_for(app, chain, "DC1")
    (wanted,) = asked(depot, "DC1")

    no = depot.post(f"/api/fulfilments/{wanted['id']}/refusal", {"reason": "not there"})
    with db.transaction() as session:
        looking_again.look(session, int(placed["id"]), at=chain.at.replace(year=2099))

    assert no.json["lines"] == []
    assert asked(answers_for(app, chain, "V1"), "V1")[0]["order"] == placed["number"]
    decisions = shop.get(f"/api/orders/{placed['id']}/routing").json["decisions"]
    assert [each["parts"][0]["node"] for each in decisions] == ["V1", "DC1"]
    assert {each["node"]: each["excluded"] for each in decisions[0]["candidates"]}["DC1"] == "refused it before"


def test_part_of_it_can_leave_first(shop: System, app: Flask, chain: Chain):
    placed = shop.post("/api/orders", shipped()).json
    depot = answers_for(app, chain, "DC1")
    address = f"/api/fulfilments/{placed['fulfilments'][0]['id']}"
    one = {"carrier": "DPD", "tracking": "155029384", "lines": [{"sku": "85123A", "quantity": "1"}]}

    assert depot.post(f"{address}/shipment", one).json["status"] == "partly shipped"
    too_many = one | {"lines": [{"sku": "85123A", "quantity": "2"}]}
    assert is_problem(depot.post(f"{address}/shipment", too_many, key="k2"), 422)
    assert depot.get(address).json["lines"][0]["quantity"] == "1"


def test_a_key_answers_for_its_own_place_only(shop: System, app: Flask, chain: Chain):
    placed = shop.post("/api/orders", shipped()).json
    address, vendor = f"/api/fulfilments/{placed['fulfilments'][0]['id']}", answers_for(app, chain, "V1")

    assert is_problem(vendor.get(address), 404)
    assert is_problem(vendor.get("/api/fulfilments?node=DC1"), 404)
    assert is_problem(vendor.post(f"{address}/refusal", {"reason": "not there"}), 404)
    assert is_problem(shop.get(address), 403)


def test_a_person_with_a_reason_decides_otherwise(shop: System):
    placed = shop.post("/api/orders", shipped()).json
    address = f"/api/orders/{placed['id']}/routing"

    said = shop.post(address, {"node": "V1", "reason": "the depot floods"}, key="k2")

    assert said.status_code == 200, said.text
    newest = said.json["decisions"][0]
    assert (newest["mode"], newest["reason"], newest["parts"][0]["node"]) == ("manual", "the depot floods", "V1")
    assert is_problem(shop.post(address, {"node": "118", "reason": "nearer"}, key="k3"), 409)
    assert is_problem(shop.post(address, {"node": "V9", "reason": "nearer"}, key="k4"), 422)
    assert is_problem(shop.post(address, {"node": "V1", "reason": "again"}, key="k5"), 409)
    assert len(shop.get(address).json["decisions"]) == 2


@pytest.mark.parametrize("wrong", [{"country": "UK"}, {"latitude": 53.8}, {"latitude": 91.0, "longitude": 0.0},
                                   {"street": ""}, {"postal_code": "x" * 21}, {"country": "ZZ"}])  # fmt: skip
def test_an_address_nobody_could_deliver_to_is_refused(shop: System, wrong: dict[str, Any]):
    way = {"type": "ship", "ship_to": ADDRESS | wrong, "promised_by": "2026-11-27T11:00:00Z"}

    assert is_problem(shop.post("/api/orders", order(fulfilment=way)), 422)
