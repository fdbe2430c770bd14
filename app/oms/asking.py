"""Places without tablets, asked to send what they have of an order: told through the outbox, each time it changes."""

import hashlib
from typing import Any

from sqlmodel import Session, col, select

from app.events import outbox
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_events import OrderCancelled, OrderEvent, OrderReleased, UnitsCancelled
from app.oms.order_line import Fulfilment, FulfilmentKind, OrderLine
from app.oms.payment import PaymentState
from app.oms.routing_decision import UnitsMovedOn

TOPIC = "fulfilment"


def released(session: Session, event: OrderReleased) -> None:
    """It is paid for: whoever has some of it may send it."""
    _tell(session, event, is_new=True)


def changed(session: Session, event: UnitsMovedOn | UnitsCancelled | OrderCancelled) -> None:
    """Less of it is wanted there, or nothing; also of what was paid for when they were asked, and is not any more."""
    if session.get_one(Order, event.order_id).payment_state != PaymentState.PENDING:
        _tell(session, event, is_new=False)


def wanted(order: Order, part: Fulfilment) -> list[OrderLine]:
    """What this place has still to send."""
    return [line for line in order.lines if line.fulfilment_id == part.id and line.reserved]


def _tell(session: Session, event: OrderEvent, *, is_new: bool) -> None:
    order = session.get_one(Order, event.order_id)
    if order.store_id is not None:
        return
    parts = select(Fulfilment, Node).join(Node).where(Fulfilment.order_id == order.id, Node.kind != NodeKind.STORE)
    for part, node in session.exec(parts.where(Fulfilment.kind == FulfilmentKind.SHIP).order_by(col(Fulfilment.id))):
        lines = wanted(order, part) if order.is_paid_enough else []
        if lines or not is_new:
            outbox.post(
                session, topic=TOPIC, dedupe=f"{TOPIC}/{part.id}/{event.at.timestamp()}/{_sum_of(lines)}", at=event.at,
                due_at=event.at, receiver=f"node:{node.code}", payload=_said(order, part, node, lines),
            )  # fmt: skip


def _sum_of(lines: list[OrderLine]) -> str:
    """One instant can change a part twice, in a transaction each: only what says the same is said once."""
    return hashlib.sha256(repr([(line.id, line.reserved) for line in lines]).encode()).hexdigest()[:16]


def _said(order: Order, part: Fulfilment, node: Node, lines: list[OrderLine]) -> dict[str, Any]:
    """Who it is for is asked for at the fulfilment's own address, with a key: letters are kept, and names are not."""
    return {
        "fulfilment": str(part.id), "order": order.number, "node": node.code,
        "promised_by": order.promised_at.isoformat(),
        "lines": [{"sku": line.item.sku, "quantity": line.item.amount_of(line.reserved), "unit": line.item.unit}
                  for line in lines],
    }  # fmt: skip
