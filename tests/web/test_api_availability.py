"""How many may be sold, as another system asks for it."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import db
from app.events.sequence import SourceCursor
from app.oms import availability, channel, inventory, item, kit
from app.oms.channel import Channel
from app.oms.freshness import Heard
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.people import api_client
from app.web.openapi import described
from tests.web.conftest import Chain
from tests.web.test_api import System, is_problem, order


@pytest.fixture
def system(app: Flask, chain: Chain) -> System:
    with db.transaction() as session:
        channel.open_channel(session, Channel(code="web", name="Web", buffer=2))
    catch_up(chain)
    return System(app.test_client(), chain.key)


def catch_up(chain: Chain) -> None:
    with db.transaction() as session:
        availability.catch_up(session, at=chain.at)


def quantities(reply) -> list[str]:
    assert reply.status_code == 200, reply.text
    return [each["quantity"] for each in reply.json["availability"]]


def test_a_store_says_what_is_free_there_and_a_channel_what_it_may_sell(system: System, chain: Chain):
    at_stores = system.get("/api/availability?sku=85123A&store=118&store=204")
    on_web = system.get("/api/availability?sku=85123A&sku=22423&channel=web")

    assert quantities(at_stores) == ["10", "0"]
    assert quantities(on_web) == ["8", "8"]
    assert on_web.json["availability"][0].items() >= {"sku": "85123A", "unit": "each", "channel": "web"}.items()


def test_an_order_is_seen_at_the_store_at_once_and_in_the_channel_when_it_was_worked_out(system: System, chain: Chain):
    system.post("/api/orders", order())

    at_store = quantities(system.get("/api/availability?sku=85123A&store=118"))
    catch_up(chain)

    assert at_store == ["8"]
    assert quantities(system.get("/api/availability?sku=85123A&channel=web")) == ["6"]


def test_many_are_asked_for_at_once_in_a_body(system: System):
    reply = system.post("/api/availability", {"skus": ["22423", "nothing"], "stores": ["118"]}, key=None)

    assert quantities(reply) == ["10"]
    assert reply.json["unknown_skus"] == ["nothing"]


def test_through_a_channel_a_store_offers_no_more_than_the_channel_may_sell(system: System):
    assert quantities(system.get("/api/availability?sku=85123A&store=118&channel=web")) == ["8"]


def test_a_number_says_how_fresh_it_is(system: System, chain: Chain):
    at, hour = chain.at, timedelta(hours=1)
    with db.transaction() as session:
        session.add(SourceCursor(source="till", owner="test", lowest=0, highest=0))
        session.flush()
        for code, heard_at in (("118", at - hour), ("204", at)):
            session.add(Heard(node_id=chain.stores[code], source="till", heard_at=heard_at, occurred_at=heard_at))

    riverside, hilltop = system.get("/api/availability?sku=85123A&store=118&store=204").json["availability"]
    on_web = system.get("/api/availability?sku=85123A&channel=web").json["availability"][0]

    assert (riverside["as_of"], riverside["is_stale"]) == ("2026-11-23T08:00:00Z", True)
    assert (hilltop["as_of"], hilltop["is_stale"]) == ("2026-11-23T09:00:00Z", False)
    assert (on_web["as_of"], on_web["is_stale"]) == ("2026-11-23T08:00:00Z", True)


def test_what_is_weighed_is_answered_in_its_unit(system: System, chain: Chain):
    with db.transaction() as session:
        session.add(Item(sku="CHEESE", name="Cheese", unit="kg", decimals=3))
        session.flush()
        cheese = item.by_sku(session, {"CHEESE"})["CHEESE"]
        cause = Cause(reason=Reason.RECEIPT, document="-", actor="-", occurred_at=chain.at, recorded_at=chain.at)
        change = Change(item_id=cheese.id, node_id=chain.stores["118"], on_hand=cheese.units_of("4.25"))
        inventory.record(session, [change], cause)
    catch_up(chain)

    on_web = system.get("/api/availability?sku=CHEESE&channel=web").json["availability"][0]

    assert (on_web["quantity"], on_web["unit"]) == ("2.250", "kg")


def test_a_kit_is_answered_as_what_its_things_make(system: System, chain: Chain):
    with db.transaction() as session:
        known = item.by_sku(session, {"85123A", "22423"})
        tea = Item(sku="TEA", name="Tea for two")
        session.add(tea)
        session.flush()
        kit.define(session, tea, {known["85123A"].id: 4, known["22423"].id: 1})
    catch_up(chain)

    assert quantities(system.get("/api/availability?sku=TEA&store=118&store=204")) == ["2", "0"]
    assert quantities(system.post("/api/availability", {"skus": ["TEA"], "channel": "web"}, key=None)) == ["0"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("sku=85123A", 422), ("store=118", 422), ("sku=85123A&channel=web&channel=kiosk", 422),
        ("sku=&store=118", 422), ("sku=85123A&store=999", 404), ("sku=85123A&channel=kiosk", 404),
        ("&".join(f"sku=S{n}" for n in range(501)) + "&store=118", 422),
        ("&".join(f"sku=S{n}" for n in range(500)) + "".join(f"&store=S{n}" for n in range(11)), 422),
    ],
)  # fmt: skip
def test_a_question_nobody_can_answer_is_refused(system: System, asked: str, status: int):
    assert is_problem(system.get(f"/api/availability?{asked}"), status)


def test_our_own_words_say_what_is_missing(system: System):
    assert system.get("/api/availability?sku=85123A").json["errors"] == [
        {"field": "", "words": "Name a store or a channel."}
    ]


ANY = st.sampled_from(["85123A", "118", "web", "", "\0", " ", "x" * 90, "%", "é"]) | st.text(max_size=5)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.tuples(st.sampled_from(["sku", "store", "channel", "other"]), ANY), max_size=6))
def test_whatever_is_asked_the_answer_is_one_that_is_described(system: System, asked: list[tuple[str, str]]):
    reply = system.get(f"/api/availability?{urlencode(asked, errors='surrogatepass')}")

    assert str(reply.status_code) in described()["paths"]["/api/availability"]["get"]["responses"]
    assert reply.status_code == 200 or is_problem(reply, reply.status_code)


def test_a_key_kept_to_its_channels_asks_for_no_other(app: Flask, chain: Chain, system: System):
    with db.transaction() as session:
        key = api_client.issue_key(session, name="partner", at=chain.at, channels=["marketplace"])

    assert is_problem(System(app.test_client(), key).get("/api/availability?sku=22423&channel=web"), 403)
    assert is_problem(System(app.test_client(), "guess").get("/api/availability?sku=22423&store=118"), 401)


def test_what_is_promised_twice_is_sold_as_nothing_and_takes_nothing_from_another_store(system: System, chain: Chain):
    item_id, here, there = chain.items["85123A"], chain.stores["118"], chain.stores["204"]
    system.post("/api/orders", order())
    cause = Cause(reason=Reason.SALE, document="till/1", actor="till", occurred_at=chain.at, recorded_at=chain.at)
    with db.transaction() as session:
        inventory.record(session, [Change(item_id=item_id, node_id=here, on_hand=-15),
                                   Change(item_id=item_id, node_id=there, on_hand=7)], cause)  # fmt: skip
    catch_up(chain)

    assert quantities(system.get("/api/availability?sku=85123A&store=118&store=204")) == ["0", "7"]
    assert quantities(system.get("/api/availability?sku=85123A&channel=web")) == ["5"]
