"""Stock: an append-only ledger of movements and, per node and item, their running sum.

Two kinds of writes, never mixed. A *fact* (a till sale, a delivery, a count) has happened and is never refused, even
when it pushes stock under its promises. A *promise* is ours to give: the balance is locked, so much is seen to be free
in that very version, and it moves from that version or not at all. Each version of a balance has exactly one movement
and a promise's movement can't show more promised than was there (constraints both), so a lost update or a write past
this module cannot go unseen. Movements are the audit rows of stock: a trigger refuses to change them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from app import db, rows
from app.oms import balance, posting, shortfall, touched
from app.oms.balance import STATES, Balance, Key, Level
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
    EXPIRED = "expired"
    COLLECTED = "collected"
    SHIPPED = "shipped"
    HANDOVER_TAKEN_BACK = "hand-off taken back"
    NOT_FOUND = "not found"
    FOUND = "found"
    TRANSFER_IN = "transfer in"
    TRANSFER_OUT = "transfer out"
    TRANSFER_VARIANCE = "transfer variance"
    COUNT = "count"
    ABSORBED = "absorbed by count"
    SHRINK = "shrink"
    DAMAGE = "damage"


OF_OUR_DOING = frozenset({
    Reason.COLLECTED, Reason.SHIPPED, Reason.HANDOVER_TAKEN_BACK, Reason.TRANSFER_IN, Reason.TRANSFER_OUT,
    Reason.TRANSFER_VARIANCE, Reason.COUNT,
})  # fmt: skip
"""Back offices are told of these, unless it was another system that told us."""
FROM_OUTSIDE = "message/"
"""Documents of what another system told us."""


class BalanceMoved(Exception):
    """A balance was not in the version it was locked in: somebody wrote past the lock, and nothing is saved."""


class NotEnoughStock(Refusal):
    """A promise that the shelf could not keep."""


MOVES_GOODS = "on_hand <> 0 OR unavailable <> 0 OR suppressed <> 0"
ARRIVALS = "reason IN ('opening', 'receipt', 'transfer in') AND on_hand > 0"
"""A promise moves nothing that a count could see: most rows of the ledger stay out of the counts' index."""


class Movement(SQLModel, table=True):
    """One ledger row: what changed, why, by whom, and what stood there after."""

    __tablename__ = "movement"
    __table_args__ = (
        sa.UniqueConstraint("item_id", "node_id", "version"),
        sa.Index(
            "movement_of_goods",
            "item_id",
            "node_id",
            "occurred_at",
            sqlite_where=sa.text(MOVES_GOODS),
            postgresql_where=sa.text(MOVES_GOODS),
        ),
        sa.Index("movement_arrived", "recorded_at", sqlite_where=sa.text(ARRIVALS), postgresql_where=sa.text(ARRIVALS)),
        sa.CheckConstraint(
            "reason <> 'reserved' OR reserved <= 0"
            " OR reserved_after <= on_hand_after - unavailable_after - suppressed_after",
            name="promised_from_what_was_there",
        ),
    )

    id: int = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="item.id")
    node_id: int = Field(foreign_key="node.id")
    version: int
    on_hand: int = 0
    unavailable: int = 0
    reserved: int = 0
    in_transit: int = 0
    suppressed: int = 0
    on_hand_after: int
    unavailable_after: int = 0
    reserved_after: int
    in_transit_after: int = 0
    suppressed_after: int
    reason: Reason = Field(sa_type=db.choice(Reason))
    document: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """By how much one balance moves, in units of the item."""

    item_id: int
    node_id: int
    on_hand: int = 0
    unavailable: int = 0
    reserved: int = 0
    in_transit: int = 0
    suppressed: int = 0

    @property
    def key(self) -> Key:
        return self.item_id, self.node_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Why stock moves: the document (`order/42`), who or what did it, when it happened, when we heard."""

    reason: Reason
    document: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime


_WRITTEN = (
    "item_id", "node_id", *STATES, *(f"{state}_after" for state in STATES), "version",
    "reason", "document", "actor", "occurred_at", "recorded_at",
)  # fmt: skip


@dataclass
class Page:
    """A page of the ledger: its balances are locked, and what is entered on it is saved as one."""

    session: Session
    levels: dict[Key, Level]
    entries: list[tuple[Any, ...]] = field(default_factory=list)

    def enter(self, change: Change, cause: Cause) -> None:
        level = self.levels[change.key]
        level.on_hand += change.on_hand
        level.unavailable += change.unavailable
        level.reserved += change.reserved
        level.in_transit += change.in_transit
        level.suppressed += change.suppressed
        level.version += 1
        self.entries.append((
            change.item_id, change.node_id,
            change.on_hand, change.unavailable, change.reserved, change.in_transit, change.suppressed,
            *level.states,
            cause.reason, cause.document, cause.actor, cause.occurred_at, cause.recorded_at,
        ))  # fmt: skip

    def save(self, *more: rows.Write) -> None:
        """Balances, movements and whatever belongs to them, in one go."""
        if self.entries:
            moves, expected = balance.moves(self.levels.values())
            entered = rows.Insert(Movement, dict(zip(_WRITTEN, zip(*self.entries, strict=True), strict=True)))
            marks = touched.marks(entry[0] for entry in self.entries)
            told = posting.posts(self.session, [_moved(entry) for entry in self.entries if _is_told(entry)])
            if rows.write(self.session, moves, entered, marks, *told, *more)[0] != expected:
                raise BalanceMoved
            if owing := [level for level in self.levels.values() if not level.is_enough]:
                shortfall.keep(self.session, owing, _by(self.entries))
            self.entries.clear()
        elif more:
            rows.write(self.session, *more)


def _by(entries: Iterable[tuple[Any, ...]]) -> dict[Key, shortfall.By]:
    """Who moved each balance last."""
    return {(entry[0], entry[1]): shortfall.By(actor=entry[-3], at=entry[-1]) for entry in entries}


def _is_told(entry: tuple[Any, ...]) -> bool:
    return entry[-5] in OF_OUR_DOING and entry[2] != 0 and not entry[-4].startswith(FROM_OUTSIDE)


def _moved(entry: tuple[Any, ...]) -> posting.Moved:
    reason, document, _, occurred_at, recorded_at = entry[-5:]
    return posting.Moved(entry[:2], entry[-6], entry[2], reason, document, occurred_at, recorded_at)


def open_page(session: Session, keys: Iterable[Key], *, is_making: bool = True) -> Page:
    """A page for these balances; those the node never had begin at nothing, unless asked otherwise."""
    return Page(session, balance.lock(session, keys, is_making=is_making))


def record(session: Session, changes: Iterable[Change], cause: Cause) -> None:
    """Put facts on the ledger; they are never refused."""
    record_all(session, [(change, cause) for change in _summed(changes)])


def record_all(session: Session, facts: Iterable[tuple[Change, Cause]]) -> None:
    """Many facts, each with a cause of its own, in the order given."""
    facts = list(facts)
    page = open_page(session, (change.key for change, _ in facts))
    for change, cause in facts:
        page.enter(change, cause)
    page.save()


def promise(session: Session, changes: Iterable[Change], cause: Cause) -> None:
    """Reserve all of it or none: each balance moves only if, in this very version, so much was free."""
    summed = _summed(changes)
    page = open_page(session, (change.key for change in summed), is_making=False)
    for change in summed:
        level = page.levels.get(change.key)
        if level is None or level.free(floor=level.safety) < change.reserved:
            raise NotEnoughStock("There isn't enough free stock for this order.")
        page.enter(change, cause)
    page.save()


def _summed(changes: Iterable[Change]) -> list[Change]:
    """Several lines of one item are one change: two guards that each pass would not add up."""
    total: dict[Key, list[int]] = {}
    for change in changes:
        sums = total.setdefault(change.key, [0] * len(STATES))
        for index, state in enumerate(STATES):
            sums[index] += getattr(change, state)
    return [
        Change(item_id=item_id, node_id=node_id, **dict(zip(STATES, sums, strict=True)))
        for (item_id, node_id), sums in sorted(total.items())
    ]


def balance_of(session: Session, *, item_id: int, node_id: int) -> Balance | None:
    kept = select(Balance).where(Balance.item_id == item_id, Balance.node_id == node_id)
    return session.exec(kept.execution_options(populate_existing=True)).one_or_none()
