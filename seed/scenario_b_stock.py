"""What lies where in scenario B: centres deep, shops shallow and of what sells, vendors with what hardly does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from app.oms.node import NodeKind
from seed.scenario_b import NodeSpec
from seed.streams import dice

DROP_SHIPPED = 0.12
"""The share of items only vendors have, but for a shop here and there."""
DEPTH = {NodeKind.DC: 0.42, NodeKind.VENDOR: 0.2}
RANGE = ((0.2, 0.45), (0.6, 0.18), (1.0, 0.05))
"""Which share of the shops has an item of the first fifth by sales, of the next two, and of the rest."""
CENTRES_RANGE, ALSO_RANGE = 0.97, 0.15
"""The share of the other items a centre has, and a vendor beside it."""
OLDEST_DAYS = 180

Stock = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Sales:
    """How much of an item the orders ask for: in all, in a usual line, and in the largest."""

    units: int
    usual: int
    largest: int


def lay_out(nodes: Iterable[NodeSpec], sales: Mapping[str, Sales], *, seed: int) -> Stock:
    """By node and sku; the same seed lays out the same."""
    known = list(nodes)
    layout = _Layout(sales, [node.code for node in known if node.kind == NodeKind.VENDOR], str(seed))
    stock: Stock = {}
    for node in known:
        held = {sku: layout.units(node, sku) for sku in sorted(sales)}
        stock[node.code] = {sku: units for sku, units in held.items() if units}
    return stock


class _Layout:
    def __init__(self, sales: Mapping[str, Sales], vendors: list[str], seed: str) -> None:
        self._sales, self._vendors, self._seed = sales, vendors, seed
        ranked = sorted(sales, key=lambda sku: (-sales[sku].units, sku))
        places = {sku: place / len(ranked) for place, sku in enumerate(ranked, 1)}
        self._shares = {sku: next(share for upto, share in RANGE if place <= upto) for sku, place in places.items()}

    def units(self, node: NodeSpec, sku: str) -> int:
        sold = self._sales[sku]
        if node.kind == NodeKind.STORE:
            has = self._falls_within(self._shares[sku], "shop", node.code, sku)
            return 1 + dice.pick(2 * sold.usual, self._seed, "units", node.code, sku) if has else 0
        is_drop_shipped = self._falls_within(DROP_SHIPPED, "drop-shipped", sku)
        if node.kind == NodeKind.DC:
            has = not is_drop_shipped and self._falls_within(CENTRES_RANGE, "centre", node.code, sku)
            return max(ceil(sold.units * DEPTH[node.kind]), sold.largest) if has else 0
        if is_drop_shipped:
            is_its = self._vendors[dice.pick(len(self._vendors), self._seed, "vendor", sku)] == node.code
            return sold.units if is_its else 0
        return ceil(sold.units * DEPTH[node.kind]) if self._falls_within(ALSO_RANGE, "also", node.code, sku) else 0

    def _falls_within(self, share: float, *words: str) -> bool:
        return dice.falls_within(share, self._seed, *words)


def age_days(node: NodeSpec, sku: str) -> float:
    """How long an item has lain there: weeks in a centre, half a year in a shop."""
    return float(dice.pick(OLDEST_DAYS if node.kind == NodeKind.STORE else 30, "age", node.code, sku))


def weight_g(sku: str, price_minor: int) -> int:
    """The data has no weights: what costs more is heavier, give or take a half."""
    usual = 60 + min(price_minor, 3000) * 0.6
    return round(usual * (0.5 + dice.pick(1000, "weight", sku) / 1000))
