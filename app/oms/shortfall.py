"""Where less is there than was promised, or less than nothing: kept beside the balance, in the change that made it so.

A fact is never refused, so stock can fall under its promises. The balance says so by itself; a row here says it where
it can be found without reading every balance, since when, and when another way is looked for. Rows are written under
their balance's lock and by nobody else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.events import log
from app.events.log import DomainEvent
from app.oms.balance import Balance, Key, Level
from app.oms.item import Item
from app.oms.node import Node, NodeKind

FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)
"""Where no other way was found, the pauses between two looks double up to this."""


class Shortfall(SQLModel, table=True):
    """So many units are promised and not there, or are on the books below nothing."""

    __tablename__ = "shortfall"
    __table_args__ = (
        sa.UniqueConstraint("item_id", "node_id"),
        sa.CheckConstraint("units >= 0 AND below_zero >= 0 AND units + below_zero > 0", name="something_is_short"),
        sa.CheckConstraint("units > 0 OR resource_due_at IS NULL", name="only_promises_are_resourced"),
        sa.Index("shortfall_at", "node_id"),
        sa.Index("shortfall_due", "resource_due_at", sqlite_where=sa.text("resource_due_at IS NOT NULL"),
                 postgresql_where=sa.text("resource_due_at IS NOT NULL")),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="item.id")
    node_id: int = Field(foreign_key="node.id")
    units: int
    """Promised, and not there."""
    below_zero: int
    since: datetime
    resource_due_at: datetime | None = None
    """When another way is looked for; null when nobody was promised anything."""
    tries: int = 0

    @property
    def key(self) -> Key:
        return self.item_id, self.node_id

    def rest(self, *, at: datetime) -> None:
        """Nothing more can be done now: look again later, and less often each time."""
        self.resource_due_at = at + min(FIRST_REST * 2 ** min(self.tries, 10), LONGEST_REST)
        self.tries += 1


@dataclass(frozen=True, kw_only=True)
class ShortfallEvent(DomainEvent):
    """A shelf owes more than before, or less."""

    about: ClassVar[str] = "item"
    item_id: int
    node_id: int
    store_id: int | None
    units: int
    below_zero: int


@dataclass(frozen=True, kw_only=True)
class StockFellShort(ShortfallEvent):
    """Some fact took stock that was promised, or that was not on the books at all."""


@dataclass(frozen=True, kw_only=True)
class ShortfallEased(ShortfallEvent):
    """Goods came, or promises went elsewhere; it is over when nothing is left of it."""


class By(NamedTuple):
    """Who or what moved a balance, and when we heard."""

    actor: str
    at: datetime


def keep(session: Session, levels: Iterable[Level], by: Mapping[Key, By]) -> None:
    """Write down which of these balances owe more or less than when they were locked, and say it."""
    moved = [level for level in levels if level.gap != level.gap_before]
    if not moved:
        return
    _write(session, [level for level in moved if any(level.gap)], by)
    healed = [(level.item_id, level.node_id) for level in moved if not any(level.gap)]
    for item_id, node_id in healed:
        session.execute(
            sa.delete(Shortfall).where(col(Shortfall.item_id) == item_id, col(Shortfall.node_id) == node_id)
        )
    _announce(session, moved, by)


def _write(session: Session, short: list[Level], by: Mapping[Key, By]) -> None:
    if not short:
        return
    insert = db.insert(session, Shortfall)
    said, kept = insert.excluded, Shortfall.__table__.c  # type: ignore[attr-defined]
    due = sa.case(
        (said.units == 0, None),
        (said.units > kept.units, said.resource_due_at),
        else_=sa.func.coalesce(kept.resource_due_at, said.resource_due_at),
    )
    tries = sa.case((said.units > kept.units, 0), else_=kept.tries)
    values = [_row(level, by[level.item_id, level.node_id].at) for level in short]
    now = {"units": said.units, "below_zero": said.below_zero, "resource_due_at": due, "tries": tries}
    session.execute(insert.on_conflict_do_update(index_elements=["item_id", "node_id"], set_=now), values)


def _row(level: Level, at: datetime) -> dict[str, Any]:
    units, below_zero = level.gap
    return {"item_id": level.item_id, "node_id": level.node_id, "units": units, "below_zero": below_zero, "since": at,
            "resource_due_at": at if units else None, "tries": 0}  # fmt: skip


def _announce(session: Session, moved: list[Level], by: Mapping[Key, By]) -> None:
    """A sale of what is below nothing already is no news; that more promises hang on it is."""
    is_store = select(Node.id).where(col(Node.id).in_({level.node_id for level in moved}), Node.kind == NodeKind.STORE)
    stores = set(session.exec(is_store))
    for level in sorted(moved, key=lambda each: (each.item_id, each.node_id)):
        (units, below_zero), (units_before, below_before) = level.gap, level.gap_before
        is_worse = units > units_before or (below_zero > 0 and not below_before)
        if is_worse or units < units_before or below_zero < below_before:
            actor, at = by[level.item_id, level.node_id]
            said = StockFellShort if is_worse else ShortfallEased
            log.record(session, said(
                at=at, actor=actor, item_id=level.item_id, node_id=level.node_id, units=units, below_zero=below_zero,
                store_id=level.node_id if level.node_id in stores else None,
            ))  # fmt: skip


def of(session: Session, *, item_id: int, node_id: int) -> Shortfall | None:
    here = select(Shortfall).where(Shortfall.item_id == item_id, Shortfall.node_id == node_id)
    return session.exec(here.execution_options(populate_existing=True)).one_or_none()


def due(session: Session, at: datetime) -> list[int]:
    """Shortfalls for which another way is to be looked for, the longest waiting first."""
    resource_due_at = col(Shortfall.resource_due_at)
    waiting = select(Shortfall.id).where(resource_due_at <= at).order_by(resource_due_at).limit(200)
    return list(session.exec(waiting))


def together(session: Session) -> tuple[int, float]:
    """How many shelves owe something, and how much in all, in pieces and kilograms."""
    each = select(Item.decimals, sa.func.count(), sa.func.sum(Shortfall.units)).join(
        Shortfall, col(Shortfall.item_id) == col(Item.id)
    )
    found = session.exec(each.where(Shortfall.units > 0).group_by(col(Item.decimals))).all()
    return sum(row[1] for row in found), sum(int(row[2]) / 10 ** row[0] for row in found)


def untrue(session: Session) -> Iterable[str]:
    """Every shortfall that is not what its balance says, and every balance that is short and has none."""
    sellable = col(Balance.on_hand) - _above(col(Balance.unavailable))
    short = _above(col(Balance.reserved) - _above(sellable - col(Balance.suppressed)))
    below_zero = _above(-col(Balance.on_hand))
    same = sa.and_(col(Shortfall.item_id) == Balance.item_id, col(Shortfall.node_id) == Balance.node_id)
    differs = sa.or_(sa.func.coalesce(Shortfall.units, 0) != short,
                     sa.func.coalesce(Shortfall.below_zero, 0) != below_zero)  # fmt: skip
    apart = sa.select(col(Balance.item_id), col(Balance.node_id), short.label("short"))
    for row in session.execute(apart.select_from(Balance).outerjoin(Shortfall, same).where(differs)):
        yield f"item {row.item_id} at node {row.node_id}: {row.short} are short, and its shortfall says otherwise"


def _above(value: Any) -> "sa.ColumnElement[int]":
    return sa.case((value > 0, value), else_=0)
