"""Scenario B: a chain of two distribution centres, sixty shops and three vendors, and the terms each works on.

Made up in the likeness of the trade, and the same every time. Towns lie where they do. A centre is far, cheap and
reliable, a shop near, dear by the parcel and sometimes without what its books say, a vendor slow. What each can send in
a day fits the seventy or so orders a day of the real stream they are given, so that load and limits are felt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.oms.node import NodeKind
from app.oms.node_terms import NodeTerms
from app.people.hours import DayRule, OpeningHours
from app.rules.bodies import Routing
from seed.streams import dice
from seed.uk_towns import TOWNS, Point

ZONE = "Europe/London"
HOUR_S = 3600

RULE = Routing(
    split_minor=150, labour_minor=6, load_minor=60, nil_pick_minor=120, carrier_minor=600, per_km_minor=0.1,
    per_day_of_age_minor=0.03, most_splits=3,
)  # fmt: skip
"""The routing rule it is run with: goods of two or three pounds, a dozen at a time, so a unit's costs are pence."""


def _week(weekdays: DayRule | None, saturday: DayRule | None, sunday: DayRule | None) -> OpeningHours:
    days = [*[weekdays] * 5, saturday, sunday]
    return OpeningHours.of(ZONE, {day: (rule,) for day, rule in enumerate(days) if rule is not None})


HOURS: Mapping[str, OpeningHours] = {
    "high street": _week(DayRule(9 * 60, 18 * 60), DayRule(9 * 60, 18 * 60), DayRule(11 * 60, 17 * 60)),
    "retail park": _week(DayRule(9 * 60, 20 * 60), DayRule(9 * 60, 20 * 60), DayRule(11 * 60, 17 * 60)),
    "station": _week(DayRule(7 * 60, 22 * 60), DayRule(7 * 60, 22 * 60), DayRule(7 * 60, 22 * 60)),
    "round the clock": _week(DayRule(0, 0), DayRule(0, 0), DayRule(0, 0)),
    "working days": _week(DayRule(8 * 60, 17 * 60), None, None),
}
SHOP_HOURS = ("high street", "high street", "retail park", "station")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """A place with stock; the terms are those a node has in the shop, and rates are shares of 1."""

    code: str
    name: str
    kind: NodeKind
    at: Point
    hours: str
    does_pickup: bool = False
    does_ship: bool = True
    has_cold_chain: bool = True
    ship_capacity: int
    handling_s: int
    km_per_day: int
    parcel_minor: int
    per_kg_minor: int
    nil_pick_rate: float
    carrier_failure_rate: float

    def terms(self, node_id: int) -> NodeTerms:
        return NodeTerms(
            node_id=node_id, latitude=self.at.latitude, longitude=self.at.longitude, does_pickup=self.does_pickup,
            does_ship=self.does_ship, has_cold_chain=self.has_cold_chain, ship_capacity=self.ship_capacity,
            handling_s=self.handling_s, km_per_day=self.km_per_day, parcel_minor=self.parcel_minor,
            per_kg_minor=self.per_kg_minor, carrier_failure_rate=self.carrier_failure_rate,
            nil_pick_rate=self.nil_pick_rate,
        )  # fmt: skip


def network() -> tuple[NodeSpec, ...]:
    return (*_centres(), *(_shop(rank) for rank in range(len(TOWNS))), *_vendors())


def _centres() -> tuple[NodeSpec, ...]:
    middle = NodeSpec(
        code="DC-M", name="Daventry centre", kind=NodeKind.DC, at=Point(52.26, -1.16), hours="round the clock",
        ship_capacity=34, handling_s=8 * HOUR_S, km_per_day=450, parcel_minor=299, per_kg_minor=22,
        nil_pick_rate=0.003, carrier_failure_rate=0.02,
    )  # fmt: skip
    north = replace(middle, code="DC-N", name="Wakefield centre", at=Point(53.68, -1.50), has_cold_chain=False)
    return middle, north


def _vendors() -> tuple[NodeSpec, ...]:
    larder = NodeSpec(
        code="V-TAY", name="Tayside Larder", kind=NodeKind.VENDOR, at=Point(56.45, -3.00), hours="working days",
        ship_capacity=12, handling_s=10 * HOUR_S, km_per_day=350, parcel_minor=375, per_kg_minor=28,
        nil_pick_rate=0.012, carrier_failure_rate=0.05,
    )  # fmt: skip
    dry = replace(larder, has_cold_chain=False)
    return (
        replace(dry, code="V-POT", name="Potteries Ware", at=Point(53.02, -2.18)),
        replace(dry, code="V-AVON", name="Avon Paper", at=Point(51.47, -2.60)),
        larder,
    )


def _shop(rank: int) -> NodeSpec:
    """Every sixth only hands out; the bigger towns' shops have a cold room, and send more in a day."""
    town, code = TOWNS[rank], f"{101 + rank}"
    return NodeSpec(
        code=code, name=town.name, kind=NodeKind.STORE, at=town.at, hours=SHOP_HOURS[dice.pick(4, "hours", code)],
        does_pickup=True, does_ship=rank % 6 != 5, has_cold_chain=town.thousands >= 150,
        ship_capacity=3 + min(9, town.thousands // 100), handling_s=(3 + dice.pick(4, "handling", code)) * HOUR_S,
        km_per_day=400, parcel_minor=395 + dice.pick(60, "parcel", code), per_kg_minor=38,
        nil_pick_rate=0.02 + dice.pick(70, "nil", code) / 1000,
        carrier_failure_rate=0.02 + dice.pick(40, "carrier", code) / 1000,
    )  # fmt: skip
