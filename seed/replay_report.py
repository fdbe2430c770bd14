"""What a replay did, counted: for a person and for a machine."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass
class Report:
    """Everything that was in the stream is in one of these numbers."""

    title: str
    orders: int = 0
    unfulfillable: int = 0
    sales: int = 0
    returns: int = 0
    cancelled: int = 0
    stock_events: int = 0
    seconds: float = 0.0
    skipped: Counter[str] = field(default_factory=Counter)
    rows_left_out: Counter[str] = field(default_factory=Counter)
    """Rows of the data that are no goods, by reason: counted as they were read, before anything was played."""

    def copy(self) -> "Report":
        return replace(self, skipped=self.skipped.copy())

    def go_back_to(self, before: "Report") -> None:
        """What was counted since was rolled back."""
        vars(self).update(vars(before.copy()))

    @property
    def happenings(self) -> int:
        return self.orders + self.sales + self.returns + self.cancelled + self.skipped.total()

    @property
    def orders_per_second(self) -> float:
        return self.orders / self.seconds if self.seconds else 0.0

    @property
    def stock_events_per_second(self) -> float:
        return self.stock_events / self.seconds if self.seconds else 0.0

    @property
    def figures(self) -> dict[str, Any]:
        return {
            "orders": self.orders, "unfulfillable": self.unfulfillable, "sales": self.sales, "returns": self.returns,
            "cancelled": self.cancelled, "skipped": dict(self.skipped), "rows_left_out": dict(self.rows_left_out),
            "stock_events": self.stock_events,
            "seconds": round(self.seconds, 3), "orders_per_second": round(self.orders_per_second, 1),
            "stock_events_per_second": round(self.stock_events_per_second, 1),
        }  # fmt: skip

    def lines(self) -> list[str]:
        return [
            f"{self.title}: played in {self.seconds:.1f} s.",
            f"{self.orders:,} orders ({self.unfulfillable:,} without stock), {self.cancelled:,} cancelled.",
            f"{self.sales:,} till sales, {self.returns:,} returns, {self.stock_events:,} stock events.",
            *(f"{count:,} left out: {reason}." for reason, count in self.skipped.most_common()),
            f"{self.orders_per_second:,.1f} orders/s, {self.stock_events_per_second:,.1f} stock events/s.",
        ]
