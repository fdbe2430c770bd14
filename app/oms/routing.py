"""Which nodes fulfil an order: a pure choice over frozen candidates, with every exclusion and every cost kept.

A candidate is first asked whether it may serve at all (up, open for this kind of order, cold chain, capacity, promise,
not refused before unless counted since). Among those that may, the cheapest set of nodes is found: a node that is used
costs its fixed part once (parcel, labour at its load, risk of a nil pick, distance, the split it makes), each unit its
own part (labour, margin, age of the stock). Within a set each line takes its units where they are cheapest, which is
the best that set can do; so the search goes over sets only. It is exact; only when `MOST_SETS` have been looked at does
it stop with the best so far and say that, and by how much at most it may be off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.oms.routing_able import Able, undominated
from app.oms.routing_search import Found, Search


class Method(StrEnum):
    """How the customer gets it."""

    PICKUP = "pickup"
    SHIP = "ship"


class Excluded(StrEnum):
    """Why a node was not asked."""

    DOWN = "node is down"
    OTHER_STORE = "customer collects elsewhere"
    METHOD_OFF = "not offered here"
    NO_COLD_CHAIN = "no cold chain"
    FULL = "no capacity"
    TOO_LATE = "can't keep the promise"
    REFUSED = "refused it before"
    NO_STOCK = "has none of it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """So many units of one item, for one line of the order."""

    line: int
    item_id: int
    quantity: int
    is_cold: bool = False
    margin_minor: int = 0
    weight_g: int = 0
    one: int = 1
    """So many units are one of what it is sold by: 1,000 grams of something sold by the kilogram."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """What is asked for, how, until when, and in how many parcels at most."""

    method: Method
    needs: tuple[Need, ...]
    promised_at: datetime
    collect_at: int | None = None
    most_splits: int = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What is known of a node when the order is routed. Money in minor units, load 0 to 1, distance in km."""

    node_id: int
    free: Mapping[int, int]
    """Free units by item."""
    ready_at: datetime
    methods: frozenset[Method] = frozenset(Method)
    is_up: bool = True
    has_cold_chain: bool = True
    capacity_left: int = 1
    refused: frozenset[int] = frozenset()
    """Items this node refused for this order and has not counted since."""
    parcel_minor: int = 0
    per_kg_minor: int = 0
    load: float = 0.0
    nil_pick_rate: float = 0.0
    carrier_failure_rate: float = 0.0
    distance_km: float | None = None
    """None when nobody knows where the one or the other is."""
    age_days: Mapping[int, float] = field(default_factory=dict)
    """How long the stock has lain there, by item: old stock is better sold first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """What a rule set says things cost, in minor units."""

    split_minor: int = 250
    labour_minor: int = 60
    load_minor: int = 200
    nil_pick_minor: int = 1500
    carrier_minor: int = 800
    per_km_minor: float = 0.5
    per_day_of_age_minor: float = 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """What one node fulfils: units by line, and what that costs."""

    node_id: int
    units: Mapping[int, int]
    cost: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The choice, all it was chosen from, and how far from the best it may be."""

    parts: tuple[Part, ...]
    cost: float
    unfilled: Mapping[int, int]
    excluded: Mapping[int, Excluded]
    considered: tuple[int, ...]
    sets_seen: int
    gap: float = 0.0
    is_exact: bool = True
    """No choice is cheaper, or none there is; otherwise the search was cut, and the choice is `gap` off at most."""

    @property
    def is_complete(self) -> bool:
        return not self.unfilled


def choose(demand: Demand, candidates: Sequence[Candidate], weights: Weights | None = None) -> Decision:
    """The cheapest way to fill the whole demand in at most so many parcels; without one, nothing is chosen."""
    excluded = {each.node_id: why for each in candidates if (why := exclusion(demand, each)) is not None}
    weights = weights or Weights()
    able = [quote(each, demand, weights) for each in candidates if each.node_id not in excluded]
    able.sort(key=lambda each: (each.fixed, each.node_id))
    considered = tuple(sorted(each.node_id for each in able))
    quantities = tuple(need.quantity for need in demand.needs)
    search = Search(quantities, list(undominated(able, quantities)), weights.split_minor, demand.most_splits)
    found = search.best()
    if found is None:
        unfilled = {need.line: need.quantity for need in demand.needs}
        return Decision((), 0.0, unfilled, excluded, considered, search.seen, is_exact=search.is_exact)
    return Decision(
        _parts(search, found, demand), round(found.cost, 2), {}, excluded, considered, search.seen,
        gap=search.gap, is_exact=search.is_exact,
    )  # fmt: skip


def exclusion(demand: Demand, node: Candidate) -> Excluded | None:
    """The first reason why this node may not serve, or None."""
    needed = [need for need in demand.needs if node.free.get(need.item_id, 0) > 0]
    wanted = [need for need in needed if need.item_id not in node.refused]
    checks = [
        (Excluded.DOWN, not node.is_up),
        (Excluded.OTHER_STORE, demand.collect_at is not None and node.node_id != demand.collect_at),
        (Excluded.METHOD_OFF, demand.method not in node.methods),
        (Excluded.FULL, node.capacity_left < 1),
        (Excluded.TOO_LATE, node.ready_at > demand.promised_at),
        (Excluded.NO_STOCK, not needed),
        (Excluded.REFUSED, not wanted),
        (Excluded.NO_COLD_CHAIN, not any(node.has_cold_chain or not need.is_cold for need in wanted)),
    ]
    return next((why for why, is_so in checks if is_so), None)


def quote(node: Candidate, demand: Demand, weights: Weights) -> Able:
    """What it would cost to use this node, and how much of what it could send."""
    stock = tuple(can_send(node, need) for need in demand.needs)
    prices = tuple(_price(node, need, demand, weights) for need in demand.needs)
    return Able(node.node_id, _fixed(node, demand, weights), stock, prices)


def can_send(node: Candidate, need: Need) -> int:
    """How many of the units, were it asked: cold goods want a cold chain, and what was refused is not asked again."""
    may = need.item_id not in node.refused and (node.has_cold_chain or not need.is_cold)
    return min(need.quantity, node.free.get(need.item_id, 0)) if may else 0


def _fixed(node: Candidate, demand: Demand, weights: Weights) -> float:
    """What using the node costs once, whatever it sends."""
    cost = node.load * weights.load_minor
    if demand.method == Method.SHIP:
        cost += node.parcel_minor + (node.distance_km or 0.0) * weights.per_km_minor
        cost += node.carrier_failure_rate * weights.carrier_minor
    return cost


def _price(node: Candidate, need: Need, demand: Demand, weights: Weights) -> float:
    """What one unit costs there; old stock is cheaper, because it is better sold than kept; never below zero."""
    cost = weights.labour_minor + node.nil_pick_rate * (weights.nil_pick_minor + need.margin_minor)
    if demand.method == Method.SHIP:
        cost += need.weight_g * node.per_kg_minor / 1000
    return max(0.0, cost - node.age_days.get(need.item_id, 0.0) * weights.per_day_of_age_minor) / need.one


def _parts(search: Search, found: Found, demand: Demand) -> tuple[Part, ...]:
    """Who sends what."""
    units: dict[int, dict[int, int]] = {node.node_id: {} for node in found.nodes}
    costs = {node.node_id: node.fixed for node in found.nodes}
    for line, need in enumerate(demand.needs):
        for node, taken in search.spread(found.nodes, line):
            units[node.node_id][need.line] = taken
            costs[node.node_id] += taken * node.price[line]
    return tuple(Part(node_id, units[node_id], round(costs[node_id], 2)) for node_id in units if units[node_id])
