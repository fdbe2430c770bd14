"""When another system's word differs from our books by more than chance: its word stands, and somebody should look."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from sqlmodel import Session, col, select

from app.events import log
from app.events.log import DomainEvent
from app.oms.balance import Key
from app.oms.inventory import Cause
from app.oms.item import Item
from app.oms.node import Node, NodeKind

WORTH_A_LOOK = 5
"""Units of an item, in the unit it is sold by."""


@dataclass(frozen=True, kw_only=True)
class SnapshotDiffered(DomainEvent):
    """Another system's word differs from the books by more than what is on its way explains."""

    about: ClassVar[str] = "item"
    item_id: int
    node_id: int
    store_id: int | None
    wrong_by: int


class Difference(NamedTuple):
    """By how much a snapshot has moved a balance, and who said so."""

    key: Key
    wrong_by: int
    cause: Cause


def announce(session: Session, found: Sequence[Difference]) -> None:
    """Say each that is large for its item."""
    items = {item.id: item for item in session.exec(select(Item).where(col(Item.id).in_({d.key[0] for d in found})))}
    ask(session, [each for each in found if abs(each.wrong_by) > items[each.key[0]].units_of(WORTH_A_LOOK)])


def ask(session: Session, found: Sequence[Difference]) -> None:
    """Somebody has to look at each of these."""
    nodes = {node.id: node for node in session.exec(select(Node).where(col(Node.id).in_({d.key[1] for d in found})))}
    for (item_id, node_id), wrong_by, cause in found:
        is_store = nodes[node_id].kind == NodeKind.STORE
        log.record(session, SnapshotDiffered(
            at=cause.recorded_at, actor=cause.actor, item_id=item_id, node_id=node_id, wrong_by=wrong_by,
            store_id=node_id if is_store else None,
        ))  # fmt: skip
