"""An order as the API shows it: where each unit is, how the money stands, and the work it makes."""

from sqlmodel import Session

from app.drawing import iso
from app.oms import payment, shipment
from app.oms.node import Node
from app.oms.order import Order
from app.oms.order_line import PLACES, OrderLine
from app.pickup import task as tasks
from app.web.api_answers import FulfilmentOut, LineOut, OrderOut, PaymentOut, TaskOut
from app.web.fulfilment_models import SentOut


def shown(session: Session, order: Order) -> OrderOut:
    session.flush()
    task = next(iter(tasks.all_of(session, order.id)), None)
    work = TaskOut(id=str(task.id), status=task.status) if task is not None else None
    return OrderOut(
        id=str(order.id), number=order.number, status=order.status, payment=_payment(session, order),
        lines=[_line(line) for line in sorted((*order.lines, *order.kits), key=lambda line: line.id)],
        fulfilments=_fulfilments(session, order), task=work,
    )  # fmt: skip


def _line(line: OrderLine) -> LineOut:
    places = {place: line.item.amount_of(getattr(line, place)) for place in ("ordered", *PLACES)}
    kit_id = str(line.parent_line_id) if line.parent_line_id is not None else None
    return LineOut(id=str(line.id), part_of=kit_id, sku=line.item.sku, unit=line.item.unit, **places)


def _fulfilments(session: Session, order: Order) -> list[FulfilmentOut]:
    sent = shipment.standing(session, order.id)
    return [
        FulfilmentOut(
            id=str(part.id), type=part.kind, node=session.get_one(Node, part.node_id).code,
            status=order.status_at(part),
            line_ids=[str(line.id) for line in order.lines if line.fulfilment_id == part.id],
            shipments=[SentOut(carrier=row.carrier, tracking=row.tracking, parcels=row.parcels, sent_at=iso(row.at))
                       for row in sent if row.fulfilment_id == part.id],
        )
        for part in order.fulfilments
    ]  # fmt: skip


def _payment(session: Session, order: Order) -> PaymentOut:
    summed = payment.account(session, order.id)
    return PaymentOut(
        state=order.payment_state, currency=order.currency, amount_minor=order.amount_minor,
        owed_minor=order.owed_minor, authorised_minor=summed.authorised, captured_minor=summed.captured,
        refunded_minor=summed.refunded, refund_due_minor=max(0, summed.refund_due - summed.refunded),
    )  # fmt: skip
