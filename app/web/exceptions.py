"""Problems: the store's open cases, oldest first, and the three things to do about one."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, request
from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.oms.order import Order
from app.oms.order_line import OrderLine
from app.people.associate import Associate
from app.pickup import exception_case
from app.pickup.count import StockCount
from app.pickup.exception_case import CaseKind, CaseStatus, ExceptionCase
from app.refusals import NotFound, Unreadable
from app.web.fragments import page, tap
from app.web.last_actions import undo_of
from app.web.viewer import viewer

exceptions = Blueprint("exceptions", __name__, url_prefix="/exceptions")

TITLES = {
    CaseKind.UNFULFILLABLE: "No stock for the order",
    CaseKind.UNDELIVERABLE: "A message did not arrive",
    CaseKind.PAYMENT_FAILED: "The payment failed",
    CaseKind.TRANSFER_SHORT: "Less came than was sent",
    CaseKind.NOT_ROUTED: "No place can send it",
}


@exceptions.get("")
def show():
    with db.reading() as session:
        store = viewer().store(session)
        cases = _views(session, exception_case.living(session, store.id))
        chosen = next(
            (case for case in cases if case["id"] == request.args.get("case", type=int)), next(iter(cases), None)
        )
        words = f"{len(cases)} open, oldest first." if cases else "No problems."
        return page("exceptions/exceptions.html", cases=cases, chosen=chosen, is_asked="case" in request.args,
                    zone=store.time_zone, sentence=words,
                    problems_open=len(cases), undo=undo_of(session))  # fmt: skip


def _views(session: Session, cases: Sequence[ExceptionCase]) -> list[dict[str, Any]]:
    """What the cases speak of is fetched for all of them together."""
    with_customer = selectinload(Order.customer)  # type: ignore[arg-type]
    with_item = selectinload(OrderLine.item)  # type: ignore[arg-type]
    about = select(Order).where(col(Order.id).in_({case.order_id for case in cases})).options(with_customer)
    missing = select(OrderLine).where(col(OrderLine.id).in_({case.line_id for case in cases})).options(with_item)
    owning = select(Associate).where(col(Associate.id).in_({case.owner_id for case in cases}))
    orders = {order.id: order for order in session.exec(about)}
    lines = {line.id: line for line in session.exec(missing)}
    owners = {person.id: person for person in session.exec(owning)}
    counting = _counts(session, cases, lines)
    return [
        _view(case, orders[case.order_id], lines.get(case.line_id or 0), owners.get(case.owner_id or 0))
        | {"count_id": counting.get(case.id)}
        for case in cases
        if case.order_id is not None
    ]


def _counts(session: Session, cases: Sequence[ExceptionCase], lines: Mapping[int, OrderLine]) -> dict[int, int]:
    """What is oversold is counted first: which count of its item waits, by case."""
    oversold = [case for case in cases if case.kind == CaseKind.OVERSOLD]
    about = {case.id: (case.store_id, lines[case.line_id].item_id) for case in oversold if case.line_id is not None}
    if not about:
        return {}
    stores, items = ({key[place] for key in about.values()} for place in (0, 1))
    waiting = select(StockCount).where(
        col(StockCount.store_id).in_(stores), col(StockCount.item_id).in_(items), col(StockCount.ended_at).is_(None)
    )
    found = {(count.store_id, count.item_id): count.id for count in session.exec(waiting)}
    return {case_id: found[key] for case_id, key in about.items() if key in found}


def _view(case: ExceptionCase, order: Order, line: OrderLine | None, owner: Associate | None) -> dict[str, Any]:
    title = (
        f"{case.detail.capitalize()}: {line.item.name}" if line else TITLES.get(case.kind, case.kind.value.capitalize())
    )
    return {
        "id": case.id, "title": title, "image": line.item.image if line else None, "order": order.number,
        "who": order.customer.name, "task_id": case.task_id, "opened_at": case.opened_at,
        "quantity": line.item.said(case.quantity) if line and case.quantity else "",
        "promised_at": order.promised_at, "owner": owner.short_name if owner else None, "detail": case.detail,
        "is_oversold": case.kind == CaseKind.OVERSOLD, "order_id": case.order_id,
        "lacks_a_way": case.kind in (CaseKind.UNFULFILLABLE, CaseKind.NOT_ROUTED, CaseKind.TRANSFER_SHORT),
    }  # fmt: skip


@exceptions.post("/<int:case_id>/acknowledgement")
@tap
def acknowledge(session: Session, case_id: int):
    _case(session, case_id).acknowledge(session, associate_id=viewer().id, at=now())
    return redirect(f"/exceptions?case={case_id}", code=303)


@exceptions.post("/<int:case_id>/resolution")
@tap
def resolve(session: Session, case_id: int):
    _case(session, case_id).end(CaseStatus.RESOLVED, actor=f"associate/{viewer().id}", at=now())
    return redirect("/exceptions", code=303)


@exceptions.post("/<int:case_id>/dismissal")
@tap
def dismiss(session: Session, case_id: int):
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise Unreadable("Say in a few words why this isn't a problem.")
    _case(session, case_id).end(CaseStatus.DISMISSED, actor=f"associate/{viewer().id}", at=now(), reason=reason)
    return redirect("/exceptions", code=303)


def _case(session: Session, case_id: int) -> ExceptionCase:
    case = session.get(ExceptionCase, case_id, with_for_update=True)
    if case is None or case.store_id != viewer().store(session).id:
        raise NotFound("There is no such problem in this store.")
    return case
