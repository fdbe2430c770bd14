"""Scenario B: the chain as it is laid out, and orders routed through it by ours and by nearness."""

import gzip
import json
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.oms.node import NodeKind
from app.oms.routing import Candidate, Demand, Weights, _fixed, _price
from seed import routing_policies, routing_report, scenario_b, scenario_b_orders, scenario_b_stock
from seed.routing_trial import Shop, Trial, weights_of
from seed.scenario_b_stock import Sales
from seed.uk_towns import TOWNS, Point

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "online_retail_lines.csv.gz"
ORDERS = 60


@pytest.fixture(scope="module")
def shop() -> Shop:
    trade, nodes = scenario_b_orders.make_up(ORDERS, seed=1), scenario_b.network()
    return Shop(nodes, trade, scenario_b_stock.lay_out(nodes, trade.sales, seed=1))


def test_two_centres_sixty_shops_and_three_vendors_lie_in_great_britain():
    nodes = scenario_b.network()

    kinds = [node.kind for node in nodes]
    assert [kinds.count(kind) for kind in (NodeKind.DC, NodeKind.STORE, NodeKind.VENDOR)] == [2, 60, 3]
    assert len({node.code for node in nodes}) == len({node.at for node in nodes}) == 65
    assert all(50 < node.at.latitude < 58 and -6 < node.at.longitude < 2 for node in nodes)


def test_leeds_is_as_far_from_bristol_as_on_the_map():
    leeds, bristol = (next(town.at for town in TOWNS if town.name == name) for name in ("Leeds", "Bristol"))
    assert leeds.km_to(bristol) == bristol.km_to(leeds) == pytest.approx(271, abs=3)
    assert Point(0, 0).km_to(Point(0, 180)) == pytest.approx(20015, abs=1)


def test_centres_are_deep_and_shops_shallow_and_the_same_seed_lays_out_the_same():
    nodes, sales = scenario_b.network(), {f"S{n}": Sales(units=1000 - n, usual=6, largest=48) for n in range(200)}

    stock = scenario_b_stock.lay_out(nodes, sales, seed=7)

    held = {kind: [sum(stock[node.code].values()) for node in nodes if node.kind == kind] for kind in NodeKind}
    assert stock == scenario_b_stock.lay_out(nodes, sales, seed=7) != scenario_b_stock.lay_out(nodes, sales, seed=8)
    assert max(held[NodeKind.STORE]) < min(held[NodeKind.VENDOR]) < max(held[NodeKind.VENDOR]) < min(held[NodeKind.DC])
    assert all(any(sku in held for held in stock.values()) for sku in sales)


def test_a_customer_stays_where_they_live():
    homes = {scenario_b_orders.home_of(str(customer)) for customer in range(500)}
    assert scenario_b_orders.home_of("17850") == scenario_b_orders.home_of("17850")
    assert len(homes) == 500
    assert all(min(home.km_to(town.at) for town in TOWNS) < 25 for home in homes)


@pytest.mark.parametrize("name", routing_policies.POLICIES)
def test_what_was_asked_for_is_sent_or_counted_as_not_filled_and_nothing_is_sent_that_is_not_there(shop, name):
    trial = Trial(routing_policies.POLICIES[name], scenario_b.RULE, shop)
    for order in shop.trade.orders:
        trial.send(order)
        _, candidates = trial.question(order)
        assert all(units >= 0 for node in candidates for units in node.free.values())
        assert all(node.capacity_left >= 0 for node in candidates)

    asked = sum(line.quantity for order in shop.trade.orders for line in order.lines)
    held = sum(sum(each.values()) for each in shop.stock.values())
    left = sum(sum(node.free.values()) for node in candidates)
    assert trial.tally.units_asked == asked
    assert 0 < trial.tally.units_sent <= min(asked, held - left)
    assert trial.tally.orders == ORDERS


def test_by_our_costs_no_other_way_to_choose_is_cheaper(shop):
    trial, weights = Trial(routing_policies.cheapest, scenario_b.RULE, shop), weights_of(scenario_b.RULE)
    for order in shop.trade.orders:
        demand, candidates = trial.question(order)
        choices = [policy(demand, candidates, weights) for policy in routing_policies.POLICIES.values()]
        ours, *others = (_cost(choice, demand, candidates) for choice in choices)
        on_time = {node.node_id for node in candidates if node.ready_at <= demand.promised_at}
        for choice, cost in zip(choices[1:], others, strict=True):
            if choice.parts and len(choice.parts) <= demand.most_splits and set(choice.parts) <= on_time:
                assert ours <= cost + 0.01


def _cost(choice: routing_policies.Choice, demand: Demand, candidates: list[Candidate]) -> float:
    weights: Weights = weights_of(scenario_b.RULE)
    cost = weights.split_minor * (len(choice.parts) - 1.0)
    for number, units in choice.parts.items():
        node = candidates[number]
        cost += _fixed(node, demand, weights)
        cost += sum(_price(node, need, demand, weights) * units.get(need.line, 0) for need in demand.needs)
    return cost


def test_the_report_says_what_ours_and_nearness_cost_on_the_same_orders():
    ran = CliRunner().invoke(main, ["simulate", "routing", "--orders", str(ORDERS), "--json"])

    said = json.loads(ran.stdout.splitlines()[-1])
    assert ran.exit_code == 0
    assert {said[name]["orders"] for name in routing_policies.POLICIES} == {ORDERS}
    assert said["rule"]["most_splits"] == scenario_b.RULE.most_splits
    assert said["cost_against_nearest"] < 1
    assert "shipping and labour" in ran.stdout


def test_another_rule_is_tried_and_a_rule_for_something_else_refused(tmp_path):
    rule = tmp_path / "dear-splits.json"
    rule.write_text(json.dumps({"kind": "routing", "body": {"split_minor": 100_000}}))
    other = tmp_path / "safety.json"
    other.write_text(json.dumps({"kind": "safety_stock", "body": {"units": "1"}}))

    told = CliRunner().invoke(main, ["simulate", "routing", "--orders", "20", "--rule", str(rule), "--json"])
    refused = CliRunner().invoke(main, ["simulate", "routing", "--rule", str(other)])

    assert json.loads(told.stdout.splitlines()[-1])["rule"]["split_minor"] == 100_000
    assert (refused.exit_code, "is a rule for safety_stock" in refused.output) == (1, True)


@pytest.mark.skipif(not REAL.exists(), reason="the Online Retail file is not here")
def test_real_baskets_cost_less_our_way_than_by_nearness(tmp_path):
    beginning = tmp_path / "first-days.csv"
    with gzip.open(REAL, "rt", encoding="utf-8") as lines:
        beginning.write_text("".join(islice(lines, 5000)), encoding="utf-8")

    report = routing_report.run(str(beginning), first=None, last=date(2010, 12, 2), orders=80, most_lines=8, seed=1)

    assert report.trade.title.startswith("Online Retail")
    assert max(len(order.lines) for order in report.trade.orders) <= 8
    assert report.against("nearest") < 1
    assert report.against("nearest that has all") < 1
