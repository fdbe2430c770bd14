"""Scenario B tried out: the same orders routed by each way to choose, and what that came to side by side."""

import sys
from dataclasses import dataclass
from datetime import date
from time import perf_counter
from typing import Any

from app.rules.bodies import Routing
from seed import routing_trial, scenario_b, scenario_b_orders, scenario_b_stock
from seed.routing_policies import POLICIES
from seed.routing_trial import Shop, Trial
from seed.scenario_b_orders import Trade

OWN_RULE = "scenario B's own"

ROWS = (
    ("split orders", "split_rate", "{:.1%}"),
    ("parcels an order", "parcels_per_order", "{:.2f}"),
    ("… from centres", "from_centres", "{:.0%}"),
    ("… from shops", "from_shops", "{:.0%}"),
    ("… from vendors", "from_vendors", "{:.0%}"),
    ("shipping an order", "shipping_per_order", "{:.2f}"),
    ("labour an order", "labour_per_order", "{:.2f}"),
    ("shipping and labour", "cost_per_order", "{:.2f}"),
    ("margin an order", "margin_per_order", "{:.2f}"),
    ("margin of sales", "margin_of_sales", "{:.1%}"),
    ("km an order's parcels go", "km_per_order", "{:.0f}"),
    ("units not filled", "units_unfilled_rate", "{:.1%}"),
    ("orders late", "late_rate", "{:.1%}"),
    ("empty shelves, of 100 lines", "nil_picks_per_100_lines", "{:.1f}"),
    ("days what was sold had lain", "age_days_sold", "{:.0f}"),
)


@dataclass(frozen=True, slots=True)
class Report:
    """By way to choose, in the order they were tried; money in pounds."""

    trade: Trade
    rule: Routing
    rule_name: str
    found: dict[str, dict[str, Any]]

    @property
    def figures(self) -> dict[str, Any]:
        return {
            "orders": self.trade.title, "rule": {"name": self.rule_name, **self.rule.model_dump()}, **self.found,
            "cost_against_nearest": self.against("nearest"),
            "cost_against_nearest_that_has_all": self.against("nearest that has all"),
        }  # fmt: skip

    def against(self, other: str) -> float:
        """What shipping and labour come to, when the other's are 1."""
        rivals = float(self.found[other]["cost_per_order"])
        return round(self.found["ours"]["cost_per_order"] / rivals, 3) if rivals else 1.0

    def lines(self) -> list[str]:
        names, ours = list(self.found), self.found["ours"]
        assumed = scenario_b_orders.ASSUMPTIONS + routing_trial.ASSUMPTIONS.lstrip("\n")
        return [
            f"{self.trade.title}: {len(self.trade.orders):,} orders, {len(self.trade.items):,} items.",
            f"Rule: {self.rule_name}: {self.rule.model_dump_json()}",
            "Taken for granted:", assumed.strip("\n"), "",
            f"{'':<30}" + "".join(f"{name:>22}" for name in names),
            *(f"{label:<30}" + "".join(f"{form.format(self.found[name][key]):>22}" for name in names)
              for label, key, form in ROWS),
            "",
            (f"Of {ours['choices']:,} choices of ours {ours['by_hand']} needed more parcels than the rule allows, and"
             f" {ours['inexact']} were cut short, {ours['largest_gap']:.2f} off at most."
             f" {ours['ms_per_choice']} ms each, {ours['slowest_ms']} ms the longest."),
        ]  # fmt: skip


def run(
    source: str | None, *, first: date | None, last: date | None, orders: int, most_lines: int, seed: int,
    rule: Routing | None = None, rule_name: str | None = None,
) -> Report:  # fmt: skip
    """The command: without a source the orders are made up, and the report says so."""
    _say(f"Reading {source} …" if source else "Making up orders …")
    trade = (
        scenario_b_orders.read(source, first=first, last=last, most=orders, most_lines=most_lines)
        if source else scenario_b_orders.make_up(orders, seed=seed)
    )  # fmt: skip
    said = rule or scenario_b.RULE
    shop = Shop(scenario_b.network(), trade, scenario_b_stock.lay_out(scenario_b.network(), trade.sales, seed=seed))
    return Report(trade, said, rule_name or OWN_RULE, {name: _try(name, shop, said) for name in POLICIES})


def _try(name: str, shop: Shop, rule: Routing) -> dict[str, Any]:
    trade, trial = shop.trade, Trial(POLICIES[name], rule, shop)
    told = perf_counter()
    for number, order in enumerate(trade.orders, 1):
        trial.send(order)
        if perf_counter() - told >= 1:
            told = perf_counter()
            _say(f"{name}: {number:,} of {len(trade.orders):,} orders")
    return trial.tally.figures


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
