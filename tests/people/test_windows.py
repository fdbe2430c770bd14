"""How long things may take: a rule for the store before its region's before one for all before the store's own."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from app.oms.node import Node, NodeKind
from app.people import windows
from app.people.store import Region, Store
from app.rules import rule_version

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(session: Session) -> Store:
    region, node = Region(code="N", name="North"), Node(kind=NodeKind.STORE, code="118", name="Riverside")
    session.add_all([region, node])
    session.flush()
    store = Store(id=node.id, region_id=region.id, code="118", name="Riverside", time_zone="Europe/London", hold_days=4)
    session.add(store)
    session.flush()
    return store


def publish(session: Session, scope: str, at: datetime, **body: int) -> None:
    rule_version.publish(session, kind="windows", scope=scope, body=body, by="test", at=at)


def test_without_a_rule_the_stores_own_settings_hold(session: Session, store: Store, nine: datetime):
    held = windows.of(session, store, at=nine)

    assert (held.ack, held.answer, held.hold_days) == (5 * MINUTE, 10 * MINUTE, 4)


def test_the_narrowest_rule_that_says_it_decides(session: Session, store: Store, nine: datetime):
    publish(session, "all", nine, ack_s=60, answer_s=120, hold_days=9)
    publish(session, "region:N", nine, ack_s=180)
    publish(session, "store:118", nine, hold_days=2)
    publish(session, "store:204", nine, ack_s=1, answer_s=1, hold_days=1)

    held = windows.of(session, store, at=nine)

    assert (held.ack, held.answer, held.hold_days) == (3 * MINUTE, 2 * MINUTE, 2)
    assert windows.of(session, store, at=nine - MINUTE).hold_days == 4
