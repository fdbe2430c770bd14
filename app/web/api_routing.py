"""The API for routing: how it was decided where an order comes from, and deciding otherwise."""

from datetime import UTC, datetime

from flask import Blueprint, g, request
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.oms import node as nodes
from app.oms import order as orders
from app.oms import routing_decision, sourcing
from app.oms.item import Item
from app.oms.node import Node
from app.oms.order import Order
from app.oms.routing_decision import RoutingDecision
from app.people import api_client
from app.people.api_client import Scope
from app.refusals import NotFound, Unreadable
from app.web.api import once
from app.web.routing_models import DecisionOut, Kept, OverrideIn, PartOut, RoutingOut, SeenOut

api_routing = Blueprint("api_routing", __name__, url_prefix="/api/orders")
AN_ORDER = "/<int(min=1, max=2147483647):order_id>/routing"


@api_routing.before_request
def _must_hold_a_key() -> None:
    with db.reading() as session:
        g.client = api_client.by_header(session, request.headers.get("Authorization", ""), scope=Scope.ORDERS)


@api_routing.get(AN_ORDER)
def show(order_id: int):
    with db.reading() as session:
        return _shown(session, _found(session, order_id)).model_dump()


@api_routing.post(AN_ORDER)
@once(OverrideIn)
def override(session: Session, body: OverrideIn, actor: str, order_id: int):
    order = orders.locked(session, _found(session, order_id).id)
    node = nodes.by_code(session, {body.node}).get(body.node)
    if node is None:
        raise Unreadable(f"There is no node {body.node}.")
    sourcing.override(session, order, node, reason=body.reason, actor=actor, at=now())
    return _shown(session, order), 200


def _found(session: Session, order_id: int) -> Order:
    order = session.get(Order, order_id)
    if order is None or not g.client.may_use(order.channel):
        raise NotFound("There is no such order.")
    return order


def _shown(session: Session, order: Order) -> RoutingOut:
    session.flush()
    made = routing_decision.of_order(session, order.id)
    ids = {each["node"] for decision in made for each in (*decision.candidates, *decision.parts)}
    codes = {node.id: node.code for node in session.exec(select(Node).where(col(Node.id).in_(ids)))}
    items = {str(line.item_id): line.item for line in order.lines}
    return RoutingOut(order=order.number, decisions=[_decision(each, codes, items) for each in made])


def _decision(made: RoutingDecision, codes: dict[int, str], items: dict[str, Item]) -> DecisionOut:
    return DecisionOut(
        number=made.number, at=made.at.astimezone(UTC).isoformat().replace("+00:00", "Z"), by=made.actor,
        mode=made.mode, outcome=made.outcome, reason=made.reason, rule_versions=made.rule_version_ids,
        cost_minor=made.cost_minor, gap_minor=made.gap_minor, candidates=[
            SeenOut(node=codes[each["node"]], excluded=each["excluded"], fixed_minor=each["fixed"], km=each["km"],
                    load=each["load"], ready_at=_utc(each["ready_at"]), free=_amounts(each["free"], items))
            for each in made.candidates],
        parts=[PartOut(node=codes[each["node"]], cost_minor=each["cost"], lines=_amounts(each["units"], items))
               for each in made.parts],
    )  # fmt: skip


def _amounts(units: Kept, items: dict[str, Item]) -> dict[str, str]:
    return {items[item_id].sku: items[item_id].amount_of(many) for item_id, many in units.items() if item_id in items}


def _utc(kept: str) -> str:
    return datetime.fromisoformat(kept).astimezone(UTC).isoformat().replace("+00:00", "Z")
