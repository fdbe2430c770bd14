"""What sending the orders came to, counted and in money, for one way to choose."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.oms.node import NodeKind
from app.oms.routing import Candidate, Demand, Need
from app.rules.bodies import Routing
from seed.routing_policies import Choice


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where units were taken from, and what they were sold for."""

    unit_price_minor: int
    per_kg_minor: int
    age_days: float


@dataclass
class Tally:
    """Money in minor units. Shipping and labour are what is paid; what a rule adds as risk or wish is left out."""

    rule: Routing
    orders: int = 0
    sent_orders: int = 0
    split_orders: int = 0
    late_orders: int = 0
    parcels: Counter[NodeKind] = field(default_factory=Counter)
    lines: int = 0
    units_asked: int = 0
    units_sent: int = 0
    nil_picks: int = 0
    age_days: float = 0.0
    km: float = 0.0
    sales_minor: int = 0
    margin_minor: int = 0
    shipping_minor: float = 0.0
    labour_minor: float = 0.0
    choices: int = 0
    by_hand: int = 0
    inexact: int = 0
    gap_minor: float = 0.0
    slowest_s: float = 0.0
    seconds: float = 0.0

    def ask(self, demand: Demand) -> None:
        self.orders += 1
        self.lines += len(demand.needs)
        self.units_asked += sum(need.quantity for need in demand.needs)

    def choose(self, choice: Choice, seconds: float) -> None:
        self.choices += 1
        self.by_hand += choice.is_by_hand
        self.inexact += not choice.is_exact
        self.gap_minor = max(self.gap_minor, choice.gap)
        self.seconds += seconds
        self.slowest_s = max(self.slowest_s, seconds)

    def send(self, need: Need, units: int, sender: Shelf) -> None:
        self.units_sent += units
        self.age_days += units * sender.age_days
        self.sales_minor += units * sender.unit_price_minor
        self.margin_minor += units * need.margin_minor
        self.shipping_minor += units * need.weight_g * sender.per_kg_minor / 1000
        self.labour_minor += units * self.rule.labour_minor

    def parcel(self, kind: NodeKind, sender: Candidate) -> None:
        self.parcels[kind] += 1
        self.km += sender.distance_km or 0.0
        self.shipping_minor += sender.parcel_minor
        self.labour_minor += sender.load * self.rule.load_minor

    def close(self, parcels: int, *, is_late: bool) -> None:
        self.sent_orders += parcels > 0
        self.split_orders += parcels > 1
        self.late_orders += is_late

    @property
    def figures(self) -> dict[str, Any]:
        sent, cost = max(1, self.sent_orders), self.shipping_minor + self.labour_minor
        return {
            "orders": self.orders,
            "split_rate": round(self.split_orders / sent, 4),
            "parcels_per_order": round(self.parcels.total() / sent, 3),
            "from_centres": round(self.parcels[NodeKind.DC] / max(1, self.parcels.total()), 3),
            "from_shops": round(self.parcels[NodeKind.STORE] / max(1, self.parcels.total()), 3),
            "from_vendors": round(self.parcels[NodeKind.VENDOR] / max(1, self.parcels.total()), 3),
            "shipping_per_order": round(self.shipping_minor / sent / 100, 2),
            "labour_per_order": round(self.labour_minor / sent / 100, 2),
            "cost_per_order": round(cost / sent / 100, 2),
            "margin_per_order": round((self.margin_minor - cost) / sent / 100, 2),
            "margin_of_sales": round((self.margin_minor - cost) / max(1, self.sales_minor), 4),
            "km_per_order": round(self.km / sent, 1),
            "units_unfilled_rate": round(1 - self.units_sent / max(1, self.units_asked), 4),
            "late_rate": round(self.late_orders / sent, 4),
            "nil_picks_per_100_lines": round(100 * self.nil_picks / max(1, self.lines), 2),
            "age_days_sold": round(self.age_days / max(1, self.units_sent), 1),
            "choices": self.choices,
            "by_hand": self.by_hand,
            "inexact": self.inexact,
            "largest_gap": round(self.gap_minor / 100, 2),
            "ms_per_choice": round(1000 * self.seconds / max(1, self.choices), 2),
            "slowest_ms": round(1000 * self.slowest_s, 1),
        }
