"""Where an order comes from, in words: what was decided and why, and what a person can still decide."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from app.oms import candidates, parcels, routing_decision
from app.oms.candidates import Standing
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_status import OVER
from app.oms.routing import Method
from app.oms.routing_decision import Mode, Outcome, RoutingDecision
from app.people.associate import Associate

PEOPLE = "associate/"
WHY_NOT = {
    "node is down": "Closed for orders just now",
    "customer collects elsewhere": "The customer collects elsewhere",
    "no cold chain": "Can’t keep it cold",
    "no capacity": "Has enough to do today",
    "can't keep the promise": "Would be too late",
    "refused it before": "Said no to this order, and has not counted since",
    "has none of it": "Has none of it",
}
HOW = {Mode.NORMAL: "By the rules", Mode.FALLBACK: "The next best way", Mode.MANUAL: "By hand"}
WHAT = {
    Outcome.COLLECTED: "Is collected where it is", Outcome.SHIPPED: "Goes out in parcels",
    Outcome.TRANSFERRED: "Is brought to the customer’s store", Outcome.NOTHING: "No place can send it",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place that was looked at."""

    name: str
    has: str
    why_not: str
    cost_minor: float | None
    km: float | None
    ready_at: datetime
    sends: str


@dataclass(frozen=True, kw_only=True)
class Made:
    """One decision; the newest is shown with all it was chosen from."""

    at: datetime
    what: str
    how: str
    who: str
    reason: str
    sends: str
    is_found: bool
    is_by_hand: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """All the page says; `may_act` is whether whoever looks may decide otherwise."""

    order: Order
    made: tuple[Made, ...]
    places: tuple[Place, ...]
    choices: Mapping[str, str]
    may_act: bool

    @property
    def sentence(self) -> str:
        """What there is to know first."""
        return f"{self.made[0].what}." if self.made else "Nothing was decided about it."


def drawn_from(session: Session, order: Order, *, may_act: bool) -> Shown:
    decisions = routing_decision.of_order(session, order.id)
    names = _names(session, decisions)
    items = {str(line.item_id): line.item for line in order.lines}
    people = _people(session, decisions)
    return Shown(
        order=order, made=tuple(_made(each, names, items, people) for each in decisions),
        places=_places(decisions[0], names, items, WHY_NOT | _not_here(order)) if decisions else (),
        choices=_choices(session, order) if may_act else {}, may_act=may_act,
    )  # fmt: skip


def _choices(session: Session, order: Order) -> dict[str, str]:
    """Places that have some of what can still come from elsewhere."""
    wanted = {line.item_id: line.item for line in order.lines if parcels.movable(line)}
    if not wanted or order.status in OVER:
        return {}
    found = candidates.standing(session, wanted, credit={})
    return {
        each.node.code: f"{each.node.name}, has {_amounts(each.free, {key: wanted[key] for key in each.free})}"
        for each in found
        if _may_send(order, each)
    }


def _not_here(order: Order) -> dict[str, str]:
    """What a place lacks depends on how the order reaches its customer: no item is brought in two boxes."""
    if order.store_id is None:
        return {"not offered here": "Does not send parcels"}
    return {"not offered here": "Does not hand orders out", "has none of it": "Has not all of any item"}


def _may_send(order: Order, here: Standing) -> bool:
    """Vendors send to customers, not to stores."""
    if order.store_id is None:
        return Method.SHIP in here.methods
    return Method.PICKUP in here.methods if here.node.id == order.store_id else here.node.kind != NodeKind.VENDOR


def _places(
    decision: RoutingDecision, names: Mapping[int, str], items: Mapping[str, Item], why_not: Mapping[str, str]
) -> tuple[Place, ...]:
    """Who sends something first, then who could have, then who could not."""
    sent = {part["node"]: _said(part["units"], items) for part in decision.parts}
    ranked = sorted(decision.candidates, key=lambda each: (
        each["node"] not in sent, each["excluded"] is not None, each["fixed"], each["node"],
    ))  # fmt: skip
    return tuple(
        Place(
            name=names[each["node"]], has=_said(each["free"], items) or why_not["has none of it"], km=each["km"],
            why_not=why_not.get(each["excluded"], each["excluded"] or ""), sends=sent.get(each["node"], ""),
            cost_minor=None if each["excluded"] else _cost(each, decision.wanted),
            ready_at=datetime.fromisoformat(each["ready_at"]),
        )
        for each in ranked
    )  # fmt: skip


def _cost(seen: Mapping[str, Any], wanted: Mapping[str, int]) -> float:
    """Of a parcel with all that this place could have put into it."""
    units = {item_id: min(many, seen["free"].get(item_id, 0)) for item_id, many in wanted.items()}
    return float(seen["fixed"] + sum(seen["prices"].get(item_id, 0.0) * many for item_id, many in units.items()))


def _made(
    made: RoutingDecision, names: Mapping[int, str], items: Mapping[str, Item], people: Mapping[int, str]
) -> Made:
    sends = "; ".join(f"{names[part['node']]}: {_said(part['units'], items)}" for part in made.parts)
    who = people.get(_person(made.actor) or 0, "Another system" if made.actor.startswith("api/") else "Readyshelf")
    return Made(at=made.at, what=WHAT[made.outcome], how=HOW[made.mode], who=who, reason=made.reason, sends=sends,
                is_found=made.is_routed, is_by_hand=made.mode == Mode.MANUAL)  # fmt: skip


def _said(units: Mapping[str, int], items: Mapping[str, Item]) -> str:
    """ "2 × Stoneware mug, 0.4 kg of Bananas"."""
    between = {True: "of", False: "×"}
    return ", ".join(
        f"{items[key].said(many)} {between[items[key].is_weighed]} {items[key].name}"
        for key, many in units.items() if key in items
    )  # fmt: skip


def _amounts(units: Mapping[int, int], items: Mapping[int, Item]) -> str:
    return _said({str(key): many for key, many in units.items()}, {str(key): item for key, item in items.items()})


def _names(session: Session, decisions: Sequence[RoutingDecision]) -> dict[int, str]:
    ids = {each["node"] for decision in decisions for each in (*decision.candidates, *decision.parts)}
    return {node.id: node.name for node in session.exec(select(Node).where(col(Node.id).in_(ids)))}


def _people(session: Session, decisions: Iterable[RoutingDecision]) -> dict[int, str]:
    ids = {person for each in decisions if (person := _person(each.actor)) is not None}
    return {each.id: each.short_name for each in session.exec(select(Associate).where(col(Associate.id).in_(ids)))}


def _person(actor: str) -> int | None:
    return int(actor.removeprefix(PEOPLE)) if actor.startswith(PEOPLE) else None
