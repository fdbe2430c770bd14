"""The search by itself: equal to trying every set, never below its bound, and done in time where that is hard."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.oms import routing_search
from app.oms.routing_able import Able, undominated
from app.oms.routing_bounds import Bounds
from app.oms.routing_search import MOST_SETS, Search
from tests.oms.networks import HARD, cheapest, network


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32), shape=st.sampled_from(HARD), lines=st.integers(1, 5), nodes=st.integers(1, 9),
    split=st.sampled_from((0, 5, 250)), most=st.integers(1, 5),
)  # fmt: skip
def test_no_set_is_cheaper_than_the_one_found(seed, shape, lines, nodes, split, most):
    wanted, able = network(Random(seed), shape, lines=lines, nodes=nodes)

    search = Search(wanted, list(undominated(able, wanted)), split, most)
    found = search.best()

    best = cheapest(wanted, able, split, most)
    assert (search.is_exact, search.gap) == (True, 0)
    assert (found is None) == (best is None)
    if found is not None and best is not None:
        assert found.cost == pytest.approx(best, abs=1e-4)
        assert Bounds(wanted, able, split, most).least <= best + 1e-6


@pytest.mark.parametrize("most", [1, 3, 8])
@pytest.mark.parametrize("shape", HARD)
def test_eight_lines_and_forty_nodes_are_chosen_exactly(shape, most):
    for seed in range(3):
        wanted, able = network(Random(seed), shape, lines=8, nodes=40)
        search = Search(wanted, list(undominated(able, wanted)), 250, most)
        search.best()
        assert search.is_exact
        assert search.seen < MOST_SETS / 2


def test_a_demand_that_needs_too_many_parcels_is_known_at_once():
    search = Search((16, 16), [Able(number, 100.0, (2, 1), (60.0, 60.0)) for number in range(40)], 250, 8)
    assert (search.best(), search.seen) == (None, 1)


def test_a_search_cut_short_says_how_far_off_it_may_be(monkeypatch: pytest.MonkeyPatch):
    wanted, able = network(Random(0), "far from whole", lines=8, nodes=40)
    whole = Search(wanted, able, 250, 8)
    best = whole.best()

    monkeypatch.setattr(routing_search, "MOST_SETS", whole.seen // 50)
    cut = Search(wanted, able, 250, 8)
    found = cut.best()

    assert best is not None
    assert found is not None
    assert not cut.is_exact
    assert best.cost < found.cost <= best.cost + cut.gap


@given(seed=st.integers(0, 2**32), shape=st.sampled_from(HARD), lines=st.integers(1, 5), most=st.integers(1, 5))
def test_what_a_cut_search_finds_can_be_sent_and_is_no_cheaper_than_the_best(seed, shape, lines, most):
    wanted, able = network(Random(seed), shape, lines=lines, nodes=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routing_search, "MOST_SETS", seed % 7)
        search = Search(wanted, able, 250, most)
        found = search.best()

    best = cheapest(wanted, able, 250, most)
    if found is not None:
        assert best is not None
        assert best - 1e-4 <= found.cost <= best + search.gap + 0.01
        sent = [sum(taken for _, taken in search.spread(found.nodes, line)) for line in range(lines)]
        assert sent == list(wanted)
        assert len({node.node_id for node in found.nodes}) == len(found.nodes) <= most


def test_a_search_cut_before_it_found_anything_takes_what_has_most(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(routing_search, "MOST_SETS", 1)
    nodes = [Able(number, 100.0, stock, (60.0, 60.0)) for number, stock in enumerate([(1, 0), (4, 2), (0, 3)])]

    search = Search((4, 5), nodes, 250, 2)
    found = search.best()

    assert found is not None
    assert ({node.node_id for node in found.nodes}, search.is_exact) == ({1, 2}, False)
    assert found.cost == pytest.approx(2 * 100 + 250 + 9 * 60)
