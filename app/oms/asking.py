"""Places without tablets, asked to send what they have of an order: told through the outbox, each time it changes."""

from typing import Any

from sqlmodel import Session, col, select

from app.events import outbox
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_events import OrderCancelled, OrderEvent, OrderReleased, UnitsCancelled
from app.oms.order_line import Fulfilment, FulfilmentKind, OrderLine
from app.oms.routing_decision import UnitsMovedOn

TOPIC = "fulfilment"


def released(session: Session, event: OrderReleased) -> None:
    """It is paid for: whoever has some of it may send it."""
    _tell(session, event, is_new=True)


def changed(session: Session, event: UnitsMovedOn | UnitsCancelled | OrderCancelled) -> None:
    """Less of it is wanted there, or nothing."""
    _tell(session, event, is_new=False)


def wanted(order: Order, part: Fulfilment) -> list[OrderLine]:
    """What this place has still to send."""
    return [line for line in order.lines if line.fulfilment_id == part.id and line.reserved]


def _tell(session: Session, event: OrderEvent, *, is_new: bool) -> None:
    order = session.get_one(Order, event.order_id)
    if order.store_id is not None or not order.is_paid_enough:
        return
    parts = select(Fulfilment, Node).join(Node).where(Fulfilment.order_id == order.id, Node.kind != NodeKind.STORE)
    for part, node in session.exec(parts.where(Fulfilment.kind == FulfilmentKind.SHIP).order_by(col(Fulfilment.id))):
        lines = wanted(order, part)
        if lines or not is_new:
            outbox.post(
                session, topic=TOPIC, dedupe=f"{TOPIC}/{part.id}/{event.at.timestamp()}", at=event.at, due_at=event.at,
                receiver=f"node:{node.code}", payload=_said(order, part, node, lines),
            )  # fmt: skip


def _said(order: Order, part: Fulfilment, node: Node, lines: list[OrderLine]) -> dict[str, Any]:
    """Who it is for is asked for at the fulfilment's own address, with a key: letters are kept, and names are not."""
    return {
        "fulfilment": str(part.id), "order": order.number, "node": node.code,
        "promised_by": order.promised_at.isoformat(),
        "lines": [{"sku": line.item.sku, "quantity": line.item.amount_of(line.reserved), "unit": line.item.unit}
                  for line in lines],
    }  # fmt: skip
