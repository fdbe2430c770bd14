"""Whatever is sent to the door is answered, message by message, and is never our fault; on either database."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from app import db
from app.events.inbox import InboxMessage, InboxState
from app.oms import books
from tests.conftest import ON_BOTH
from tests.web.conftest import Chain
from tests.web.test_api import is_problem
from tests.web.test_api_contract import ANYTHING, places_of
from tests.web.test_intake import BATCH, STRUCTURED, Till, event


@pytest.fixture(params=ON_BOTH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """They differ in what they choke on."""
    yield from request.getfixturevalue(f"copy_of_{request.param}")()


@pytest.fixture
def till(app: Flask, chain: Chain) -> Till:
    return Till(app, chain)


SNAPSHOT = {"node": "118", "sku": "22423", "quantity": "7", "as_of": "2026-11-23T08:00:00Z"}
REPORTED = "org.readyshelf.inventory.snapshot.reported.v1"


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), number=st.integers(0, 10**9))
def test_whatever_an_event_holds_it_gets_an_answer_of_its_own(till: Till, data: st.DataObject, number: int):
    said = [event(f"a{number}", sequence=str(number)), event(f"b{number}", type=REPORTED, data=SNAPSHOT)]
    body = deepcopy(said)
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(places_of(body)))
        inner: Any = body
        for step in way:
            inner = inner[step]
        inner[last] = data.draw(ANYTHING)

    reply = till.tell(body, BATCH)

    assert reply.status_code == 202 or is_problem(reply, 400)
    if reply.status_code == 202:
        assert len(reply.json["results"]) == len(body)
        assert all(
            result["state"] in set(InboxState) - {InboxState.RECEIVED, InboxState.DEAD}
            for result in reply.json["results"]
        )
    with db.reading() as session:
        assert session.exec(select(InboxMessage.id).where(InboxMessage.state == InboxState.RECEIVED)).all() == []
        assert list(books.unexplained_balances(session)) == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ce-id": "1"},
        {"ce-specversion": "0.3", "ce-id": "1", "ce-source": "/x", "ce-type": "t"},
        {"ce-specversion": "1.0", "ce-id": "%00", "ce-source": "/x", "ce-type": "t"},
        {"ce-specversion": "1.0", "ce-id": "%ff%fe", "ce-source": "/x", "ce-type": "t"},
        {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/x", "ce-type": "t", "ce-time": "yesterday"},
        {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/x", "ce-type": "t", "ce-sequence": "-1"},
        {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/x", "ce-type": "t", "ce-data": "{}"},
    ],
)
@pytest.mark.parametrize("body", [{}, [], "text", None, 1])
def test_whatever_stands_in_headers_is_never_our_fault(till: Till, headers: dict[str, str], body: Any):
    reply = till.tell(body, "application/json", **headers)

    assert reply.status_code == 202
    assert reply.json["results"][0]["state"] in {"quarantined", "rejected"}


def test_a_body_made_to_be_read_slowly_or_deeply_is_refused(till: Till):
    for body in (b'"' + b'\\"' * 400_000, b"[" * 500_000, b'{"a":' * 100_000):
        assert is_problem(till.tell(body, STRUCTURED), 400)
