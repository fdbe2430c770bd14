"""A plain reckoning of a shelf, to hold the real one against: numbers in dictionaries, nothing else."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Hold:
    """What the reckoning knows of a granted basket, by item."""

    granted: dict[str, int]
    is_soft: bool
    expires_at: datetime
    left: dict[str, int] = field(default_factory=dict)
    sold: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.left = dict(self.granted)
        self.sold, self.missed = dict.fromkeys(self.granted, 0), dict.fromkeys(self.granted, 0)


@dataclass
class Shelf:
    """What stands there, what is promised of it, and what every request was told."""

    on_hand: dict[str, int]
    unavailable: dict[str, int]
    suppressed: dict[str, int]
    safety: dict[str, int]
    holds: dict[str, Hold] = field(default_factory=dict)
    answers: dict[str, bool] = field(default_factory=dict)

    def reserved(self, item: str) -> int:
        return sum(hold.left.get(item, 0) for hold in self.holds.values())

    def sellable(self, item: str) -> int:
        """Fewer than no broken ones make no unit more."""
        return self.on_hand[item] - max(0, self.unavailable[item]) - self.suppressed[item]

    def free(self, item: str, *, is_counter: bool) -> int:
        return self.sellable(item) - self.reserved(item) - (0 if is_counter else self.safety[item])

    def shortfall(self, item: str) -> int:
        return max(0, self.reserved(item) - max(0, self.sellable(item)))

    def let_go(self, items: set[str], at: datetime) -> None:
        for hold in self.holds.values():
            if hold.is_soft and hold.expires_at <= at:
                hold.left = {item: 0 if item in items else left for item, left in hold.left.items()}
