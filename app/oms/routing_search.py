"""The search for the cheapest set of nodes: branch and bound, exact unless `MOST_SETS` run out, and then it says so.

A set that lacks units grows by a node that has some of the line fewest can serve; a set that has all grows only by
nodes that make it cheaper, and each saves at most what it would save alone. A branch ends when `routing_bounds` shows
that nothing in it is cheaper than the best so far, or that it can't be filled in so few parcels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import NamedTuple

from app.oms.routing_able import Able, lines_that
from app.oms.routing_bounds import Bounds

MOST_SETS = 30_000
"""Enough for every set of three among forty nodes, each looked at twice: there it is exact whatever they cost."""
USUAL_LINES = 8
"""An order of more lines takes longer for each set, and looks at fewer."""
ALIKE = 1e-6
"""Costs nearer than this, in minor units, are the same: sums of floats differ by their order."""


@dataclass(frozen=True, slots=True)
class Found:
    """A set of nodes that fills the demand, and what that costs."""

    nodes: tuple[Able, ...]
    cost: float


class Branch(NamedTuple):
    """All sets that hold the chosen nodes and otherwise only allowed ones: places of nodes, the allowed as bits."""

    chosen: tuple[int, ...]
    allowed: int
    short: tuple[int, ...]
    """What the chosen lack, by line."""
    opened: float
    """What using the chosen costs."""
    slack: float
    """What the chosen cost above the bound."""


class _Enough(Exception):
    """As many sets were looked at as may be."""


class Search:
    """One demand over the nodes that may serve it; `best` is called once."""

    def __init__(self, wanted: tuple[int, ...], nodes: Sequence[Able], split: float, most: int) -> None:
        self.wanted, self.split = wanted, split
        self.most = min(most, len(nodes))
        self._most_sets = MOST_SETS * USUAL_LINES // max(USUAL_LINES, len(wanted))
        self.seen = 0
        self.gap = 0.0
        self.is_exact = True
        self.found: Found | None = None
        self._bounds = Bounds(wanted, nodes, split, self.most)
        self.nodes = [nodes[place] for place in self._bounds.places]
        self._offers = [tuple(zip(node.price, node.stock, strict=True)) for node in self.nodes]
        self._has = [lines_that(node.stock[line] > 0 for node in self.nodes) for line in range(len(wanted))]

    def best(self) -> Found | None:
        """None when no set within the split limit fills the demand, or none was found before the search was cut."""
        try:
            self._look(Branch((), (1 << len(self.nodes)) - 1, self.wanted, -self.split, 0.0))
        except _Enough:
            self.is_exact = False
            self._find_any()
            self.gap = round(max(0.0, self.found.cost - self._bounds.least), 2) if self.found else 0.0
        return self.found

    def _look(self, at: Branch) -> None:
        self._count()
        if any(at.short):
            if self._can_fill(at):
                self._fill_up(at)
        elif at.chosen:
            self._make_cheaper(at)

    def _can_fill(self, at: Branch) -> bool:
        """In as many parcels as are left, and cheaper than the best so far?"""
        more = self._bounds.parcels_for(at.short)
        return len(at.chosen) + more <= self.most and self._is_worth(at.opened + more * self._bounds.cheapest, at.slack)

    def _is_worth(self, opened: float, slack: float) -> bool:
        if self.found is None:
            return True
        return max(opened + self._bounds.units, self._bounds.least + slack) < self.found.cost - ALIKE

    def _fill_up(self, at: Branch) -> None:
        """Whatever fills the line holds one of its suppliers; the first of them it holds names the branch."""
        suppliers = min(
            (at.allowed & has for has, lacks in zip(self._has, at.short, strict=True) if lacks), key=int.bit_count
        )
        allowed = at.allowed
        for place in _places(suppliers):
            allowed &= ~(1 << place)
            node = self.nodes[place]
            opened, slack = at.opened + node.fixed + self.split, at.slack + self._bounds.slack[place]
            if self._is_worth(opened, slack):
                short = tuple(map(_less, at.short, node.stock))
                self._look(Branch((*at.chosen, place), allowed, short, opened, slack))

    def _make_cheaper(self, at: Branch) -> None:
        cost = self._cost(at.chosen, at.opened)
        if self.found is None or cost < self.found.cost - ALIKE:
            self.found = Found(tuple(self.nodes[place] for place in at.chosen), cost)
        more = self.most - len(at.chosen)
        if not more or not self._is_worth(at.opened + self._bounds.cheapest, at.slack):
            return
        saves = {place: saved for place in _places(at.allowed) if (saved := self._saved(at, place, cost)) > ALIKE}
        allowed = sum(1 << place for place in saves)
        for place in sorted(saves, key=saves.__getitem__, reverse=True):
            if cost - sum(nlargest(more, (saves[each] for each in _places(allowed)))) >= self.found.cost - ALIKE:
                return
            allowed &= ~(1 << place)
            opened, slack = at.opened + self.nodes[place].fixed + self.split, at.slack + self._bounds.slack[place]
            self._look(Branch((*at.chosen, place), allowed, at.short, opened, slack))

    def _saved(self, at: Branch, place: int, cost: float) -> float:
        """What one more node would save; with others beside it it saves no more than that."""
        opened, slack = at.opened + self.nodes[place].fixed + self.split, at.slack + self._bounds.slack[place]
        if not self._is_worth(opened, slack):
            return 0.0
        self._count()
        return cost - self._cost((*at.chosen, place), opened)

    def _count(self) -> None:
        self.seen += 1
        if self.seen > self._most_sets:
            raise _Enough

    def _find_any(self) -> None:
        """Before nothing is said to be found: always the node that has most of what is still short."""
        chosen: tuple[int, ...] = ()
        short, opened = self.wanted, -self.split
        while self.found is None and any(short) and len(chosen) < self.most:
            others = [each for each in range(len(self.nodes)) if each not in chosen]
            place = max(others, key=lambda each: sum(map(min, short, self.nodes[each].stock)))
            short = tuple(map(_less, short, self.nodes[place].stock))
            chosen, opened = (*chosen, place), opened + self.nodes[place].fixed + self.split
        if not any(short):
            self.found = Found(tuple(self.nodes[place] for place in chosen), self._cost(chosen, opened))

    def _cost(self, chosen: tuple[int, ...], opened: float) -> float:
        """As `spread` would have it, without saying who sends what: this is asked for each set."""
        cost, offers = opened, [self._offers[place] for place in chosen]
        for line, want in enumerate(self.wanted):
            left = want
            for price, stock in sorted([offer[line] for offer in offers]):
                taken = min(left, stock)
                cost += taken * price
                left -= taken
                if not left:
                    break
        return cost

    def spread(self, nodes: Sequence[Able], line: int) -> Iterator[tuple[Able, int]]:
        """A line takes its units where they are cheapest: the best that these nodes can do for it."""
        left = self.wanted[line]
        for node in sorted(nodes, key=lambda each: each.price[line]):
            if taken := min(left, node.stock[line]):
                yield node, taken
                left -= taken
            if not left:
                return


def _less(lacks: int, has: int) -> int:
    return lacks - has if lacks > has else 0


def _places(bits: int) -> Iterator[int]:
    """The places whose bits are set, lowest first: nodes stand in the order of their slack."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
