"""From where channels sell and what they are allotted, as another system says it."""

from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from app import db
from app.events.log import Event
from app.oms import availability, channel, touched
from app.oms.channel import Channel
from app.oms.inventory import Cause, Change, Reason, record
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.people import api_client
from app.people.api_client import Scope
from app.web.openapi import described
from tests.web.conftest import Chain
from tests.web.test_api import System, is_problem


@pytest.fixture
def stocked(app: Flask, chain: Chain) -> System:
    """A key for stock, and two channels; the depot has six lanterns, Riverside ten, and cheese by the kilogram."""
    with db.transaction() as session:
        depot = Node(kind=NodeKind.DC, code="DC1", name="North depot")
        session.add_all([depot, Item(sku="CHEESE", name="Cheese", unit="kg", decimals=3)])
        session.flush()
        channel.open_channel(session, Channel(code="web", name="Web", buffer=1))
        channel.open_channel(session, Channel(code="kiosk", name="Kiosk"))
        cause = Cause(reason=Reason.OPENING, document="-", actor="-", occurred_at=chain.at, recorded_at=chain.at)
        record(session, [Change(item_id=chain.items["85123A"], node_id=depot.id, on_hand=6)], cause)
    catch_up(chain)
    return with_key(app, chain)


def with_key(app: Flask, chain: Chain, *channels: str) -> System:
    with db.transaction() as session:
        key = api_client.issue_key(session, name="erp", at=chain.at, scopes=[Scope.STOCK], channels=channels)
    return System(app.test_client(), key)


def catch_up(chain: Chain) -> None:
    with db.transaction() as session:
        availability.catch_up(session, at=chain.at)


def sold(app: Flask, chain: Chain) -> dict[str, str]:
    """What the shop system is told of lanterns, once it was worked out."""
    catch_up(chain)
    shop, codes = System(app.test_client(), chain.key), ("web", "kiosk")
    asked = {code: shop.get(f"/api/availability?sku=85123A&channel={code}").json for code in codes}
    return {code: reply["availability"][0]["quantity"] for code, reply in asked.items()}


def share(**said: Any) -> dict[str, Any]:
    return {"channel": "web", "lines": [{"sku": "85123A"} | said]}


def take_back(system: System, asked: str):
    return system.client.delete(f"/api/allotments?{asked}", headers=system.headers)


def audited() -> list[tuple[str, str, str]]:
    with db.reading() as session:
        events = session.exec(select(Event).where(Event.stream == "channels").order_by(col(Event.seq))).all()
        return [(event.kind, event.actor.partition("/")[0], event.subject) for event in events]


def test_what_is_allotted_is_sold_and_taken_back(stocked: System, app: Flask, chain: Chain):
    assert sold(app, chain) == {"web": "15", "kiosk": "16"}

    done = stocked.post("/api/allotments", share(buffer="2", cap="7", unit="each"))

    line = {"sku": "85123A", "unit": "each", "buffer": "2", "cap": "7"}
    assert (done.status_code, done.json) == (200, {"channel": "web", "lines": [line], "next": None})
    assert sold(app, chain) == {"web": "7", "kiosk": "16"}
    assert stocked.get("/api/allotments?channel=web").json == done.json
    assert stocked.get("/api/allotments?channel=web&sku=22423").json["lines"] == []

    assert take_back(stocked, "channel=web&sku=85123A").json == {"channel": "web", "lines": [], "next": None}

    assert sold(app, chain) == {"web": "15", "kiosk": "16"}
    assert is_problem(take_back(stocked, "channel=web&sku=85123A"), 404)
    assert audited() == [("ItemAllotted", "api", "channel/1"), ("AllotmentTakenBack", "api", "channel/1")]


def test_what_is_not_said_is_as_for_any_other_item(stocked: System, app: Flask, chain: Chain):
    stocked.post("/api/allotments", share(buffer="2", cap="7"))
    stocked.post("/api/allotments", share(cap="9"), key="k2")

    assert sold(app, chain)["web"] == "9"
    assert stocked.get("/api/allotments?channel=web").json["lines"][0].items() >= {"buffer": None, "cap": "9"}.items()


def test_what_is_weighed_is_allotted_in_its_unit(stocked: System):
    done = stocked.post("/api/allotments", {"channel": "web", "lines": [{"sku": "CHEESE", "cap": "0.35"}]})

    assert done.json["lines"] == [{"sku": "CHEESE", "unit": "kg", "buffer": None, "cap": "0.350"}]


def test_a_channel_sells_from_where_it_is_told(stocked: System, app: Flask, chain: Chain):
    everywhere = {"kinds": ["store", "dc", "vendor"], "nodes": []}
    assert stocked.get("/api/channels").json["channels"] == [
        {"channel": "kiosk", "name": "Kiosk"} | everywhere, {"channel": "web", "name": "Web"} | everywhere]  # fmt: skip

    done = stocked.post("/api/channels/nodes", {"channel": "web", "kinds": ["dc"], "nodes": ["204"]})

    assert done.json == {"channel": "web", "name": "Web", "kinds": ["dc"], "nodes": ["204"]}
    assert stocked.get("/api/channels").json["channels"][1] == done.json
    assert sold(app, chain) == {"web": "5", "kiosk": "16"}
    stocked.post("/api/channels/nodes", {"channel": "web", "nodes": ["118"]}, key="k2")
    assert sold(app, chain) == {"web": "9", "kiosk": "16"}
    assert audited() == [("ChannelPoolChanged", "api", "channel/1")] * 2


NO = [
    ("/api/allotments", share(cap="1") | {"channel": "shop"}, 404, "no channel shop"),
    ("/api/allotments", share(cap="1", sku="BEER"), 422, "no item BEER"),
    ("/api/allotments", share(cap="1", unit="kg"), 422, "not by the kg"),
    ("/api/allotments", share(cap="0.5"), 422, "whole numbers"),
    ("/api/allotments", share(cap="-1"), 422, None),
    ("/api/allotments", share(cap=1), 422, None),
    ("/api/allotments", share(buffer="1000000.001"), 422, None),
    ("/api/allotments", share(buffer="1e3"), 422, None),
    ("/api/allotments", share(buffer="NaN"), 422, None),
    ("/api/allotments", share(), 422, None),
    ("/api/allotments", share(cap="1", price="2"), 422, None),
    ("/api/allotments", {"channel": "web", "lines": []}, 422, None),
    ("/api/allotments", {"channel": "web", "lines": share(cap="1")["lines"] * 2}, 422, "only once"),
    ("/api/allotments", {"channel": "web", "lines": [*share(cap="1")["lines"], {"sku": "CHEESE", "cap": "0.0001"}]},
     422, None),
    ("/api/allotments", {"channel": "web", "lines": [*share(cap="1")["lines"], {"sku": "22423", "cap": "1.5"}]},
     422, "22423 is sold by the each"),
    ("/api/channels/nodes", {"channel": "shop", "kinds": ["dc"]}, 404, "no channel shop"),
    ("/api/channels/nodes", {"channel": "web"}, 422, "Say from which kinds"),
    ("/api/channels/nodes", {"channel": "web", "nodes": ["118", "999"]}, 422, "no node 999"),
    ("/api/channels/nodes", {"channel": "web", "kinds": ["moon"]}, 422, None),
]  # fmt: skip


def test_what_makes_no_sense_is_refused_and_changes_nothing(stocked: System, app: Flask, chain: Chain):
    before = stocked.get("/api/channels").json

    for number, (path, body, status, words) in enumerate(NO):
        no = stocked.post(path, body, key=f"k{number}")
        assert is_problem(no, status), (body, no.text)
        assert words is None or words in no.json["title"], (body, no.text)
    for asked, status in (("channel=web", 422), ("sku=85123A", 422), ("channel=web&sku=BEER", 422),
                          ("channel=shop&sku=85123A", 404), ("channel=web&sku=85123A&sku=22423", 404)):  # fmt: skip
        assert is_problem(take_back(stocked, asked), status)

    assert stocked.get("/api/channels").json == before
    assert stocked.get("/api/allotments?channel=web").json["lines"] == []
    assert audited() == []
    with db.reading() as session:
        assert not touched.is_waiting(session)


def test_of_several_all_are_taken_back_or_none(stocked: System):
    stocked.post("/api/allotments", share(cap="7"))

    assert is_problem(take_back(stocked, "channel=web&sku=85123A&sku=22423"), 404)
    assert len(stocked.get("/api/allotments?channel=web").json["lines"]) == 1


def test_more_than_a_hundred_are_shown_in_pages(stocked: System):
    skus = [f"S{n}" for n in range(150)]
    with db.transaction() as session:
        session.add_all([Item(sku=sku, name="Thing") for sku in skus])
    stocked.post("/api/allotments", {"channel": "web", "lines": [{"sku": sku, "cap": "1"} for sku in skus]})

    first = stocked.get("/api/allotments?channel=web").json
    rest = stocked.get(f"/api/allotments?channel=web&after={first['next']}").json

    assert [line["sku"] for line in (*first["lines"], *rest["lines"])] == skus
    assert rest["next"] is None


def test_said_twice_under_one_key_it_is_done_once(stocked: System):
    answers = [stocked.post("/api/allotments", share(cap="7")) for _ in "ab"]

    assert answers[0].data == answers[1].data
    assert len(audited()) == 1
    assert is_problem(stocked.post("/api/allotments", share(cap="8")), 422)
    assert is_problem(stocked.post("/api/allotments", share(cap="8"), key=None), 400)


def test_a_key_for_orders_or_of_another_channel_shares_nothing_out(stocked: System, app: Flask, chain: Chain):
    shop, kiosk = System(app.test_client(), chain.key), with_key(app, chain, "kiosk")

    for system in (shop, kiosk):
        assert is_problem(system.post("/api/allotments", share(cap="7")), 403)
        assert is_problem(system.post("/api/channels/nodes", {"channel": "web", "kinds": ["dc"]}, key="k2"), 403)
        assert is_problem(take_back(system, "channel=web&sku=85123A"), 403)
        assert is_problem(system.get("/api/allotments?channel=web"), 403)
    assert [each["channel"] for each in kiosk.get("/api/channels").json["channels"]] == ["kiosk"]
    assert audited() == []


ANY = st.sampled_from(["85123A", "web", "", "\0", " ", "x" * 90, "%", "é", "0", "-1", "9" * 12]) | st.text(max_size=5)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.tuples(st.sampled_from(["sku", "channel", "after", "other"]), ANY), max_size=5))
def test_whatever_is_asked_the_answer_is_one_that_is_described(stocked: System, asked: list[tuple[str, str]]):
    said, verbs = urlencode(asked, errors="surrogatepass"), described()["paths"]["/api/allotments"]

    for verb, reply in (("get", stocked.get(f"/api/allotments?{said}")), ("delete", take_back(stocked, said))):
        assert str(reply.status_code) in verbs[verb]["responses"]
        assert reply.status_code == 200 or is_problem(reply, reply.status_code)
