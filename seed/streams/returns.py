"""Which purchase goods come back from: the customer's latest of that item that still has some."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set

from seed.streams.happenings import Basket, Line, ReturnedLine

Bought = tuple[str, str]
"""A customer and an item."""


class Purchases:
    """Remembers only what will be sent back later: the returns of a year are few, its purchases are not."""

    def __init__(self, to_be_returned: Set[Bought]) -> None:
        self._wanted = to_be_returned
        self._bought: dict[Bought, list[tuple[str, int]]] = defaultdict(list)

    def note(self, basket: Basket) -> None:
        for line in basket.lines:
            if basket.household and (basket.household, line.sku) in self._wanted:
                self._bought[basket.household, line.sku].append((basket.external_id, line.quantity))

    def returned(self, customer: str | None, lines: Iterable[Line]) -> tuple[ReturnedLine, ...]:
        return tuple(part for line in lines for part in self._parts(customer, line))

    def _parts(self, customer: str | None, line: Line) -> Iterator[ReturnedLine]:
        """One part for each purchase it undoes, and a last one for what nobody is known to have bought."""
        earlier = self._bought.get((customer, line.sku), []) if customer else []
        left = line.quantity
        while left and earlier:
            purchase_id, held = earlier.pop()
            taken = min(left, held)
            if held > taken:
                earlier.append((purchase_id, held - taken))
            yield ReturnedLine(line.sku, taken, line.unit_price_minor, purchase_id)
            left -= taken
        if left:
            yield ReturnedLine(line.sku, left, line.unit_price_minor, None)
