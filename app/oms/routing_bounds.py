"""What any choice of nodes costs at least, and how many parcels it needs at least: bounds that hold for every set.

Each line is given a worth per unit, raised as long as no node could earn more by what it has than it costs to use
(dual ascent). Then any set that fills the demand costs at least the worth of the demand, and each node in it adds its
slack: what it costs beyond what it could earn. The same with a cost of one parcel per node counts parcels.

Where the limit of parcels is what makes a demand dear, a toll on each node, given back for as many as may be used,
makes the bound tighter; it is raised as long as it does.
"""

from collections.abc import Sequence

from app.oms.routing_able import Able

SHARES = (0.25, 0.5, 1.0)
"""How much of what a line may gain it takes, turn by turn: were the first to take all, the others would get nothing."""
TOLLS = 10
"""How often the toll is doubled at most: where no set fills the demand, it could rise for ever."""
SURE = 1e-9


class Bounds:
    """For one demand; `places` is the order of the nodes by slack, and `slack` stands in that order."""

    def __init__(self, wanted: tuple[int, ...], nodes: Sequence[Able], split: float, most: int) -> None:
        offers = [
            [(place, node.stock[line], node.price[line]) for place, node in enumerate(nodes) if node.stock[line]]
            for line in range(len(wanted))
        ]
        self.cheapest = min((node.fixed for node in nodes), default=0.0) + split
        """What one more node costs at least."""
        self.units = _worth_of(wanted, [min((price for _, _, price in those), default=0.0) for those in offers])
        """What the units cost at least, were every node in the set."""
        opening = [node.fixed + split for node in nodes]
        earned, slack = _tightest(_Ascent(wanted, offers), opening, most, (self.units + self.cheapest) / 8)
        self.least = max(earned, self.units + self.cheapest) - split
        self.places = sorted(range(len(nodes)), key=lambda place: (slack[place], place))
        self.slack = [slack[place] for place in self.places]
        self._shares = _parcel_shares(wanted, offers, len(nodes))
        self._richest = [max((stock for _, stock, _ in those), default=1) for those in offers]

    def parcels_for(self, short: Sequence[int]) -> int:
        """How many nodes it takes at least to send these units."""
        by_line = max(lacks / most for lacks, most in zip(short, self._richest, strict=True))
        most = max(_worth_of(short, self._shares), by_line)
        return -int(-(most - SURE) // 1)


Offers = list[list[tuple[int, int, float]]]
"""By line: place, stock and price of each node that has some."""


class _Ascent:
    """The worth of lines, raised for given costs of using the nodes."""

    def __init__(self, wanted: Sequence[int], offers: Offers) -> None:
        self._wanted, self._offers = wanted, offers

    def raised(self, opening: Sequence[float]) -> tuple[list[float], list[float]]:
        """The worth of a unit of each line, and what each node costs beyond what it could earn with that."""
        worth = [min((price for _, _, price in those), default=0.0) for those in self._offers]
        slack = list(opening)
        for share in SHARES:
            for line, those in enumerate(self._offers):
                if those:
                    was = worth[line]
                    most = min(max(was, price) + slack[place] / stock for place, stock, price in those)
                    worth[line] = now = was + (most - was) * share
                    for place, stock, price in those:
                        if now > price:
                            slack[place] -= stock * (now - max(was, price))
        return worth, slack

    def at_toll(self, opening: Sequence[float], toll: float, most: int) -> tuple[float, list[float]]:
        worth, slack = self.raised([each + toll for each in opening])
        return _worth_of(self._wanted, worth) - most * toll, slack


def _tightest(ascent: _Ascent, opening: Sequence[float], most: int, step: float) -> tuple[float, list[float]]:
    """The demand's worth, and the nodes' slack, at the best toll of those tried."""
    best = ascent.at_toll(opening, 0.0, most)
    for turn in range(TOLLS):
        tried = ascent.at_toll(opening, step * 2**turn, most)
        if tried[0] <= best[0]:
            break
        best = tried
    return best


def _parcel_shares(wanted: Sequence[int], offers: Offers, nodes: int) -> list[float]:
    """Which part of a parcel a unit of each line takes at least, when all lines share the parcels."""
    free = [[(place, stock, 0.0) for place, stock, _ in those] for those in offers]
    shares, _ = _Ascent(wanted, free).raised([1.0] * nodes)
    return shares


def _worth_of(units: Sequence[int], worth: Sequence[float]) -> float:
    return sum(count * each for count, each in zip(units, worth, strict=True))
