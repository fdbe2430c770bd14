"""Where an order comes from, made so: chosen, kept there, written down; and chosen anew when a node can't."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from app.oms import choosing, hold, keeping, parcels, reservation, routing_decision, transfer, ways
from app.oms.balance import Key
from app.oms.choosing import Asked, Choice
from app.oms.inventory import Reason
from app.oms.node import Node, NodeKind
from app.oms.order import Order, OrderOver
from app.oms.order_line import Fulfilment
from app.oms.order_status import OVER
from app.oms.parcels import Share
from app.oms.routing import Excluded
from app.oms.routing_decision import Mode, OrderRouted, Outcome, RoutingDecision, UnitsMovedOn
from app.refusals import Refusal, Unreadable

CANT: dict[str | None, str] = {
    Excluded.DOWN: "it is closed for orders just now", Excluded.METHOD_OFF: "its terms say that it does not",
    Excluded.NO_COLD_CHAIN: "it can't keep it cold",
    Excluded.REFUSED: "it said no to this order, and has not counted since",
}  # fmt: skip


class CantComeFromThere(Refusal):
    """The node a person named can't send it, and why."""


class NothingToMove(Refusal):
    """All of it is in somebody's hands, gone, on its way, or there already."""


def route(session: Session, order: Order, *, held: str | None = None, actor: str, at: datetime) -> RoutingDecision:
    """A new order's way: all of it is kept somewhere, or nothing is and somebody has to look.

    What a basket holds for it under the key `held` becomes the order's, or goes back on sale.
    """
    shares = [(line, line.unfilled) for line in order.lines]
    asked = ways.of(session, order, shares, at=at, credit=lambda: _kept_by(session, held, at=at), is_new=True)
    to_lock = hold.keys(session, [held]) if held is not None else ()  # also what has run out: it is looked at again
    choice = choosing.settle(session, asked, held=to_lock, at=at)
    decision = _write_down(session, order, choice, asked, number=1, reason="", actor=actor, at=at)
    if decision.outcome in (Outcome.SHIPPED, Outcome.TRANSFERRED):  # what a store has itself is routed nowhere
        _say(order, decision)
    if decision.is_routed:
        keeping.carry_out(session, order, choice, shares, decision=decision, held=held)
    if held is not None and decision.outcome in (Outcome.TRANSFERRED, Outcome.NOTHING):
        hold.release(session, held, actor=actor, at=at)
    return decision


def _kept_by(session: Session, held: str | None, *, at: datetime) -> dict[Key, int]:
    claims = hold.of(session, held) if held is not None else []
    return {claim.key: claim.open_quantity for claim in claims if claim.is_standing(at)}


def reroute(
    session: Session, order: Order, units: Mapping[int, int], *, reason: str, actor: str, at: datetime
) -> RoutingDecision:
    """So many units by line (kept, missing or unfilled, and in nobody's hands) come from elsewhere, if they can.

    Where they were to come from is not asked again before somebody has counted. What is kept there stays until another
    node has it; when none can, the decision says so, and nothing has changed. The order's row is locked.
    """
    _refuse_for(session, order, _shares(session, order, units), reason=reason, at=at)
    return fill(session, order, units, reason=reason, actor=actor, at=at)


def fill(
    session: Session, order: Order, units: Mapping[int, int], *, reason: str, actor: str, at: datetime
) -> RoutingDecision:
    """So many units by line that are missing or were never found, from whoever has not refused them."""
    shares = _shares(session, order, units)
    return _move(session, order, shares, ways.of(session, order, shares, at=at), reason=reason, actor=actor, at=at)


def override(session: Session, order: Order, node: Node, *, reason: str, actor: str, at: datetime) -> RoutingDecision:
    """A person knows better: all that nobody has in their hands comes from this node, be it full or late."""
    if not reason.strip():
        raise Unreadable("Say why it is to come from there.")
    here = {part.id for part in order.fulfilments if part.node_id == node.id}
    units = {line.id: line.short + line.unfilled if line.fulfilment_id in here else parcels.movable(line)
             for line in order.lines}  # fmt: skip
    shares = _shares(session, order, {line_id: units for line_id, units in units.items() if units})
    asked = ways.by_hand(session, order, shares, node, at=at)
    decision = _move(session, order, shares, asked, reason=reason.strip(), actor=actor, at=at)
    if not decision.is_routed:
        why = next((each["excluded"] for each in decision.candidates if each["node"] == node.id), None)
        raise CantComeFromThere(f"{node.name} can't send it: {CANT.get(why, 'it has not all of it')}.")
    return decision


def _shares(session: Session, order: Order, units: Mapping[int, int]) -> list[Share]:
    if order.status in OVER:
        raise OrderOver(f"Order {order.number} is already {order.status}.")
    shares = [(line, units[line.id]) for line in order.lines if line.id in units]
    if not shares or any(not 0 < wanted <= parcels.movable(line) for line, wanted in shares):
        raise NothingToMove(f"Nothing of order {order.number} can come from elsewhere now.")
    if order.store_id is not None and transfer.living_for(session, order.id):
        raise NothingToMove(f"Order {order.number} is on its way to its store already.")
    if any(line.staged for line in order.lines):
        raise NothingToMove(f"Order {order.number} waits on its shelf for its customer: nothing is added to it there.")
    return shares


def _move(
    session: Session, order: Order, shares: Sequence[Share], asked: Asked, *, reason: str, actor: str, at: datetime
) -> RoutingDecision:
    choice = choosing.settle(session, asked, held=_held(session, shares), at=at)
    last = routing_decision.last_of(session, order.id)
    is_by_hand = choice.way.mode == Mode.MANUAL
    if not choice.is_found and not is_by_hand and last is not None and last.says_no_to(choice.wanted):
        return last  # said once; whoever looks again and again writes it down once
    decision = _write_down(
        session, order, choice, asked, number=1 + (last.number if last else 0), reason=reason, actor=actor, at=at
    )
    _say(order, decision)
    if decision.is_routed:
        before = [(line.fulfilment_id, line.item_id, units) for line, units in shares]
        parcels.free(session, shares, order.cause(Reason.RELEASED, actor=actor, at=at))
        keeping.carry_out(session, order, choice, shares, decision=decision)
        _say_moved(session, order, before, decision)
        if order.is_paid_enough and decision.outcome != Outcome.TRANSFERRED:
            order.release_to_store(actor=actor, at=at)
    return decision


def _held(session: Session, shares: Sequence[Share]) -> set[Key]:
    """Balances that something is taken from: locked with those it goes to, in one order."""
    claims = reservation.of_lines(session, [line.id for line, _ in shares])
    return {(claim.item_id, claim.node_id) for claim in claims.values() if claim.open_quantity}


def _refuse_for(session: Session, order: Order, shares: Sequence[Share], *, reason: str, at: datetime) -> None:
    nodes = {part.id: part.node_id for part in order.fulfilments}
    items: dict[int, set[int]] = {}
    for line, _ in shares:
        if line.fulfilment_id is not None:
            items.setdefault(nodes[line.fulfilment_id], set()).add(line.item_id)
    for node_id, item_ids in items.items():
        routing_decision.refuse(session, order_id=order.id, node_id=node_id, item_ids=item_ids, reason=reason, at=at)


def _write_down(
    session: Session,
    order: Order,
    choice: Choice,
    asked: Asked,
    *,
    number: int,
    reason: str,
    actor: str,
    at: datetime,
) -> RoutingDecision:
    made, way = choice.decision, choice.way
    decision = RoutingDecision(
        order_id=order.id, number=number, at=at, actor=actor, mode=way.mode,
        outcome=way.outcome if choice.is_found else Outcome.NOTHING, rule_version_ids=list(asked.rule_version_ids),
        wanted=choice.wanted, candidates=list(choice.seen),
        parts=[{"node": part.node_id, "cost": part.cost, "units": {str(item): n for item, n in part.units.items()}}
               for part in made.parts],
        cost_minor=made.cost, gap_minor=round(made.gap, 2), reason=reason,
    )  # fmt: skip
    session.add(decision)
    session.flush()
    return decision


def _say(order: Order, decision: RoutingDecision) -> None:
    order.happened(OrderRouted(
        at=decision.at, actor=decision.actor, order_id=order.id, store_id=order.store_id, decision_id=decision.id,
        mode=decision.mode, outcome=decision.outcome, node_ids=tuple(part["node"] for part in decision.parts),
    ))  # fmt: skip


def _say_moved(
    session: Session, order: Order, before: Sequence[tuple[int | None, int, int]], decision: RoutingDecision
) -> None:
    """Each node that need not send it any more hears of it."""
    nodes = select(Fulfilment.id, Node).join(Node, col(Node.id) == Fulfilment.node_id)
    node_of = {row[0]: row[1] for row in session.exec(nodes.where(Fulfilment.order_id == order.id))}
    for fulfilment_id, item_id, units in before:
        if fulfilment_id is not None:
            node = node_of[fulfilment_id]
            order.happened(UnitsMovedOn(
                at=decision.at, actor=decision.actor, order_id=order.id, fulfilment_id=fulfilment_id, node_id=node.id,
                store_id=node.id if node.kind == NodeKind.STORE else None, item_id=item_id, quantity=units,
                reason=decision.reason,
            ))  # fmt: skip
