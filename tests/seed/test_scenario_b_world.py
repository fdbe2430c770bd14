"""Scenario B in the shop: a chain that orders are shipped from and collected at, with books that are true."""

import pytest
from sqlmodel import col, func, select

from app import db
from app.config import Settings
from app.events import log
from app.oms import books
from app.oms.address import ShipTo
from app.oms.node import Node, NodeKind
from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.order_line import Fulfilment, FulfilmentKind
from app.oms.routing_decision import Outcome, RoutingDecision
from app.people.store import Store, opening_hours
from app.pickup import tally
from app.rules import bodies, rule_version
from seed import scenario_b, scenario_b_world


@pytest.fixture
def settings(database, database_url, tmp_path):
    return Settings(database_url=database_url, secret_key="k" * 40, var=tmp_path)


def test_the_chain_takes_orders_to_ship_and_to_collect_and_its_books_are_true(settings, nine):
    scenario_b_world.build(settings, nine)

    with db.reading() as session:
        checks = (books.unexplained_balances, books.unexplained_claims, log.broken_links, tally.untrue)
        assert [words for check in checks for words in check(session)] == []
        kinds = dict(session.exec(select(Node.kind, func.count()).group_by(col(Node.kind))).all())
        assert kinds == {NodeKind.DC: 2, NodeKind.STORE: 60, NodeKind.VENDOR: 3}
        assert session.exec(select(func.count()).select_from(NodeTerms)).one() == 65
        orders = session.exec(select(Order)).all()
        assert len(orders) == scenario_b_world.ORDERS
        shipped = [order for order in orders if order.store_id is None]
        assert len(shipped) == len(session.exec(select(ShipTo)).all()) == len(orders) * 2 // 3
        decided = session.exec(select(RoutingDecision)).all()
        assert sum(decision.outcome == Outcome.SHIPPED for decision in decided) >= len(shipped) * 3 // 4
        senders = session.exec(select(Node.kind).join(Fulfilment).where(Fulfilment.kind == FulfilmentKind.SHIP)).all()
        assert len(set(senders)) >= 2
        there = sum(decision.outcome == Outcome.COLLECTED for decision in decided)
        assert 0 < there < len(orders) - len(shipped)  # some collect what is there, some what is brought
        hours = {spec.code: scenario_b.HOURS[spec.hours] for spec in scenario_b.network()}
        for store in session.exec(select(Store)):
            assert opening_hours(session, store).weekly == hours[store.code].weekly
        assert rule_version.in_force(session, bodies.Routing, ["all"], at=nine).body == scenario_b.RULE
