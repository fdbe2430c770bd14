"""The search by itself: equal to trying every set, never below its bound, and done in time where that is hard."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.oms import routing_search
from app.oms.routing_bounds import Bounds
from app.oms.routing_search import MOST_SETS, Able, Search, undominated

HARD = ("far from whole", "one price", "free to open", "many thin")


def network(dice: Random, shape: str, *, lines: int, nodes: int) -> tuple[tuple[int, ...], list[Able]]:
    """Demands that are hard in a way of their own: nothing fits, everything is alike, or all may be used."""
    wanted = tuple(dice.randint(1, 6) for _ in range(lines))
    return wanted, sorted((_able(dice, shape, number, wanted) for number in range(nodes)), key=lambda each: each.fixed)


def _able(dice: Random, shape: str, number: int, wanted: tuple[int, ...]) -> Able:
    whole = tuple(want if dice.random() < 0.3 else 0 for want in wanted)
    prices = tuple(dice.uniform(40, 300) for _ in wanted)
    if shape == "one price":
        return Able(number, 400, whole, (60.0,) * len(wanted))
    if shape == "free to open":
        return Able(number, dice.uniform(0, 30), whole, tuple(10 * each for each in prices))
    if shape == "many thin":
        thin = tuple(dice.randint(1, max(1, want // 2)) for want in wanted)
        return Able(number, dice.uniform(300, 330), thin, (60.0,) * len(wanted))
    return Able(number, dice.uniform(200, 900), tuple(dice.randint(0, want) for want in wanted), prices)


def cheapest(wanted: tuple[int, ...], nodes: list[Able], split: float, most: int) -> float | None:
    """Every set, one after the other."""
    sets = (chosen for size in range(1, most + 1) for chosen in combinations(nodes, size))
    return min((cost for chosen in sets if (cost := _cost(wanted, chosen, split)) is not None), default=None)


def _cost(wanted: tuple[int, ...], chosen: tuple[Able, ...], split: float) -> float | None:
    cost = sum(node.fixed for node in chosen) + split * (len(chosen) - 1)
    for line, want in enumerate(wanted):
        prices = sorted(node.price[line] for node in chosen for _ in range(node.stock[line]))
        if len(prices) < want:
            return None
        cost += sum(prices[:want])
    return cost


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
