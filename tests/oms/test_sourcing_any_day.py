"""Whatever happens in whatever order: nothing goes back to a place that refused it, and every unit is kept once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from app import db
from app.oms import answering, books, looking_again, sourcing
from app.oms import order as orders
from app.oms.answering import WhyNot
from app.oms.correction import Counted, open_reckoning
from app.oms.inventory import Reason
from app.oms.node import Node
from app.oms.order import Order
from app.oms.order_line import PLACES
from app.oms.order_status import OVER
from app.oms.routing_decision import RoutingRefusal
from app.refusals import Refusal
from tests.oms.network import Network, open_network
from tests.oms.shop import open_shop
from tests.oms.test_sourcing import milk

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
acts = st.lists(
    st.tuples(
        st.sampled_from(["refuse", "can't", "reroute", "override", "count", "deliver", "look", "order"]),
        st.integers(0, 2),
        st.integers(1, 6),
    ),
    max_size=12,
)


@contextmanager
def thrown_away(database: db.Database) -> Iterator[Session]:
    with db.current().write_lock, Session(database.writing, expire_on_commit=False) as session:
        yield session
        session.rollback()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts)
def test_nothing_goes_back_to_a_place_that_refused_it_before_it_has_counted(
    database: db.Database, happens: list[tuple[str, int, int]]
):
    with thrown_away(database) as session:
        network = open_network(session, open_shop(session, NINE))
        known = [network.place(session, milk(4)).id]
        for step, (act, which, units) in enumerate(happens, 1):
            at = NINE + step * MINUTE
            order = orders.locked(session, known[which % len(known)])
            before = kept(order)
            try:
                with session.begin_nested():
                    do(session, network, act, which, units, order, known, at=at)
            except Refusal:
                pass
            session.flush()
            for order_id in known:
                holds(session, orders.locked(session, order_id), before if order_id == order.id else None)
        assert list(books.unexplained_claims(session)) == []
        assert list(books.unexplained_balances(session)) == []


def do(session, network: Network, act: str, which: int, units: int, order: Order, known: list[int], *, at: datetime):
    node_id = network.nodes[which]
    line = next((line for line in order.lines if line.reserved), None)
    if act == "order":
        known.append(network.place(session, milk(units), external_id=f"B-{at.minute}").id)
    elif act == "deliver":
        network.stock(session, node_id, milk=units)
    elif act == "count":
        key = network.shop.milk, node_id
        reckoning = open_reckoning(session, [], [(key, at)])
        missed = reckoning.missed_before(key, at)
        reckoning.correct_to(key, 10, at, network.shop.cause(Reason.COUNT), unsuppress=missed)
        reckoning.save()
    elif act == "look":
        looking_again.look(session, order.id, at=at + timedelta(hours=1))
    elif act == "override":
        sourcing.override(session, order, session.get_one(Node, node_id), reason="so", actor="test", at=at)
    elif act == "reroute" and line is not None:
        sourcing.reroute(session, order, {line.id: min(units, line.reserved)}, reason="so", actor="test", at=at)
    elif act in ("refuse", "can't") and line is not None:
        part = next(part for part in order.fulfilments if part.id == line.fulfilment_id)
        why = WhyNot.NOT_THERE if act == "refuse" else WhyNot.CANT_SEND
        answering.refuse(session, order, part, {line.item_id: min(units, line.reserved)}, why=why, actor="test", at=at)


def kept(order: Order) -> dict[int, int]:
    """Units kept by node."""
    nodes = {part.id: part.node_id for part in order.fulfilments}
    found: dict[int, int] = {}
    for line in order.lines:
        if line.reserved and line.fulfilment_id is not None:
            node_id = nodes[line.fulfilment_id]
            found[node_id] = found.get(node_id, 0) + line.reserved
    return found


def holds(session: Session, order: Order, before: dict[int, int] | None) -> None:
    assert sum(line.ordered for line in order.lines) == sum(
        getattr(line, place) for line in order.lines for place in PLACES
    )
    for refusal in session.exec(select(RoutingRefusal).where(RoutingRefusal.order_id == order.id)):
        counted = session.get(Counted, (refusal.item_id, refusal.node_id), populate_existing=True)
        if counted is None or counted.as_of <= refusal.refused_at:
            was = (before or kept(order)).get(refusal.node_id, 0)
            assert kept(order).get(refusal.node_id, 0) <= was, "it went back"


@pytest.mark.parametrize("units", [4])
def test_an_order_that_is_over_goes_nowhere(session: Session, nine: datetime, units: int):
    network = open_network(session, open_shop(session, nine))
    order = network.place(session, milk(units))
    order.cancel(session, reason="no", actor="test", at=nine)
    assert order.status in OVER

    with pytest.raises(Refusal):
        sourcing.override(session, order, session.get_one(Node, network.vendor), reason="so", actor="x", at=nine)
