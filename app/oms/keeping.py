"""What was decided for an order, carried out: kept for it where it was chosen, or asked to be brought to its store."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from app.oms import admission, parcels, transfer_request
from app.oms.admission import Request, Wish
from app.oms.choosing import Choice
from app.oms.order import Order
from app.oms.parcels import Share
from app.oms.reservation import ReservationState
from app.oms.routing_decision import Outcome, RoutingDecision
from app.oms.transfer_request import Wanted


def carry_out(
    session: Session, order: Order, choice: Choice, shares: Sequence[Share], *, decision: RoutingDecision,
    held: str | None = None,
) -> None:  # fmt: skip
    """What was chosen is locked: it is promised now, and what a basket held for it (`held`) becomes the order's."""
    if decision.outcome == Outcome.TRANSFERRED:
        _bring(session, order, choice, decision)
    elif decision.outcome == Outcome.COLLECTED:
        _keep(session, order, parcels.apart(session, shares), decision=decision, held=held)
    else:
        given = parcels.assign(session, order, choice.decision.parts, shares, at=decision.at)
        _keep(session, order, given, decision=decision, held=held)
    for kit in order.kits:
        if not any(line.unfilled for line in order.lines if line.parent_line_id == kit.id):
            kit.move("unfilled", "in_parts", kit.unfilled)


def _keep(
    session: Session, order: Order, shares: Sequence[Share], *, decision: RoutingDecision, held: str | None
) -> None:
    nodes = {part["node"] for part in decision.parts}
    node_of: dict[int | None, int] = {} if len(nodes) == 1 else {part.id: part.node_id for part in order.fulfilments}
    wishes = tuple(
        Wish(item_id=line.item_id, node_id=node_of.get(line.fulfilment_id) or min(nodes), quantity=units,
             order_line_id=line.id)
        for line, units in shares
    )  # fmt: skip
    document = f"order/{order.id}"
    request = Request(
        key=document if decision.number == 1 else f"{document}/{decision.number}", wishes=wishes, document=document,
        state=ReservationState.HARD if order.is_paid_enough else ReservationState.SOFT, actor=decision.actor,
        at=decision.at, channel=order.channel, takes_over=held,
    )  # fmt: skip
    admission.admit(session, [request])[0].or_refuse()
    for line, units in shares:
        line.move("unfilled", "reserved", units)


def _bring(session: Session, order: Order, choice: Choice, decision: RoutingDecision) -> None:
    due = {each["node"]: datetime.fromisoformat(each["ready_at"]) for each in choice.seen}
    for part in choice.decision.parts:
        wanted = Wanted(from_id=part.node_id, to_id=order.pickup_store_id, quantities=part.units,
                        expected_at=due[part.node_id])  # fmt: skip
        transfer_request.request_for(session, order, wanted, actor=decision.actor, at=decision.at)
