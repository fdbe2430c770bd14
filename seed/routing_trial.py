"""Orders routed one after the other in memory, in a shop whose stock runs down: what a way to choose comes to.

Each way has its own shop, with the same stock and the same luck: who is shut for a day, which shelf is empty where the
books say there is some, which parcel its carrier delays. What a shelf lacks is asked for again, elsewhere.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from time import process_time

from app.oms import candidates, routing
from app.oms.routing import Candidate, Demand, Method, Need, Weights
from app.rules.bodies import Routing
from seed import scenario_b_stock
from seed.routing_policies import Policy, Units, by_distance
from seed.routing_tally import Shelf, Tally
from seed.scenario_b import HOURS, NodeSpec
from seed.scenario_b_orders import Order, Trade
from seed.scenario_b_stock import Stock
from seed.streams import dice

COST_SHARE = 0.5
SHUT_SHARE = 0.01
ROUNDS = 3

ASSUMPTIONS = f"""
  - Goods cost {COST_SHARE:.0%} of their price; weights are drawn from it. Nothing is delivered to a node meanwhile.
  - A node is shut on {SHUT_SHARE:.0%} of the days. What a shelf turns out not to have is asked for again elsewhere, at
    once and up to {ROUNDS - 1} times.
  - What no open node has is left out of an order before it is routed, and counted as not filled.
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """What each way begins with."""

    nodes: Sequence[NodeSpec]
    trade: Trade
    stock: Stock


class Trial:
    """One way to choose, from the first order to the last."""

    def __init__(self, policy: Policy, rule: Routing, shop: Shop) -> None:
        self.tally = Tally(rule)
        nodes, trade, stock = shop.nodes, shop.trade, shop.stock
        self._policy, self._nodes, self._trade = policy, nodes, trade
        self._weights, self._most_splits = weights_of(rule), rule.most_splits
        self._ids = {sku: number for number, sku in enumerate(sorted(trade.items))}
        self._free = [{self._ids[sku]: units for sku, units in stock[node.code].items()} for node in nodes]
        self._ages = [
            {self._ids[sku]: scenario_b_stock.age_days(node, sku) for sku in stock[node.code]} for node in nodes
        ]
        self._terms = [node.terms(number) for number, node in enumerate(nodes)]
        self._sent: Counter[tuple[int, date]] = Counter()

    def send(self, order: Order) -> None:
        """Route it, pick it, and ask again for what could not be found."""
        demand, candidates = self.question(order)
        self.tally.ask(demand)
        used: dict[int, Candidate] = {}
        for _ in range(ROUNDS):
            demand = _within_reach(demand, candidates)
            if not demand.needs:
                break
            began = process_time()
            choice = self._policy(demand, candidates, self._weights)
            self.tally.choose(choice, process_time() - began)
            missing: dict[int, int] = {}
            for number, units in choice.parts.items():
                lacks = self._pick(order, demand, number, units)
                used |= {number: candidates[number]} if len(lacks) < len(units) else {}
                candidates[number] = _refusing(candidates[number], demand, lacks)
                missing |= {line: missing.get(line, 0) + units[line] for line in lacks}
            demand = _left_of(demand, missing)
        self._close(order, used)

    def question(self, order: Order) -> tuple[Demand, list[Candidate]]:
        """What is asked for, and whom it could be asked of, as things stand."""
        return self._demand(order), [self._candidate(number, node, order) for number, node in enumerate(self._nodes)]

    def _candidate(self, number: int, node: NodeSpec, order: Order) -> Candidate:
        day, km = order.at.date(), node.at.km_to(order.home)
        sent = self._sent[number, day]
        leaves_at = HOURS[node.hours].add_open(order.at, timedelta(seconds=node.handling_s))
        return Candidate(
            node_id=number, free=self._free[number], ready_at=leaves_at + candidates.travel(km, self._terms[number]),
            methods=frozenset({Method.SHIP} if node.does_ship else ()), is_up=not _is_shut(node.code, day),
            has_cold_chain=node.has_cold_chain, capacity_left=node.ship_capacity - sent,
            parcel_minor=node.parcel_minor, per_kg_minor=node.per_kg_minor, load=sent / node.ship_capacity,
            nil_pick_rate=node.nil_pick_rate, carrier_failure_rate=node.carrier_failure_rate, distance_km=km,
            age_days=self._ages[number],
        )  # fmt: skip

    def _demand(self, order: Order) -> Demand:
        needs = tuple(
            Need(line=number, item_id=self._ids[line.sku], quantity=line.quantity,
                 is_cold=self._trade.items[line.sku].is_cold,
                 margin_minor=round(line.unit_price_minor * (1 - COST_SHARE)),
                 weight_g=scenario_b_stock.weight_g(line.sku, self._trade.items[line.sku].price_minor))
            for number, line in enumerate(order.lines)
        )  # fmt: skip
        return Demand(method=Method.SHIP, needs=needs, promised_at=order.promised_at, most_splits=self._most_splits)

    def _pick(self, order: Order, demand: Demand, number: int, units: Units) -> set[int]:
        """Take them off the shelf; the lines whose units turn out not to be there, and are off its books, too."""
        node, lacks = self._nodes[number], set()
        for need in demand.needs:
            if need.line not in units:
                continue
            sku = order.lines[need.line].sku
            self._free[number][need.item_id] -= units[need.line]
            if dice.falls_within(node.nil_pick_rate, "nil", node.code, sku, order.number):
                lacks.add(need.line)
                self.tally.nil_picks += 1
            else:
                price, age = order.lines[need.line].unit_price_minor, self._ages[number][need.item_id]
                self.tally.send(need, units[need.line], Shelf(price, node.per_kg_minor, age))
        return lacks

    def _close(self, order: Order, used: dict[int, Candidate]) -> None:
        is_late = False
        for number, candidate in used.items():
            node = self._nodes[number]
            fails = dice.falls_within(node.carrier_failure_rate, "carrier", node.code, order.number)
            is_late = is_late or fails or candidate.ready_at > order.promised_at
            self._sent[number, order.at.date()] += 1
            self.tally.parcel(node.kind, candidate)
        self.tally.close(len(used), is_late=is_late)


def weights_of(rule: Routing) -> Weights:
    return Weights(**rule.model_dump(exclude={"most_splits"}))


@lru_cache(maxsize=65536)
def _is_shut(code: str, day: date) -> bool:
    return dice.falls_within(SHUT_SHARE, "shut", code, day.isoformat())


def _within_reach(demand: Demand, candidates: Sequence[Candidate]) -> Demand:
    able = by_distance(demand, candidates)
    reach = {need.line: sum(routing.can_send(node, need) for node in able) for need in demand.needs}
    return _left_of(demand, {need.line: min(need.quantity, reach[need.line]) for need in demand.needs})


def _left_of(demand: Demand, left: dict[int, int]) -> Demand:
    needs = tuple(replace(need, quantity=left[need.line]) for need in demand.needs if left.get(need.line))
    return replace(demand, needs=needs)


def _refusing(candidate: Candidate, demand: Demand, lines: set[int]) -> Candidate:
    items = {need.item_id for need in demand.needs if need.line in lines}
    return replace(candidate, refused=candidate.refused | items) if items else candidate
