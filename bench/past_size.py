"""How much past a made-up shop has, and where the first of everything was put."""

from dataclasses import dataclass
from datetime import UTC, datetime

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
"""Now; the past is the year before."""
HOURS = 365 * 24


@dataclass(frozen=True)
class Past:
    """How many orders were collected, and how many rounds each of the balances went through."""

    orders: int
    rounds: int
    items: int = 250
    stores: int = 8

    @property
    def balances(self) -> int:
        return self.items * self.stores

    @property
    def lines(self) -> int:
        return 2 * self.orders

    @property
    def promises(self) -> int:
        return self.balances * self.rounds

    @property
    def movements(self) -> int:
        return self.balances * (1 + 4 * self.rounds)

    def __post_init__(self) -> None:
        if 2 * self.orders > self.promises:
            raise ValueError("Each order has two lines, and each line a promise: more rounds, or fewer orders.")


@dataclass(frozen=True)
class Place:
    """Where the first of everything has been put: ids follow each other from there."""

    item: int
    node: int
    shelf: int
    associate: int
