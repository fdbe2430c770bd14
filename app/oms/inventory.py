"""Stock: an append-only ledger of movements and, per node and item, their running sum.

Two kinds of writes, never mixed. A *fact* (a till sale, a delivery, a count) has happened and is never refused, even
when it pushes stock under its promises. A *promise* is ours to give: one guarded UPDATE that sees enough free stock in
that very version, or nothing. Each version of a balance has exactly one movement (a constraint), so a lost update or a
write past this module cannot go unseen. Movements are the audit rows of stock: a trigger refuses to change them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from app import db
from app.refusals import Refusal


class Reason(StrEnum):
    """Why stock moved."""

    OPENING = "opening"
    SALE = "sale"
    RETURN = "return"
    RECEIPT = "receipt"
    CORRECTION = "correction"
    RESERVED = "reserved"
    RELEASED = "released"
    COLLECTED = "collected"
    HANDOVER_TAKEN_BACK = "hand-off taken back"
    NOT_FOUND = "not found"
    FOUND = "found"


class NotEnoughStock(Refusal):
    """A promise that the shelf could not keep."""


class Balance(SQLModel, table=True):
    """What a node has of an item; no CHECK ties `reserved` to `on_hand`, because facts are never refused."""

    __tablename__ = "balance"
    __table_args__ = (
        sa.CheckConstraint("reserved >= 0 AND suppressed >= 0 AND safety >= 0 AND version >= 0", name="never_negative"),
    )

    item_id: int = Field(foreign_key="item.id", primary_key=True)
    node_id: int = Field(foreign_key="node.id", primary_key=True)
    on_hand: int = 0
    reserved: int = 0
    suppressed: int = 0
    """Units somebody looked for and did not find: not for sale until they are counted."""
    safety: int = 0
    version: int = 0

    @property
    def free(self) -> int:
        """What may still be promised: never below zero."""
        return max(0, self.on_hand - self.reserved - self.suppressed - self.safety)

    @property
    def shortfall(self) -> int:
        """Promises the shelf can't cover since some fact arrived."""
        return max(0, self.reserved - max(0, self.on_hand - self.suppressed))


class Movement(SQLModel, table=True):
    """One ledger row: what changed, why, by whom, and what stood there after."""

    __tablename__ = "movement"
    __table_args__ = (sa.UniqueConstraint("item_id", "node_id", "version"),)

    id: int = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="item.id")
    node_id: int = Field(foreign_key="node.id")
    version: int
    on_hand: int = 0
    reserved: int = 0
    suppressed: int = 0
    on_hand_after: int
    reserved_after: int
    suppressed_after: int
    reason: Reason = Field(sa_type=db.choice(Reason))
    document: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Change:
    """By how much one balance moves, in units of the item."""

    item_id: int
    node_id: int
    on_hand: int = 0
    reserved: int = 0
    suppressed: int = 0


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why stock moves: the document (`order/42`), who or what did it, when it happened, when we heard."""

    reason: Reason
    document: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime


def record(session: Session, changes: Iterable[Change], cause: Cause) -> None:
    """Put facts on the ledger; balances are taken in (item, node) order, so writers can't deadlock."""
    _move(session, _summed(changes), cause, guarded=False)


def promise(session: Session, changes: Iterable[Change], cause: Cause) -> None:
    """Reserve all of it or none: each balance moves only if, in this very version, so much was free."""
    with session.begin_nested():
        _move(session, _summed(changes), cause, guarded=True)


def _summed(changes: Iterable[Change]) -> list[Change]:
    """Several lines of one item are one change: two guards that each pass would not add up."""
    total: dict[tuple[int, int], list[int]] = {}
    for change in changes:
        sums = total.setdefault((change.item_id, change.node_id), [0, 0, 0])
        for index, amount in enumerate((change.on_hand, change.reserved, change.suppressed)):
            sums[index] += amount
    return [
        Change(item_id=item, node_id=node, on_hand=on_hand, reserved=reserved, suppressed=suppressed)
        for (item, node), (on_hand, reserved, suppressed) in sorted(total.items())
    ]


_balance = Balance.__table__  # type: ignore[attr-defined]
_MOVE = (
    sa.update(_balance)
    .where(_balance.c.item_id == sa.bindparam("b_item"), _balance.c.node_id == sa.bindparam("b_node"))
    .values(
        on_hand=_balance.c.on_hand + sa.bindparam("d_on_hand"),
        reserved=_balance.c.reserved + sa.bindparam("d_reserved"),
        suppressed=_balance.c.suppressed + sa.bindparam("d_suppressed"),
        version=_balance.c.version + 1,
    )
    .returning(_balance.c.version, _balance.c.on_hand, _balance.c.reserved, _balance.c.suppressed)
)
_PROMISE = _MOVE.where(
    _balance.c.on_hand - _balance.c.reserved - _balance.c.suppressed - _balance.c.safety >= sa.bindparam("d_reserved")
)


def _move(session: Session, changes: Sequence[Change], cause: Cause, *, guarded: bool) -> None:
    rows = []
    for change in changes:
        after = _moved(session, change, guarded=guarded)
        rows.append(_ledger_row(change, cause, after))
    if rows:
        session.execute(sa.insert(Movement), rows)


def _moved(session: Session, change: Change, *, guarded: bool) -> "sa.Row[tuple[int, int, int, int]]":
    amounts = {
        "b_item": change.item_id,
        "b_node": change.node_id,
        "d_on_hand": change.on_hand,
        "d_reserved": change.reserved,
        "d_suppressed": change.suppressed,
    }
    after = session.execute(_PROMISE if guarded else _MOVE, amounts).one_or_none()
    if after is None and guarded:
        raise NotEnoughStock("There isn't enough free stock for this order.")
    if after is None:
        fresh = db.insert(session, Balance).values(
            item_id=change.item_id, node_id=change.node_id, on_hand=0, reserved=0, suppressed=0, safety=0, version=0
        )
        session.execute(fresh.on_conflict_do_nothing())
        after = session.execute(_MOVE, amounts).one()
    return after


def _ledger_row(change: Change, cause: Cause, after: "sa.Row[tuple[int, int, int, int]]") -> dict[str, object]:
    return {
        "item_id": change.item_id, "node_id": change.node_id, "version": after.version,
        "on_hand": change.on_hand, "reserved": change.reserved, "suppressed": change.suppressed,
        "on_hand_after": after.on_hand, "reserved_after": after.reserved, "suppressed_after": after.suppressed,
        "reason": cause.reason, "document": cause.document, "actor": cause.actor,
        "occurred_at": cause.occurred_at, "recorded_at": cause.recorded_at,
    }  # fmt: skip


def balance_of(session: Session, *, item_id: int, node_id: int) -> Balance | None:
    kept = select(Balance).where(Balance.item_id == item_id, Balance.node_id == node_id)
    return session.exec(kept.execution_options(populate_existing=True)).one_or_none()
