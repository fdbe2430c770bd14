"""Baskets that another system holds stock for: answered once, kept for a while, and an order's in the end."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app import clock, db
from app.oms import books, inventory, kit
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.people import api_client
from tests.web.conftest import Chain
from tests.web.test_api import System, is_problem, order
from tests.web.test_api_keys import new_system

HOUR = timedelta(hours=1)


@pytest.fixture
def system(app: Flask, chain: Chain) -> System:
    return System(app.test_client(), chain.key)


def line(quantity: str, sku: str = "85123A", node: str = "118") -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity, "node": node}


def basket(*lines: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {"channel": "web", "expires_in_s": 600, "lines": list(lines) or [line("2")]} | other


def patch(system: System, hold: str, *lines: dict[str, Any], key: str = "p1"):
    headers = system.headers | {"Idempotency-Key": key}
    return system.client.patch(f"/api/reservations/{hold}", json={"lines": list(lines)}, headers=headers)


def delete(system: System, hold: str):
    return system.client.delete(f"/api/reservations/{hold}", headers=system.headers)


def reserved(chain: Chain, sku: str = "85123A") -> int:
    with db.reading() as session:
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
        kept = inventory.balance_of(session, item_id=chain.items[sku], node_id=chain.stores["118"])
        return kept.reserved if kept is not None else 0


def test_a_basket_is_held_shown_and_let_go(system: System, chain: Chain):
    held = system.post("/api/reservations", basket(line("2"), line("3", "22423")))

    assert held.status_code == 201, held.text
    assert held.json == {
        "id": held.json["id"], "state": "soft", "channel": "web", "expires_at": "2026-11-23T09:10:00Z",
        "lines": [{"sku": "85123A", "unit": "each", "node": "118", "quantity": "2"},
                  {"sku": "22423", "unit": "each", "node": "118", "quantity": "3"}],
    }  # fmt: skip
    assert system.get(f"/api/reservations/{held.json['id']}").json == held.json
    assert (reserved(chain), reserved(chain, "22423")) == (2, 3)

    gone = [delete(system, held.json["id"]) for _ in "ab"]
    assert [(each.status_code, each.json["state"]) for each in gone] == [(200, "released")] * 2
    assert (reserved(chain), reserved(chain, "22423")) == (0, 0)


def test_asked_twice_with_one_key_it_is_one_hold_and_one_answer(system: System, chain: Chain, nine: datetime):
    first = system.post("/api/reservations", basket())
    patch(system, first.json["id"], line("5"))
    clock.hold(lambda: nine + HOUR)
    again = system.post("/api/reservations", basket())

    assert (again.status_code, again.data) == (201, first.data)
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert reserved(chain) == 5


def test_the_same_key_for_something_else_is_refused(system: System, chain: Chain):
    system.post("/api/reservations", basket())

    others = [basket(line("3")), basket(line("2", "22423")), basket(expires_in_s=601), basket(channel="kiosk")]
    refused = [system.post("/api/reservations", other) for other in others]

    assert {(no.status_code, no.json["type"]) for no in refused} == {(422, "/problems/key-already-used")}
    assert reserved(chain) == 2


def test_two_systems_may_use_the_same_key(system: System, app: Flask, chain: Chain):
    other = new_system(app, chain)

    ids = {each.post("/api/reservations", basket()).json["id"] for each in (system, other)}

    assert (len(ids), reserved(chain)) == (2, 4)


def test_sold_out_says_of_what_and_how_much_is_free_and_says_the_same_again(system: System, chain: Chain):
    system.post("/api/reservations", basket(line("7")))
    asked = basket(line("1", "22423"), line("4"))

    no = system.post("/api/reservations", asked, key="k2")
    system.post("/api/reservations", basket(line("2")), key="k3")
    again = system.post("/api/reservations", asked, key="k2")

    assert is_problem(no, 409)
    assert no.json["type"] == "/problems/sold-out"
    assert no.json["errors"] == [{"sku": "85123A", "node": "118", "unit": "each", "asked": "4", "free": "3"}]
    assert no.json["detail"] == "Of 85123A at 118, 3 are free."
    assert again.data == no.data
    assert reserved(chain, "22423") == 0


def test_a_hold_runs_out_at_its_moment_and_is_in_nobodys_way(system: System, chain: Chain, nine: datetime):
    held = system.post("/api/reservations", basket(line("10"))).json

    clock.hold(lambda: nine + timedelta(seconds=600))

    shown = system.get(f"/api/reservations/{held['id']}").json
    assert (shown["state"], shown["lines"][0]["quantity"]) == ("expired", "0")
    assert is_problem(patch(system, held["id"], line("1")), 409)
    assert system.post("/api/reservations", basket(line("10")), key="k2").status_code == 201
    assert delete(system, held["id"]).json["state"] == "expired"
    assert reserved(chain) == 10


def test_more_or_less_is_held_under_the_same_guard(system: System, chain: Chain):
    held = system.post("/api/reservations", basket(line("2"), line("2", "22423"))).json["id"]

    more = patch(system, held, line("10"), line("1", "22423"))
    too_much = patch(system, held, line("11"), line("9", "22423"), key="p2")
    again = patch(system, held, line("10"), line("1", "22423"))
    none = patch(system, held, line("0"), key="p3")

    assert [each["quantity"] for each in more.json["lines"]] == ["10", "1"]
    assert (again.data, again.headers["Idempotency-Replayed"]) == (more.data, "true")
    assert is_problem(too_much, 409)
    assert too_much.json["errors"] == [{"sku": "85123A", "node": "118", "unit": "each", "asked": "11", "free": "10"}]
    assert [each["quantity"] for each in none.json["lines"]] == ["0", "1"]
    assert (reserved(chain), reserved(chain, "22423")) == (0, 1)


def test_an_order_takes_over_what_its_basket_holds(system: System, chain: Chain):
    held = system.post("/api/reservations", basket(line("10"))).json["id"]
    bought = [{"sku": "85123A", "quantity": "9", "unit_price_minor": 255},
              {"sku": "22423", "quantity": "1", "unit_price_minor": 255}]  # fmt: skip

    without = system.post("/api/orders", order(external_id="W-1", lines=bought), key="k2").json
    placed = system.post("/api/orders", order(external_id="W-2", lines=bought, reservation=held), key="k3").json

    assert (without["status"], placed["status"]) == ("unfulfillable", "accepted")
    assert system.get(f"/api/reservations/{held}").json["state"] == "moved"
    assert delete(system, held).json["state"] == "moved"
    assert (reserved(chain), reserved(chain, "22423")) == (9, 1)
    called_off = system.post(f"/api/orders/{placed['id']}/cancellation", {"reason": "changed my mind"}, key="k4")
    assert (called_off.json["status"], reserved(chain)) == ("cancelled", 0)


def test_what_is_shipped_comes_from_where_the_basket_held_it(system: System, chain: Chain):
    with db.transaction() as session:
        depot = Node(kind=NodeKind.DC, code="DC1", name="North depot")
        session.add(depot)
        session.flush()
        cause = Cause(reason=Reason.OPENING, document="opening", actor="test", occurred_at=chain.at,
                      recorded_at=chain.at)  # fmt: skip
        inventory.record(session, [Change(item_id=chain.items["85123A"], node_id=depot.id, on_hand=5)], cause)
    held = system.post("/api/reservations", basket(line("5", node="DC1"))).json["id"]
    to = {"name": "Priya N.", "street": "1 Wharf", "city": "York", "postal_code": "YO1 1AA", "country": "GB"}
    shipped = {"type": "ship", "ship_to": to, "promised_by": "2026-11-26T11:00:00Z"}
    bought = [{"sku": "85123A", "quantity": "5", "unit_price_minor": 255}]

    placed = system.post("/api/orders", order(fulfilment=shipped, lines=bought, reservation=held), key="k2").json

    assert (placed["status"], [part["node"] for part in placed["fulfilments"]]) == ("accepted", ["DC1"])
    assert system.get(f"/api/reservations/{held}").json["state"] == "moved"


def test_an_unpaid_order_keeps_its_basket_longer_than_the_basket_did(system: System, chain: Chain, nine: datetime):
    held = system.post("/api/reservations", basket(line("10"))).json["id"]
    bought = [{"sku": "85123A", "quantity": "10", "unit_price_minor": 255}]
    pending = {"state": "pending", "amount_minor": 510, "currency": "GBP"}
    placed = system.post("/api/orders", order(lines=bought, payment=pending, reservation=held), key="k2").json

    clock.hold(lambda: nine + timedelta(minutes=20))
    no = system.post("/api/reservations", basket(line("1")), key="k3")
    paid = system.post(f"/api/orders/{placed['id']}/payment", {"state": "authorised"}, key="k4")

    assert is_problem(no, 409)
    assert paid.json["lines"][0]["reserved"] == "10"


def test_an_order_too_late_for_its_basket_asks_anew(system: System, chain: Chain, nine: datetime):
    held = system.post("/api/reservations", basket(line("10"))).json["id"]
    clock.hold(lambda: nine + HOUR)

    placed = system.post("/api/orders", order(reservation=held), key="k2").json

    assert placed["status"] == "accepted"
    assert system.get(f"/api/reservations/{held}").json["state"] == "expired"
    assert reserved(chain) in {2, 12}  # what ran out goes with the sweep, unless somebody needs it before


def test_an_order_sent_again_with_its_basket_is_the_same_order(system: System, chain: Chain):
    held = system.post("/api/reservations", basket()).json["id"]

    ids = {system.post("/api/orders", order(reservation=held), key=key).json["id"] for key in ("k2", "k3")}

    assert (len(ids), reserved(chain)) == (1, 2)


def test_an_order_takes_over_no_hold_that_is_not_its_channels(system: System, chain: Chain):
    theirs = system.post("/api/reservations", basket(channel="kiosk")).json["id"]

    for wrong in (theirs, "11111111-1111-5111-8111-111111111111"):
        no = system.post("/api/orders", order(reservation=wrong), key=wrong)
        assert is_problem(no, 422)
        assert "no reservation" in no.json["title"]


def test_a_hold_of_another_channel_is_not_there(app: Flask, chain: Chain):
    anybody, partner = new_system(app, chain), new_system(app, chain, "marketplace")
    held = anybody.post("/api/reservations", basket()).json["id"]

    assert is_problem(partner.post("/api/reservations", basket()), 403)
    for reply in (partner.get(f"/api/reservations/{held}"), patch(partner, held, line("1")), delete(partner, held)):
        assert is_problem(reply, 404)
    assert reserved(chain) == 2


def test_a_key_for_stock_holds_nothing(app: Flask, chain: Chain):
    with db.transaction() as session:
        key = api_client.issue_key(session, name="till", at=chain.at, scopes=[api_client.Scope.STOCK])

    assert is_problem(System(app.test_client(), key).post("/api/reservations", basket()), 403)


def test_a_kit_is_held_as_what_it_is_made_of(system: System, chain: Chain):
    with db.transaction() as session:
        tea = Item(sku="TEA", name="Tea for two")
        session.add(tea)
        session.flush()
        kit.define(session, tea, {chain.items["85123A"]: 2, chain.items["22423"]: 1})
    asked = basket(line("3", "TEA"), line("1"))

    held = system.post("/api/reservations", asked).json
    bought = [{"sku": "TEA", "quantity": "3", "unit_price_minor": 900}]
    placed = system.post("/api/orders", order(lines=bought, reservation=held["id"]), key="k2").json

    assert [(each["sku"], each["quantity"]) for each in held["lines"]] == [("85123A", "7"), ("22423", "3")]
    assert placed["status"] == "accepted"
    assert (reserved(chain), reserved(chain, "22423")) == (6, 3)


def test_what_is_weighed_is_held_by_weight(system: System, chain: Chain):
    with db.transaction() as session:
        cheese = Item(sku="CHEESE", name="Cheese", unit="kg", decimals=3)
        session.add(cheese)
        session.flush()
        there = Change(item_id=cheese.id, node_id=chain.stores["118"], on_hand=1000)
        cause = Cause(reason=Reason.OPENING, document="opening", actor="test", occurred_at=chain.at,
                      recorded_at=chain.at)  # fmt: skip
        inventory.record(session, [there], cause)

    held = system.post("/api/reservations", basket(line("0.35", "CHEESE") | {"unit": "kg"}))
    no = patch(system, held.json["id"], line("1.2", "CHEESE"))

    assert held.json["lines"] == [{"sku": "CHEESE", "unit": "kg", "node": "118", "quantity": "0.350"}]
    assert no.json["errors"][0].items() >= {"unit": "kg", "asked": "1.200", "free": "1.000"}.items()


REFUSED = [
    (basket(line("0")), 422), (basket(line("-1")), 422), (basket(line("1.5")), 422), (basket(line("10001")), 422),
    (basket(line("1", "nothing")), 422), (basket(line("1", node="nowhere")), 422), (basket(line("1"), line("2")), 422),
    (basket(line("1") | {"unit": "kg"}), 422), (basket(expires_in_s=3601), 422), (basket(expires_in_s=0), 422),
    (basket(expires_in_s="60"), 422), (basket(lines=[]), 422), (basket(extra=1), 422), (basket(channel=""), 422),
    (basket(line("1", node="204")), 409), ([], 422), (b"{", 400), (b'{"channel": "\\ud800"}', 400),
]  # fmt: skip


def test_what_makes_no_sense_is_refused_and_holds_nothing(system: System, chain: Chain):
    for number, (body, status) in enumerate(REFUSED):
        assert is_problem(system.post("/api/reservations", body, key=f"k{number}"), status), body

    assert (reserved(chain), reserved(chain, "22423")) == (0, 0)


NO_CHANGE = [
    [line("-1")], [line("1.5")], [line("10001")], [line("1", "nothing")], [], [line("1"), line("2")],
    [line("1", node="nowhere")],
]  # fmt: skip


def test_a_change_that_makes_no_sense_changes_nothing(system: System, chain: Chain):
    held = system.post("/api/reservations", basket()).json["id"]

    for lines in NO_CHANGE:
        assert is_problem(patch(system, held, *lines, key=str(lines)), 422), lines
    assert is_problem(patch(system, held, line("1", "22423"), key="p2"), 409)
    assert reserved(chain) == 2


def test_without_a_key_of_its_own_nothing_is_held(system: System, chain: Chain):
    assert is_problem(system.post("/api/reservations", basket(), key=None), 400)
    assert is_problem(system.get("/api/reservations/none"), 404)
    assert is_problem(system.get("/api/reservations/11111111-1111-5111-8111-111111111111"), 404)


def test_the_api_describes_its_reservations(system: System):
    described = system.get("/openapi.json").json

    assert described["paths"]["/api/reservations/{hold_id}"].keys() == {"parameters", "get", "patch", "delete"}
    assert described["components"]["schemas"]["OrderIn"]["properties"].keys() >= {"reservation"}
