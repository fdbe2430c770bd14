"""How often a node turned out not to have what an order was to get from it: what routing expects of it."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.oms.node_terms import NodeTerms
from app.oms.order_line import Fulfilment, FulfilmentKind, OrderLine
from app.oms.routing_decision import RoutingRefusal

LOOK_BACK = timedelta(days=28)
LEAST_LINES = 20
"""Of a node that was asked for fewer, nothing is learned: what is known of it stays."""


def see(session: Session, *, at: datetime) -> None:
    """The share of the lines asked of each node lately that it had to refuse; safe to call at any time."""
    refused, sent = _refused(session, at - LOOK_BACK), _sent(session, at - LOOK_BACK)
    for terms in session.exec(select(NodeTerms)):
        asked = refused.get(terms.node_id, 0) + sent.get(terms.node_id, 0)
        if asked >= LEAST_LINES:
            terms.nil_pick_rate = round(refused.get(terms.node_id, 0) / asked, 4)


def _refused(session: Session, since: datetime) -> dict[int, int]:
    by_node = sa.select(col(RoutingRefusal.node_id), sa.func.count()).where(col(RoutingRefusal.refused_at) > since)
    return {row[0]: row[1] for row in session.execute(by_node.group_by(col(RoutingRefusal.node_id)))}


def _sent(session: Session, since: datetime) -> dict[int, int]:
    """Lines it was asked for and still has to send, or has sent."""
    by_node = (
        sa.select(col(Fulfilment.node_id), sa.func.count())
        .join(OrderLine, col(OrderLine.fulfilment_id) == col(Fulfilment.id))
        .where(col(Fulfilment.kind) == FulfilmentKind.SHIP, col(Fulfilment.asked_at) > since)
        .group_by(col(Fulfilment.node_id))
    )
    return {row[0]: row[1] for row in session.execute(by_node)}
