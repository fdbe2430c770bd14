"""The search for the cheapest set of nodes: exact, smallest sets first, with a bound that ends it early."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

MOST_SETS = 200_000


@dataclass(frozen=True, slots=True)
class Able:
    """A node that may serve: what it costs to use it at all, and per need how many units it has and at what price."""

    node_id: int
    fixed: float
    stock: tuple[int, ...]
    price: tuple[float, ...]


def undominated(able: Sequence[Able], wanted: Sequence[int]) -> Iterator[Able]:
    """Leave out a node when another does all it could do, alone, and nowhere at a higher price."""
    for number, node in enumerate(able):
        if not any(
            _dominates(other, node, wanted) and (rank < number or not _dominates(node, other, wanted))
            for rank, other in enumerate(able)
            if rank != number
        ):
            yield node


def _dominates(other: Able, node: Able, wanted: Sequence[int]) -> bool:
    return other.fixed <= node.fixed and all(
        not has or (full >= want and cheap <= dear)
        for has, full, want, cheap, dear in zip(node.stock, other.stock, wanted, other.price, node.price, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A set of nodes that fills the demand, and what that costs."""

    nodes: tuple[Able, ...]
    cost: float


@dataclass
class Search:
    """Sets of nodes, smallest first; the nodes stand in the order of their fixed cost."""

    wanted: tuple[int, ...]
    nodes: Sequence[Able]
    split: float
    most: int
    seen: int = 0
    gap: float = 0.0
    found: Found | None = None
    _richest_from: list[list[int]] = field(default_factory=list)
    floor: float = 0.0
    """What the units cost at least, were every node in the set."""

    def best(self) -> Found | None:
        """None when no set within the split limit fills the demand."""
        floor = self._units(self.nodes)
        if floor is None:
            return None
        self.floor = floor
        for size in range(1, min(self.most, len(self.nodes)) + 1):
            bound = self._bound((), 0, size)
            if self.found is not None and self.found.cost <= bound:
                break
            if not self._look((), 0, size):
                self.gap = round(max(0.0, self.found.cost - bound), 2) if self.found else 0.0
                break
        return self.found

    def _look(self, chosen: tuple[Able, ...], start: int, size: int) -> bool:
        """Try every set of this size that begins with the chosen; False when the search was cut short."""
        if len(chosen) == size:
            self._try(chosen)
            return self.seen < MOST_SETS
        for place in range(start, len(self.nodes) - (size - len(chosen)) + 1):
            if self.found is not None and self.found.cost <= self._bound(chosen, place, size):
                break  # the nodes that follow cost as much or more
            if self._may_fill(chosen, place, size) and not self._look((*chosen, self.nodes[place]), place + 1, size):
                return False
        return True

    def _bound(self, chosen: tuple[Able, ...], place: int, size: int) -> float:
        following = islice(self.nodes, place, place + size - len(chosen))
        fixed = sum(node.fixed for node in chosen) + sum(node.fixed for node in following)
        return fixed + self.split * (size - 1) + self.floor

    def _may_fill(self, chosen: tuple[Able, ...], place: int, size: int) -> bool:
        """Could this node, those chosen and the best of those that follow have enough of every line?"""
        node, more = self.nodes[place], size - len(chosen) - 1
        return all(
            sum(each.stock[line] for each in chosen) + node.stock[line] + more * self._richest(line, place + 1) >= want
            for line, want in enumerate(self.wanted)
        )

    def _richest(self, line: int, start: int) -> int:
        if not self._richest_from:
            for number in range(len(self.wanted)):
                stocks = [node.stock[number] for node in self.nodes]
                self._richest_from.append([max(stocks[place:], default=0) for place in range(len(stocks) + 1)])
        return self._richest_from[line][start]

    def _try(self, chosen: tuple[Able, ...]) -> None:
        self.seen += 1
        units = self._units(chosen)
        if units is None:
            return
        cost = units + sum(node.fixed for node in chosen) + self.split * (len(chosen) - 1)
        if self.found is None or cost < self.found.cost:
            self.found = Found(chosen, cost)

    def _units(self, nodes: Sequence[Able]) -> float | None:
        """What the units cost; None when they don't suffice."""
        total = 0.0
        for line, want in enumerate(self.wanted):
            left = want
            for node, taken in self.spread(nodes, line):
                total += taken * node.price[line]
                left -= taken
            if left:
                return None
        return total

    def spread(self, nodes: Sequence[Able], line: int) -> Iterator[tuple[Able, int]]:
        """A line takes its units where they are cheapest: the best that these nodes can do for it."""
        left = self.wanted[line]
        for node in sorted(nodes, key=lambda each: each.price[line]):
            if taken := min(left, node.stock[line]):
                yield node, taken
                left -= taken
            if not left:
                return
