"""How fast nodes are chosen, whether a choice is ever dearer than the best there is, and what the hardest cases take.

No database: `choose` is pure. Orders of one to eight lines are put to forty and to all 65 nodes of scenario B as they
stand while its stock runs down. The rival tries every set of nodes, in the same language, on cases it can finish.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from statistics import quantiles
from time import perf_counter
from typing import Any

from app.oms import routing
from app.oms.routing import Candidate, Demand
from app.oms.routing_able import Able, undominated
from app.oms.routing_search import Search
from bench.claims import at_least, at_most, finish
from seed import routing_policies, scenario_b, scenario_b_orders, scenario_b_stock
from seed.routing_trial import Shop, Trial, weights_of
from tests.oms.networks import HARD, cheapest, network

CHOICES = {False: 2000, True: 60}
CASES = {False: (2000, 40), True: (60, 2)}
HARDEST = {False: 100, True: 2}
"""Questions, small and full cases for brute force, hard ones of each shape: for a measurement and for a smoke run."""
SPLIT = 250
Network = tuple[tuple[int, ...], list[Able]]


def questions(count: int, *, nodes: int) -> Iterator[tuple[Demand, list[Candidate]]]:
    """What the orders of scenario B ask, of the centres, the vendors and as many shops as make up the number."""
    chain = scenario_b.network()
    chosen = [*chain[:2], *chain[-3:], *chain[2:-3]][:nodes]
    trade = scenario_b_orders.make_up(count, seed=1)
    shop = Shop(chosen, trade, scenario_b_stock.lay_out(chosen, trade.sales, seed=1))
    trial = Trial(routing_policies.cheapest, scenario_b.RULE, shop)
    for order in trade.orders:
        yield trial.question(order)
        trial.send(order)


def speed(count: int, *, nodes: int) -> dict[str, float]:
    weights, times, cut = weights_of(scenario_b.RULE), [], 0
    for demand, candidates in questions(count, nodes=nodes):
        began = perf_counter()
        decision = routing.choose(demand, candidates, weights)
        times.append(perf_counter() - began)
        cut += not decision.is_exact
    return {**_milliseconds(times), "orders_per_second": round(len(times) / sum(times)), "cut": cut}


def small_cases(count: int) -> Iterator[tuple[Network, int]]:
    """One to five lines, five to eleven nodes, one to five parcels: up to a thousand sets each."""
    for seed in range(count):
        dice = Random(seed)  # noqa: S311 - cases, not secrets
        shape, lines, nodes = HARD[seed % len(HARD)], dice.randint(1, 5), dice.randint(5, 11)
        yield network(dice, shape, lines=lines, nodes=nodes), dice.randint(1, 5)


def full_cases(count: int) -> Iterator[tuple[Network, int]]:
    """Eight lines, forty nodes, three parcels: 10,700 sets each."""
    return ((network(Random(seed), HARD[seed % len(HARD)], lines=8, nodes=40), 3) for seed in range(count))  # noqa: S311


def against_brute_force(cases: Iterator[tuple[Network, int]]) -> dict[str, float]:
    ours = rivals = 0.0
    count = differing = 0
    for case, most in cases:
        search, took = _timed(partial(_search, case, most))
        best, rival = _timed(partial(cheapest, *case, SPLIT, most))
        found, count, ours, rivals = search.found, count + 1, ours + took, rivals + rival
        differing += (found is None) != (best is None) or (found is not None and abs(found.cost - best) > 1e-4)
    return {"cases": count, "differing": differing, "times_faster": round(rivals / ours, 1)}


def hardest(count: int, *, lines: int, nodes: int, most: int) -> dict[str, float]:
    """All shapes of hard cases; the gap is a share of the cost found, where the search was cut."""
    times, cut, unfound, gap = [], 0, 0, 0.0
    for shape in HARD:
        for seed in range(count):
            case = network(Random(seed), shape, lines=lines, nodes=nodes)  # noqa: S311
            search, took = _timed(partial(_search, case, most))
            times.append(took)
            cut += not search.is_exact
            unfound += not search.is_exact and search.found is None
            gap = max(gap, search.gap / search.found.cost if search.found else 0.0)
    return {**_milliseconds(times), "cases": len(times), "cut": cut, "unfound": unfound, "largest_gap": round(gap, 3)}


def _search(case: Network, most: int) -> Search:
    wanted, able = case
    search = Search(wanted, list(undominated(able, wanted)), SPLIT, most)
    search.best()
    return search


def _timed(deed: Callable[[], Any]) -> tuple[Any, float]:
    began = perf_counter()
    return deed(), perf_counter() - began


def _milliseconds(times: list[float]) -> dict[str, float]:
    cuts = quantiles(times, n=100, method="inclusive")
    named = {"p50_ms": cuts[49], "p99_ms": cuts[98], "longest_ms": max(times)}
    return {name: round(took * 1000, 2) for name, took in named.items()}


def measure(*, is_quick: bool) -> dict[str, dict[str, float]]:
    hard, (small, full) = HARDEST[is_quick], CASES[is_quick]
    return {
        "40 nodes": speed(CHOICES[is_quick], nodes=40),
        "65 nodes": speed(CHOICES[is_quick], nodes=65),
        "brute force, small": against_brute_force(small_cases(small)),
        "brute force, 8 lines, 40 nodes": against_brute_force(full_cases(full)),
        "hard: 8 lines, 40 nodes, 3 parcels": hardest(hard, lines=8, nodes=40, most=3),
        "hard: 8 lines, 40 nodes, 8 parcels": hardest(hard, lines=8, nodes=40, most=8),
        "beyond: 30 lines, 65 nodes, 8 parcels": hardest(hard, lines=30, nodes=65, most=8),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.routing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few orders and few cases")
    figures = measure(is_quick=parser.parse_args().quick)
    for name, found in figures.items():
        print(f"{name:<40}" + "  ".join(f"{what} {value:,}" for what, value in found.items()))
    goals = {
        "differing_from_brute_force": at_most(figures["brute force, small"]["differing"], 0),
        "differing_at_full_size": at_most(figures["brute force, 8 lines, 40 nodes"]["differing"], 0),
        "cut_at_3_parcels": at_most(figures["hard: 8 lines, 40 nodes, 3 parcels"]["cut"], 0),
        "hard_longest_ms": at_most(figures["hard: 8 lines, 40 nodes, 3 parcels"]["longest_ms"], 500),
        "beyond_longest_ms": at_most(figures["beyond: 30 lines, 65 nodes, 8 parcels"]["longest_ms"], 2000),
        "orders_per_second": at_least(figures["65 nodes"]["orders_per_second"], 200),
    }
    return finish("routing", figures, goals)


if __name__ == "__main__":
    sys.exit(main())
