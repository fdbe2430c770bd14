"""Networks whose choice of nodes is hard, and every choice there is, tried one after the other."""

from itertools import combinations
from random import Random

from app.oms.routing_able import Able

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
