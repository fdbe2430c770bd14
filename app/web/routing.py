"""Routing on the screen: where an order comes from and why, and a person who decides otherwise."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, redirect, request
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.measures import decisions
from app.oms import node as nodes
from app.oms import order as orders
from app.oms import sourcing
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_line import Fulfilment
from app.people.store import Store
from app.pickup import exception_case
from app.pickup.exception_case import CaseKind, ExceptionCase
from app.refusals import NotFound, Refusal, Unreadable
from app.web import routing_page
from app.web.fragments import page, tap
from app.web.last_actions import undo_of
from app.web.region import region
from app.web.task_replies import SHOWS_THE_TRUTH
from app.web.viewer import NotYours, viewer

routing = Blueprint("routing", __name__, url_prefix="/routing")
MOST = 100
NOTHING_SAID: Mapping[str, str] = {}


@region.get("/region/routing")
def without_a_way():
    """Orders nobody has found a way for."""
    with db.reading() as session:
        region_id = _region_id()
        stores = select(Store.id).where(Store.region_id == region_id)
        lacking = col(ExceptionCase.kind).in_([CaseKind.NOT_ROUTED, CaseKind.UNFULFILLABLE])
        mine = col(ExceptionCase.store_id).in_(stores) | col(ExceptionCase.store_id).is_(None)
        living = select(ExceptionCase).where(lacking, mine, col(ExceptionCase.ended_at).is_(None))
        cases = session.exec(living.order_by(col(ExceptionCase.opened_at)).limit(MOST)).all()
        found = [(case, session.get_one(Order, case.order_id)) for case in cases if case.order_id is not None]
        words = f"{len(found)} without a way." if found else "Every order has found its way."
        zone = session.exec(select(Store.time_zone).where(Store.region_id == region_id)).first() or "UTC"
        return page("routing/without_a_way.html", found=found, zone=zone, sentence=words, **_around(session))


@routing.get("/<int:order_id>")
def show(order_id: int):
    with db.reading() as session:
        return _drawn(session, _visible(session, order_id))


@routing.post("/<int:order_id>")
def override(order_id: int):
    try:
        return _override(order_id=order_id)
    except Refusal as no:
        if no.status not in SHOWS_THE_TRUTH:
            raise
        with db.reading() as session:
            order = _visible(session, order_id)
            return make_response(_drawn(session, order, refusal=no.words, said=request.form), no.status)


@tap
def _override(session: Session, order_id: int) -> Any:
    order = orders.locked(session, _visible(session, order_id).id)
    if not _may_act(session):
        raise NotYours("Only the store's lead or the region's manager can say where an order comes from.")
    code, reason = request.form.get("node", ""), request.form.get("reason", "")
    node = nodes.by_code(session, {code}).get(code)
    if node is None or len(reason) > 200:
        raise Unreadable("Choose the place it is to come from, and say why in a sentence.")
    sourcing.override(session, order, node, reason=reason, actor=f"associate/{viewer().id}", at=now())
    return redirect(f"/routing/{order_id}", code=303)


def _drawn(session: Session, order: Order, *, refusal: str = "", said: Mapping[str, str] = NOTHING_SAID) -> str:
    """With what was said before a refusal, so that nobody has to say it twice."""
    shown = routing_page.drawn_from(session, order, may_act=_may_act(session))
    stores = [viewer().store(session)] if viewer().store_id is not None else _stores(session, order)
    zone = stores[0].time_zone if stores else "UTC"
    return page("routing/order.html", shown=shown, zone=zone, sentence=shown.sentence, refusal=refusal, said=said,
                **_around(session))  # fmt: skip


def _around(session: Session) -> dict[str, Any]:
    """The number on the rail, and what was done last: a page of its own shows them like every other."""
    if viewer().store_id is None:
        return {"problems_open": len(decisions.waiting(session, _region_id()))}
    store = viewer().store(session)
    return {"problems_open": exception_case.count_living(session, store.id), "undo": undo_of(session)}


def _visible(session: Session, order_id: int) -> Order:
    """An order that this store or region has a part of; at a desk also one that no store has any part of."""
    order = session.get(Order, order_id)
    stores = _stores(session, order) if order is not None else []
    is_here = (
        any(store.id == viewer().store(session).id for store in stores)
        if viewer().store_id is not None
        else _region_id() in {store.region_id for store in stores} or not stores
    )
    if order is None or not is_here:
        raise NotFound("There is no such order here.")
    return order


def _may_act(session: Session) -> bool:
    if viewer().store_id is not None:
        return viewer().reach.leads(viewer().store(session))
    return viewer().reach.may_manage(_region_id())


def _stores(session: Session, order: Order) -> list[Store]:
    parts = select(Fulfilment.node_id).join(Node, col(Node.id) == col(Fulfilment.node_id))
    sending = parts.where(Fulfilment.order_id == order.id, Node.kind == NodeKind.STORE)
    concerned = [order.store_id] if order.store_id is not None else []
    return list(session.exec(select(Store).where(col(Store.id).in_([*session.exec(sending), *concerned]))))


def _region_id() -> int:
    """The region this desk stands for, as long as its person may look at it."""
    region_id = viewer().region_id
    if region_id is None or not viewer().reach.may_look_at(region_id):
        raise NotFound
    return region_id
