"""The door for stock facts, as other systems knock at it."""

import json
from typing import Any

import pytest
from flask import Flask
from sqlmodel import select

from app import db
from app.events.quarantine import Quarantined
from app.oms import inventory
from app.people import api_client
from app.people.api_client import Scope
from tests.web.conftest import Chain
from tests.web.test_api import is_problem

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
ADJUSTED = "org.readyshelf.inventory.adjusted.v1"


def event(message_id: str = "e1", **changes: Any) -> dict[str, Any]:
    sale = {"node": "118", "sku": "85123A", "delta": "-2", "uom": "each", "reason": "sale", "document_ref": "R-1"}
    said: dict[str, Any] = {
        "specversion": "1.0", "id": message_id, "source": "/tills/118", "type": ADJUSTED,
        "time": "2026-11-23T08:59:00Z", "datacontenttype": "application/json", "data": sale,
    }  # fmt: skip
    return said | changes


class Till:
    """A system with a key for stock."""

    def __init__(self, app: Flask, chain: Chain, *, name: str = "till", scope: Scope = Scope.STOCK) -> None:
        with db.transaction() as session:
            key = api_client.issue_key(session, name=name, at=chain.at, scopes=[scope])
        self.client, self.headers = app.test_client(), {"Authorization": f"Bearer {key}"}

    def tell(self, body: Any, kind: str = STRUCTURED, **headers: str):
        said = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post("/in/events", data=said, content_type=kind, headers={**self.headers, **headers})


@pytest.fixture
def till(app: Flask, chain: Chain) -> Till:
    return Till(app, chain)


def on_hand(chain: Chain, sku: str = "85123A", store: str = "118") -> int:
    with db.reading() as session:
        kept = inventory.balance_of(session, item_id=chain.items[sku], node_id=chain.stores[store])
        return kept.on_hand if kept is not None else 0


def test_an_event_moves_stock_and_is_answered_when_it_is_on_disk(till: Till, chain: Chain):
    reply = till.tell(event())

    assert reply.status_code == 202
    assert reply.json == {"results": [{"id": "e1", "state": "applied", "words": "", "first": None}]}
    assert on_hand(chain) == 8


def test_the_three_ways_of_sending_it_are_one_message(till: Till, chain: Chain):
    said = event()
    headers = {f"ce-{name}": said[name] for name in ("specversion", "id", "source", "type", "time")}

    replies = [till.tell(said["data"], "application/json", **headers), till.tell(said), till.tell([said, said], BATCH)]

    assert [reply.status_code for reply in replies] == [202] * 3
    results = [result for reply in replies for result in reply.json["results"]]
    assert [result["state"] for result in results] == ["applied", "duplicate", "duplicate", "duplicate"]
    assert {result["first"] for result in results[1:]} == {"applied"}
    assert on_hand(chain) == 8


def test_a_batch_gets_one_result_for_each(till: Till, chain: Chain):
    odd = [event("e2", source=7), event("e3", type="com.example.else"), event("e4", data={}), "text", event("e5")]

    reply = till.tell([event(), *odd], BATCH)

    said = [(result["id"], result["state"]) for result in reply.json["results"]]
    assert said == [("e1", "applied"), ("e2", "quarantined"), ("e3", "rejected"), ("e4", "rejected"),
                    (None, "quarantined"), ("e5", "applied")]  # fmt: skip
    assert all(result["words"] for result in reply.json["results"][1:5])
    assert on_hand(chain) == 6


def test_an_empty_batch_is_no_trouble(till: Till):
    assert till.tell([], BATCH).json == {"results": []}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": "e1", "id": "e2"}', b"\xff", b'{"data": NaN}'])
def test_what_cannot_be_read_is_set_aside_once_and_refused(till: Till, body: bytes):
    replies = [till.tell(body, BATCH if body == b"" else STRUCTURED) for _ in "ab"]

    if body == b"[]":
        assert replies[0].json["results"][0]["state"] == "quarantined"
    else:
        assert all(is_problem(reply, 400) for reply in replies)
    with db.reading() as session:
        assert len(session.exec(select(Quarantined)).all()) == 1


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", f"{STRUCTURED}; charset=utf-16", "application/x-www-form-urlencoded"]
)
def test_what_is_no_event_at_all_is_not_taken(till: Till, kind: str):
    assert is_problem(till.tell(event(), kind), 415)


def test_more_than_anybody_sends_at_once_is_refused_whole(till: Till, chain: Chain):
    assert is_problem(till.tell([event(str(n)) for n in range(1001)], BATCH), 413)
    assert is_problem(till.tell(b" " * (1024 * 1024 + 1)), 413)
    assert on_hand(chain) == 10


def test_a_thousand_events_are_one_delivery(till: Till, chain: Chain):
    reply = till.tell([event(f"event-{n:08}", sequence=f"{n:012}", subject="118/85123A") for n in range(1000)], BATCH)

    assert {result["state"] for result in reply.json["results"]} == {"applied"}
    assert on_hand(chain) == 10 - 2000


def test_a_key_for_orders_tells_nothing_about_stock_and_the_other_way_round(app: Flask, chain: Chain, till: Till):
    assert is_problem(Till(app, chain, scope=Scope.ORDERS).tell(event()), 403)
    assert is_problem(till.client.get("/api/orders/1", headers=till.headers), 403)
    assert is_problem(app.test_client().post("/in/events", json=event()), 401)
    assert on_hand(chain) == 10


def test_what_waits_for_a_person_and_what_never_came_shows_in_the_figures(till: Till):
    till.tell([event("e1", sequence="01"), event("e2", sequence="03", type="com.example.else")], BATCH)

    figures = till.client.get("/metrics").get_data(as_text=True)

    assert 'readyshelf_inbox_messages{state="rejected"} 1.0' in figures
    assert "readyshelf_source_gap_seconds 0.0" in figures
    assert "readyshelf_stale_nodes 0.0" in figures
