"""Ways to choose who sends an order: ours, and by nearness alone, to be tried on the same orders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.oms import routing
from app.oms.routing import Candidate, Demand, Weights

SOONER_OR_LATER = datetime(9999, 1, 1, tzinfo=UTC)
MOST_PARCELS = 8

Units = Mapping[int, int]
"""By line."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who sends what; whether that is proved to be the cheapest, and how far off it may be."""

    parts: Mapping[int, Units]
    is_exact: bool = True
    gap: float = 0.0
    is_by_hand: bool = False


Policy = Callable[[Demand, Sequence[Candidate], Weights], Choice]


def cheapest(demand: Demand, candidates: Sequence[Candidate], weights: Weights) -> Choice:
    """As the shop routes: in time, else late. What would need more parcels than the rule allows is left to a person.

    The person sends it the cheapest way in up to eight parcels, or the nearest: as much is sent as by the others.
    """
    late = replace(demand, promised_at=SOONER_OR_LATER)
    wide = replace(late, most_splits=max(MOST_PARCELS, demand.most_splits))
    for asked in (demand, late, wide):
        decision = routing.choose(asked, candidates, weights)
        if decision.is_complete:
            parts = {part.node_id: part.units for part in decision.parts}
            return Choice(parts, decision.is_exact, decision.gap, is_by_hand=asked is wide)
    return replace(nearest_whole(demand, candidates, weights), is_by_hand=True)


def nearest(demand: Demand, candidates: Sequence[Candidate], _: Weights) -> Choice:
    """From the nearest node that has any of it, then the next, until all is there: the promise is not asked."""
    left = {need.line: need.quantity for need in demand.needs}
    parts: dict[int, Units] = {}
    for node in by_distance(demand, candidates):
        taken = {need.line: min(left[need.line], routing.can_send(node, need)) for need in demand.needs}
        if taken := {line: units for line, units in taken.items() if units}:
            parts[node.node_id] = taken
            left = {line: units - taken.get(line, 0) for line, units in left.items()}
        if not any(left.values()):
            break
    return Choice({} if any(left.values()) else parts)


def nearest_whole(demand: Demand, candidates: Sequence[Candidate], weights: Weights) -> Choice:
    """From the nearest node that has all of it; where none has, as `nearest`."""
    for node in by_distance(demand, candidates):
        if all(routing.can_send(node, need) >= need.quantity for need in demand.needs):
            return Choice({node.node_id: {need.line: need.quantity for need in demand.needs}})
    return nearest(demand, candidates, weights)


POLICIES: Mapping[str, Policy] = {"ours": cheapest, "nearest": nearest, "nearest that has all": nearest_whole}


def by_distance(demand: Demand, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that may serve at all, whenever it arrives."""
    asked = replace(demand, promised_at=SOONER_OR_LATER)
    able = [node for node in candidates if routing.exclusion(asked, node) is None]
    return sorted(able, key=lambda node: (node.distance_km or 0.0, node.node_id))
