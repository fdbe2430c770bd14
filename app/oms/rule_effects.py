"""What follows for stock and channels when a rule begins or ends: which items have to be worked out anew."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, select

from app.oms import touched
from app.oms.balance import Balance
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.rules.bodies import RuleKind
from app.rules.rule_version import RuleVersion


def take_effect(session: Session, version_id: int, *, at: datetime) -> None:
    """Safe to call twice: what is worked out anew twice is the same."""
    version = session.get_one(RuleVersion, version_id, with_for_update=True, populate_existing=True)
    if version.effect_due_at is None or version.effect_due_at > at:
        return
    version.effect_due_at = None
    if version.kind in {RuleKind.SAFETY_STOCK, RuleKind.CHANNEL}:
        touched.mark(session, _items_of(session, version.scope))


def _items_of(session: Session, scope: str) -> Iterable[int]:
    word, _, code = scope.partition("@")[0].partition(":")
    if word == "item":
        return session.exec(select(Item.id).where(Item.sku == code)).all()
    if word == "node":
        at_node = select(Balance.item_id).join(Node).where(Node.code == code)
        return session.exec(at_node).all()
    if word == "kind":
        of_kind = (
            select(Balance.item_id).join(Node).where(Node.kind == NodeKind.__members__.get(code.upper())).distinct()
        )
        return session.exec(of_kind).all()
    return session.exec(select(Item.id)).all()
