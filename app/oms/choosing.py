"""Choosing a way for an order, and holding what was chosen, so that nobody takes it before it is promised.

The choice is made on a look at the stock that locks nothing. What was chosen is then locked, in the order in which
everybody locks; if some of it has gone, it is let go again and chosen anew. The last look is not only a look: all that
the order could come from is held while it is made, and holds that have run out are ended first. So nobody hears "there
is none" while there is some, and nobody waits for more than they need to.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.oms import balance, expiry, inventory
from app.oms.balance import Balance, Key
from app.oms.candidates import Credit, no_credit
from app.oms.routing import Candidate, Decision, Demand, Weights, choose, quote
from app.oms.routing_decision import Mode, Outcome

LOOKS = 2


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way an order could come: what is asked for, and of whom. A need's line is its item."""

    mode: Mode
    outcome: Outcome
    demand: Demand
    candidates: Callable[[], list[Candidate]]
    only: int | None = None
    """The one node it could come from, when it is one."""
    chosen_from: Callable[[Candidate], bool] = lambda _: True
    """A person has named the node; the others are looked at all the same."""
    is_open: Callable[[], bool] = lambda: True
    """Whether it can be thought of at all; asked when no way before it was found."""


@dataclass(frozen=True)
class Asked:
    """What is asked of routing, and by which rules."""

    ways: Sequence[Way]
    weights: Weights
    rule_version_ids: tuple[int, ...]
    credit: Credit = no_credit


@dataclass(frozen=True)
class Choice:
    """What was decided, and what was seen: of each node the last that was thought of it."""

    way: Way
    decision: Decision
    seen: tuple[dict[str, Any], ...]

    @property
    def is_found(self) -> bool:
        return self.decision.is_complete

    @property
    def wanted(self) -> dict[str, int]:
        """Units by item, as they are written down."""
        return {str(need.item_id): need.quantity for need in self.way.demand.needs}

    @property
    def needs(self) -> dict[Key, int]:
        """Units by item and node."""
        return {(item_id, part.node_id): units for part in self.decision.parts for item_id, units in part.units.items()}


def settle(session: Session, asked: Asked, *, held: Collection[Key] = (), at: datetime) -> Choice:
    """The first way that can be gone, its stock locked together with what is `held` by whoever asks."""
    for _ in range(LOOKS):
        choice = _choice(asked)
        if not choice.is_found:
            break
        if _hold(session, choice, held, asked.credit):
            return choice
    _hold_all(session, asked.ways, held, at=at)
    return _choice(asked)


def _hold(session: Session, choice: Choice, held: Collection[Key], credit: Credit) -> bool:
    """A savepoint that is rolled back gives its locks back, too: nobody holds what they do not take."""
    with session.begin_nested() as look:
        levels = balance.lock(session, {*choice.needs, *held}, is_making=False)
        mine = credit()
        is_there = all(
            key in levels and levels[key].free(floor=levels[key].safety) + mine.get(key, 0) >= units
            for key, units in choice.needs.items()
        )
        if not is_there:
            look.rollback()
    return is_there


def _hold_all(session: Session, ways: Iterable[Way], held: Collection[Key], *, at: datetime) -> None:
    items = {need.item_id for way in ways for need in way.demand.needs}
    nodes = {way.only for way in ways if way.is_open()}
    kept = sa.select(col(Balance.item_id), col(Balance.node_id)).where(col(Balance.item_id).in_(items))
    if None not in nodes:
        kept = kept.where(col(Balance.node_id).in_(nodes))
    keys = [(row.item_id, row.node_id) for row in session.execute(kept)]
    page = inventory.open_page(session, {*keys, *held}, is_making=False)
    while expiry.expire(session, page, at=at):
        pass
    page.save()


def _choice(asked: Asked) -> Choice:
    seen: dict[int, dict[str, Any]] = {}
    for way in (each for each in asked.ways if each.is_open()):
        candidates = way.candidates()
        decision = choose(way.demand, [each for each in candidates if way.chosen_from(each)], asked.weights)
        seen |= {each.node_id: _seen(each, way, decision, asked.weights) for each in candidates}
        if decision.is_complete:
            break
    return Choice(way, decision, tuple(seen[node_id] for node_id in sorted(seen)))


def _seen(node: Candidate, way: Way, decision: Decision, weights: Weights) -> dict[str, Any]:
    """As it is kept with the decision, so that years later somebody can ask why."""
    why = decision.excluded.get(node.node_id)
    asked = quote(node, way.demand, weights)
    priced = zip(way.demand.needs, asked.stock, asked.price, strict=True)
    prices = {str(need.item_id): round(price, 2) for need, stock, price in priced if stock}
    return {
        "node": node.node_id, "free": {str(item_id): units for item_id, units in node.free.items()},
        "excluded": why.value if why is not None else None, "fixed": round(asked.fixed, 2), "prices": prices,
        "km": None if node.distance_km is None else round(node.distance_km, 1), "load": round(node.load, 3),
        "ready_at": node.ready_at.isoformat(),
    }  # fmt: skip
