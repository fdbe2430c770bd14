"""What lies on the shelves at the start: enough for nearly everything, and here and there too little."""

from collections.abc import Iterator, Mapping
from math import ceil

from seed.streams import dice
from seed.streams.world import StockSpec

FACTOR = 1.5
SHORT_SHARE = 0.03

ASSUMPTION = f"""
  - Opening stock is {FACTOR:g} times what the chosen days sell of an item in a store, rounded up; {SHORT_SHARE:.0%}
    of the shelves, always the same ones, start with half of what they sell, so that some orders meet an empty shelf.
"""


def for_demand(demand: Mapping[tuple[str, str], int]) -> Iterator[StockSpec]:
    for (store_code, sku), wanted in sorted(demand.items()):
        yield StockSpec(store_code, sku, _on_hand(store_code, sku, wanted))


def _on_hand(store_code: str, sku: str, wanted: int) -> int:
    if dice.falls_within(SHORT_SHARE, "short", store_code, sku):
        return wanted // 2
    return ceil(wanted * FACTOR)
