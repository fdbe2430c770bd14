"""The ways an order could come, best first: by its rules, then as they say when those find nothing, or by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlmodel import Session

from app.oms import candidates, premises
from app.oms.candidates import SOME_DAY, Credit, no_credit
from app.oms.choosing import Asked, Way
from app.oms.node import Node
from app.oms.order import Order
from app.oms.parcels import Share
from app.oms.routing import Candidate, Demand, Method, Need, Weights
from app.oms.routing_decision import Mode, Outcome
from app.rules import bodies, rule_version


def of(
    session: Session, order: Order, shares: Sequence[Share], *, at: datetime, credit: Credit = no_credit,
    is_new: bool = False,
) -> Asked:  # fmt: skip
    """An order that is shipped comes in parcels; one that is collected is there, or is brought there."""
    rules = _rules(session, order, at=at)
    demand = _demand(order, shares, rules.body)
    if order.store_id is None:
        sent = _shipped(session, order, demand, at=at, credit=credit)
        return _asked(rules, sent, replace(sent, mode=Mode.FALLBACK, demand=_any_day(demand)), credit=credit)
    there = _collected(session, order, demand, at=at, credit=credit, is_new=is_new)
    if _is_whole(order, shares) and order.is_paid_enough:
        return _asked(rules, there, _brought(session, order, demand, at=at), credit=credit)
    return _asked(rules, there, credit=credit)


def by_hand(session: Session, order: Order, shares: Sequence[Share], node: Node, *, at: datetime) -> Asked:
    """From this node, be it late or full; what it has not got, or has refused, it can't send."""
    rules = _rules(session, order, at=at)
    demand = _demand(order, shares, rules.body)
    if order.store_id is None:
        way = _shipped(session, order, demand, at=at)
    elif order.store_id == node.id:
        way = _collected(session, order, demand, at=at)
    else:
        way = _brought(session, order, demand, at=at)
    return _asked(rules, replace(
        way, mode=Mode.MANUAL, demand=_any_day(way.demand), is_open=lambda: True,
        candidates=lambda: _never_full(way.candidates(), node.id),
        chosen_from=lambda each: each.node_id == node.id,
    ))  # fmt: skip


def _asked(rules: rule_version.InForce[bodies.Routing], *ways: Way, credit: Credit = no_credit) -> Asked:
    weights = Weights(**rules.body.model_dump(exclude={"most_splits"}))
    return Asked(ways, weights, rules.version_ids, credit)


def _rules(session: Session, order: Order, *, at: datetime) -> rule_version.InForce[bodies.Routing]:
    region = premises.region_of(session, order.store_id) if order.store_id is not None else None
    of_region = [f"region:{region}"] if region is not None else []
    return rule_version.in_force(session, bodies.Routing, ["all", *of_region, f"channel:{order.channel}"], at=at)


def _demand(order: Order, shares: Sequence[Share], rules: bodies.Routing) -> Demand:
    """One need an item: two lines that each fit would not always fit together."""
    by_item: dict[int, list[Share]] = {}
    for line, units in shares:
        by_item.setdefault(line.item_id, []).append((line, units))
    needs = tuple(_need(item_id, by_item[item_id]) for item_id in sorted(by_item))
    return Demand(method=Method.SHIP, needs=needs, promised_at=order.promised_at, most_splits=rules.most_splits)


def _need(item_id: int, shares: Sequence[Share]) -> Need:
    item, quantity = shares[0][0].item, sum(units for _, units in shares)
    one = item.units_of(1)
    margin = sum((line.total_minor - line.cost_minor) * units / line.ordered for line, units in shares)
    return Need(line=item_id, item_id=item_id, quantity=quantity, is_cold=item.is_cold, weight_g=item.weight_g,
                one=one, margin_minor=max(0, round(margin * one / quantity)))  # fmt: skip


def _shipped(session: Session, order: Order, demand: Demand, *, at: datetime, credit: Credit = no_credit) -> Way:
    asked = partial(candidates.to_ship, session, order, _items(demand), at=at, credit=credit)
    return Way(mode=Mode.NORMAL, outcome=Outcome.SHIPPED, demand=demand, candidates=asked)


def _collected(
    session: Session, order: Order, demand: Demand, *, at: datetime, credit: Credit = no_credit, is_new: bool = False
) -> Way:
    demand = replace(demand, method=Method.PICKUP, collect_at=order.store_id)
    asked = partial(candidates.at_the_store, session, order, _items(demand), at=at, credit=credit, is_new=is_new)
    return Way(mode=Mode.NORMAL, outcome=Outcome.COLLECTED, demand=demand, candidates=asked, only=order.store_id)


def _brought(session: Session, order: Order, demand: Demand, *, at: datetime) -> Way:
    wanted = {need.item_id: need.quantity for need in demand.needs}
    asked = partial(candidates.to_bring, session, order, wanted, at=at)
    is_open = partial(candidates.lies_somewhere, session, order.pickup_store_id)
    return Way(mode=Mode.FALLBACK, outcome=Outcome.TRANSFERRED, demand=demand, candidates=asked, is_open=is_open)


def _is_whole(order: Order, shares: Sequence[Share]) -> bool:
    """All that is left of it, in things that can travel by themselves: part of an order can't follow the rest."""
    asked = {line.id: units for line, units in shares}
    is_all = all(line.ordered == line.cancelled + asked.get(line.id, 0) for line in order.lines)
    return is_all and all(line.parent_line_id is None for line, _ in shares)


def _items(demand: Demand) -> list[int]:
    return [need.item_id for need in demand.needs]


def _any_day(demand: Demand) -> Demand:
    """Later than promised is better than never."""
    return replace(demand, promised_at=SOME_DAY)


def _never_full(found: Sequence[Candidate], node_id: int) -> list[Candidate]:
    """A person who asks for more than a day's work has spoken with them."""
    return [replace(each, capacity_left=max(1, each.capacity_left)) if each.node_id == node_id else each
            for each in found]  # fmt: skip
