"""Routing expects of a node what it has shown: who often has not what was asked is asked less."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from app.oms import reliability, sourcing
from app.oms.node_terms import NodeTerms
from app.oms.placing import LineRequest
from app.rules import rule_version
from tests.oms.network import Network, open_network
from tests.oms.shop import Shop

RISK = {"nil_pick_minor": 10_000, "per_km_minor": 0}


@pytest.fixture
def network(session: Session, shop: Shop) -> Network:
    return open_network(session, shop, milk=100)


def place(session: Session, network: Network, number: int):
    line = LineRequest(sku="MILK", quantity=1, unit_price_minor=150)
    return network.place(session, line, external_id=f"W-{number}")


def rate(session: Session, node_id: int) -> float:
    return session.get_one(NodeTerms, node_id).nil_pick_rate


def test_a_place_that_often_has_not_what_is_asked_is_asked_less(session: Session, network: Network):
    at = network.shop.opened_at
    rule_version.publish(session, kind="routing", scope="all", body=RISK, by="ops", at=at)
    for number in range(24):
        order = place(session, network, number)
        if number % 3 == 0:
            line = order.lines[0]
            sourcing.reroute(session, order, {line.id: 1}, reason="not found", actor="Ana", at=at)

    reliability.see(session, at=at + timedelta(hours=1))
    reliability.see(session, at=at + timedelta(hours=1))

    assert rate(session, network.depot) == pytest.approx(1 / 3, abs=0.001)
    assert rate(session, network.vendor) == 0
    order = place(session, network, 99)
    assert {part.node_id for part in order.fulfilments} == {network.vendor}


def test_of_a_place_that_was_asked_for_little_nothing_is_learned(session: Session, network: Network):
    session.get_one(NodeTerms, network.depot).nil_pick_rate = 0.02
    order = place(session, network, 1)
    at = network.shop.opened_at
    sourcing.reroute(session, order, {order.lines[0].id: 1}, reason="not found", actor="Ana", at=at)

    reliability.see(session, at=at)

    assert rate(session, network.depot) == 0.02


def test_what_was_refused_long_ago_is_forgotten(session: Session, network: Network):
    for number in range(reliability.LEAST_LINES):
        order = place(session, network, number)
        sourcing.reroute(session, order, {order.lines[0].id: 1}, reason="gone", actor="A", at=network.shop.opened_at)
    reliability.see(session, at=network.shop.opened_at)
    assert rate(session, network.depot) == 1

    session.get_one(NodeTerms, network.depot).nil_pick_rate = 0.5
    reliability.see(session, at=network.shop.opened_at + reliability.LOOK_BACK + timedelta(days=1))

    assert rate(session, network.depot) == 0.5
