"""Routing: who may serve, what it costs, and never a dearer choice than the best there is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.oms import routing
from app.oms.routing import Candidate, Demand, Excluded, Method, Need, Weights

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MUG, LAMP, MILK = 1, 2, 3


def node(node_id: int, mug: int = 0, lamp: int = 0, milk: int = 0, **other: object) -> Candidate:
    known = Candidate(node_id=node_id, free={MUG: mug, LAMP: lamp, MILK: milk}, ready_at=NOON, capacity_left=9)
    return replace(known, **other)  # type: ignore[arg-type]


def demand(mug: int = 0, lamp: int = 0, milk: int = 0, **other: object) -> Demand:
    needs = tuple(
        Need(line=line, item_id=item_id, quantity=quantity, is_cold=item_id == MILK, weight_g=400)
        for line, (item_id, quantity) in enumerate(((MUG, mug), (LAMP, lamp), (MILK, milk))) if quantity
    )  # fmt: skip
    asked = Demand(method=Method.SHIP, needs=needs, promised_at=NOON + timedelta(hours=1))
    return replace(asked, **other)  # type: ignore[arg-type]


def who(decision: routing.Decision) -> list[int]:
    return sorted(part.node_id for part in decision.parts)


def test_one_node_that_has_all_is_chosen_before_two_that_are_nearer():
    near = [node(1, mug=1, distance_km=1), node(2, lamp=1, distance_km=1)]
    assert who(routing.choose(demand(mug=1, lamp=1), [*near, node(3, mug=1, lamp=1, distance_km=200)])) == [3]


def test_two_parcels_are_sent_when_the_one_would_cost_more_than_the_split():
    cheap = [node(1, mug=1), node(2, lamp=1)]
    dear = node(3, mug=1, lamp=1, parcel_minor=2000)
    assert who(routing.choose(demand(mug=1, lamp=1), [*cheap, dear])) == [1, 2]


def test_a_line_no_node_can_fill_alone_is_filled_by_two():
    decision = routing.choose(demand(mug=5), [node(1, mug=3), node(2, mug=2), node(3, mug=1)])
    assert {part.node_id: dict(part.units) for part in decision.parts} == {1: {0: 3}, 2: {0: 2}}


def test_no_more_parcels_than_the_limit_and_then_nothing_is_chosen():
    nodes = [node(number, mug=1) for number in range(1, 5)]
    assert not routing.choose(demand(mug=4, most_splits=3), nodes).is_complete
    assert routing.choose(demand(mug=4, most_splits=4), nodes).is_complete


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (node(1, mug=1, is_up=False), Excluded.DOWN),
        (node(1, mug=1, methods=frozenset({Method.PICKUP})), Excluded.METHOD_OFF),
        (node(1, mug=1, capacity_left=0), Excluded.FULL),
        (node(1, mug=1, ready_at=NOON + timedelta(hours=2)), Excluded.TOO_LATE),
        (node(1, lamp=1), Excluded.NO_STOCK),
        (node(1, mug=1, refused=frozenset({MUG})), Excluded.REFUSED),
    ],
)
def test_a_node_that_may_not_serve_says_why(candidate: Candidate, why: Excluded):
    decision = routing.choose(demand(mug=1), [candidate, node(2, mug=1)])
    assert (decision.excluded, who(decision)) == ({1: why}, [2])


def test_cold_goods_come_only_from_a_cold_chain():
    warm = node(1, milk=1, has_cold_chain=False)
    decision = routing.choose(demand(milk=1), [warm, node(2, milk=1, parcel_minor=900)])
    assert (decision.excluded, who(decision)) == ({1: Excluded.NO_COLD_CHAIN}, [2])


def test_a_node_without_cold_chain_still_sends_the_rest():
    warm, cold = node(1, mug=1, milk=1, has_cold_chain=False), node(2, milk=1)
    assert who(routing.choose(demand(mug=1, milk=1), [warm, cold])) == [1, 2]


def test_a_pickup_is_served_where_the_customer_comes():
    collect = demand(mug=1, method=Method.PICKUP, collect_at=2)
    decision = routing.choose(collect, [node(1, mug=9), node(2, mug=1)])
    assert (who(decision), decision.excluded) == ([2], {1: Excluded.OTHER_STORE})


@pytest.mark.parametrize(
    "worse",
    [{"load": 0.9}, {"nil_pick_rate": 0.2}, {"carrier_failure_rate": 0.3}, {"distance_km": 80}, {"per_kg_minor": 300}],
)
def test_what_makes_a_node_dearer_sends_the_order_elsewhere(worse: dict[str, Any]):
    assert who(routing.choose(demand(mug=1), [node(1, mug=1, **worse), node(2, mug=1)])) == [2]


def test_old_stock_is_sold_first():
    assert who(routing.choose(demand(mug=1), [node(1, mug=1), node(2, mug=1, age_days={MUG: 60})])) == [2]


def test_the_order_of_the_candidates_does_not_matter():
    nodes = [node(number, mug=2, lamp=1) for number in (3, 1, 2)]
    assert routing.choose(demand(mug=2, lamp=1), nodes) == routing.choose(demand(mug=2, lamp=1), nodes[::-1])


stocks = st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=5)
costs = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 5), st.integers(0, 40)), min_size=5, max_size=5)
marks = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), min_size=5, max_size=5)


@given(
    stocks=stocks, costs=costs, marks=marks, wanted=st.tuples(*[st.integers(0, 3)] * 3).filter(any),
    limit=st.integers(1, 4),
)  # fmt: skip
def test_no_choice_is_cheaper_than_ours(stocks, costs, marks, wanted, limit):
    nodes = [
        node(number, *stock, parcel_minor=parcel, nil_pick_rate=nil / 10, age_days={MUG: age},
             has_cold_chain=not is_warm, refused=frozenset({MUG} if refuses else ()), capacity_left=left)
        for number, (stock, (parcel, nil, age), (is_warm, refuses, left))
        in enumerate(zip(stocks, costs, marks, strict=False), 1)
    ]  # fmt: skip
    asked = demand(*wanted, most_splits=limit)

    decision = routing.choose(asked, nodes)

    cheapest = min(every_way(asked, nodes), default=None)
    assert decision.is_complete == (cheapest is not None)
    if cheapest is not None:
        assert decision.cost == pytest.approx(cheapest, abs=0.01)
        assert _sent(decision) == {need.line: need.quantity for need in asked.needs}


def every_way(asked: Demand, nodes: list[Candidate]) -> Iterator[float]:
    """What each possible way of spreading the units costs: brute force, for small cases only."""
    weights = Weights()
    spreads = [list(_spreads(need, nodes)) for need in asked.needs]
    for spread in product(*spreads):
        used = {number for line in spread for number, units in enumerate(line) if units}
        if len(used) <= asked.most_splits:
            cost = weights.split_minor * (len(used) - 1.0)
            cost += sum(routing._fixed(nodes[number], asked, weights) for number in used)
            cost += sum(
                units * routing._price(nodes[number], need, asked, weights)
                for need, line in zip(asked.needs, spread, strict=True) for number, units in enumerate(line)
            )  # fmt: skip
            yield cost


def _spreads(need: Need, nodes: list[Candidate]) -> Iterator[tuple[int, ...]]:
    for cuts in combinations(range(need.quantity + len(nodes) - 1), len(nodes) - 1):
        edges = (-1, *cuts, need.quantity + len(nodes) - 1)
        spread = tuple(after - before - 1 for before, after in pairwise(edges))
        if all(units <= _may_send(need, each) for units, each in zip(spread, nodes, strict=True)):
            yield spread


def _may_send(need: Need, each: Candidate) -> int:
    is_kept = need.item_id in each.refused or (need.is_cold and not each.has_cold_chain) or each.capacity_left < 1
    return 0 if is_kept else each.free[need.item_id]


def _sent(decision: routing.Decision) -> dict[int, int]:
    sent: dict[int, int] = {}
    for part in decision.parts:
        for line, units in part.units.items():
            sent[line] = sent.get(line, 0) + units
    return sent
