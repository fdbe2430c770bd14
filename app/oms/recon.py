"""Reconciliation: our books beside another system's statement of one instant, balance by balance, in sets.

What moved since that instant, and what the other system had not booked by then, explains a difference.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from app import db, rows
from app.oms import posting
from app.oms.balance import Balance, Key
from app.oms.inventory import MOVES_GOODS, Movement
from app.rules import rule_version
from app.rules.bodies import Reconciliation


class Outcome(StrEnum):
    """What a line of a statement came to."""

    EQUAL = "equal"
    IN_FLIGHT = "in flight"
    MISSING = "messages missing"
    NEWER = "newer word known"
    CORRECTED = "corrected"
    ASKED = "for a person"
    ASKED_BEFORE = "for a person already"


class ReconRun(SQLModel, table=True):
    """One statement compared; `counts` says how many lines came to what, and `ended_at` is null until all have."""

    __tablename__ = "recon_run"

    id: int = Field(default=None, primary_key=True)
    source: str
    as_of: datetime
    began_at: datetime
    ended_at: datetime | None = None
    rule_versions: list[int] = Field(default_factory=list, sa_type=sa.JSON)
    counts: dict[str, int] = Field(default_factory=dict, sa_type=sa.JSON)

    @property
    def document(self) -> str:
        return f"reconciliation/{self.id}"


class ReconItem(SQLModel, table=True):
    """A line that was not simply equal: what was stated, what stood here, and what explains how much of it."""

    __tablename__ = "recon_item"
    __table_args__ = (
        sa.CheckConstraint("difference = stated + unbooked - (on_hand - since)", name="difference_adds_up"),
        sa.Index("recon_item_asked", "item_id", "node_id", sqlite_where=sa.text("outcome = 'for a person'"),
                 postgresql_where=sa.text("outcome = 'for a person'")),
    )  # fmt: skip

    run_id: int = Field(foreign_key="recon_run.id", primary_key=True)
    item_id: int = Field(foreign_key="item.id", primary_key=True)
    node_id: int = Field(foreign_key="node.id", primary_key=True)
    stated: int
    on_hand: int
    """As it stood here when it was compared."""
    since: int
    """Of that, what moved after the statement's instant."""
    unbooked: int
    """What had moved by then, and the other system had not booked."""
    difference: int
    """What nothing explains."""
    outcome: Outcome = Field(sa_type=db.choice(Outcome))


@dataclass(slots=True)
class Compared:
    """A line while it is looked at: most are equal, and leave no row."""

    item_id: int
    node_id: int
    stated: int
    on_hand: int
    since: int
    unbooked: int

    def __post_init__(self) -> None:
        self.difference = self.stated + self.unbooked - (self.on_hand - self.since)
        explained = Outcome.IN_FLIGHT if self.since or self.unbooked else Outcome.EQUAL
        self.outcome = Outcome.ASKED if self.difference else explained

    difference: int = field(init=False)
    outcome: Outcome = field(init=False)

    @property
    def key(self) -> Key:
        return self.item_id, self.node_id


COLUMNS = ("item_id", "node_id", "stated", "on_hand", "since", "unbooked", "difference", "outcome")


def begin(session: Session, *, source: str, as_of: datetime, at: datetime) -> ReconRun:
    limits = rule_version.in_force(session, Reconciliation, ["all"], at=at)
    run = ReconRun(source=source, as_of=as_of, began_at=at, rule_versions=list(limits.version_ids))
    session.add(run)
    session.flush()
    return run


def compare(session: Session, run: ReconRun, stated: Mapping[Key, int]) -> list[Compared]:
    """Each balance as it stands, and what explains the difference; a balance never stocked stands at nothing."""
    keys = sorted(stated)
    if not keys:
        return []
    items, nodes = zip(*keys, strict=True)
    named = {"item_id": items, "node_id": nodes}
    stands = {(row[0], row[1]): row[2] for row in rows.find(session, Balance, (*named, "on_hand"), named)}
    since = _moved_since(session, items, nodes, run.as_of)
    unbooked = posting.unbooked(session, run.source, keys, at=run.as_of)
    return [Compared(*key, stated[key], stands.get(key, 0), since.get(key, 0), unbooked.get(key, 0)) for key in keys]


def _moved_since(session: Session, items: Collection[int], nodes: Collection[int], as_of: datetime) -> dict[Key, int]:
    """Of these items at these nodes; that is hardly more than was asked for, since a bite goes item by item."""
    moved = (
        sa.select(col(Movement.item_id), col(Movement.node_id), sa.func.sum(Movement.on_hand))
        .where(col(Movement.item_id).in_(set(items)), col(Movement.node_id).in_(set(nodes)))
        .where(col(Movement.occurred_at) > as_of, sa.text(f"({MOVES_GOODS})"))
        .group_by(col(Movement.item_id), col(Movement.node_id))
    )
    return {(row[0], row[1]): int(row[2]) for row in session.execute(moved)}


def count(run: ReconRun, found: Sequence[Compared]) -> None:
    run.counts = dict(Counter(run.counts) + Counter(line.outcome.value for line in found))


def keep(session: Session, run: ReconRun, found: Sequence[Compared]) -> None:
    """What was simply equal is only counted."""
    count(run, found)
    session.add(run)
    lines = [line for line in found if line.outcome != Outcome.EQUAL]
    if lines:
        kept = {name: [getattr(line, name) for line in lines] for name in COLUMNS}
        rows.write(session, rows.Insert(ReconItem, {"run_id": [run.id] * len(lines), **kept}))
