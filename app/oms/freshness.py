"""How fresh what we know of a node is: when each of its sources was last heard, and what is missing from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import rows
from app.events.sequence import SourceGap

STALE_AFTER = timedelta(minutes=15)


class Heard(SQLModel, table=True):
    """When a source last spoke of a node, and what the newest thing was that it told."""

    __tablename__ = "heard"

    node_id: int = Field(foreign_key="node.id", primary_key=True)
    source: str = Field(foreign_key="source_cursor.source", primary_key=True)
    heard_at: datetime
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Freshness:
    """One source of one node; `missing_since` while some of its messages never came."""

    node_id: int
    source: str
    heard_at: datetime
    occurred_at: datetime
    is_stale: bool
    missing_since: datetime | None


Word = Mapping[tuple[int, str], datetime]


def heard(newest: Word, *, at: datetime) -> Iterable[rows.Raise]:
    """The write that says: these sources spoke of these nodes just now, and when the newest of it had happened."""
    if newest:
        spoke = sorted(newest)
        nodes, sources = zip(*spoke, strict=True)
        occurred_at = [newest[each] for each in spoke]
        yield rows.Raise(
            Heard, {"node_id": nodes, "source": sources}, {"heard_at": [at] * len(spoke), "occurred_at": occurred_at}
        )


def of(session: Session, node_ids: Iterable[int], *, at: datetime) -> dict[int, list[Freshness]]:
    """By node, its sources, the one heard longest ago first; a node nobody reports on is in no one's list."""
    missing = (
        sa.select(col(SourceGap.source), sa.func.min(SourceGap.first_seen_at).label("since"))
        .where(col(SourceGap.closed_at).is_(None))
        .group_by(col(SourceGap.source))
        .subquery()
    )
    found = (
        select(Heard, missing.c.since)
        .outerjoin(missing, missing.c.source == Heard.source)
        .where(col(Heard.node_id).in_(sorted(set(node_ids))))
        .order_by(col(Heard.heard_at), col(Heard.source))
    )
    by_node: dict[int, list[Freshness]] = {}
    for heard, since in session.execute(found):
        is_stale = at - heard.heard_at > STALE_AFTER
        by_node.setdefault(heard.node_id, []).append(
            Freshness(heard.node_id, heard.source, heard.heard_at, heard.occurred_at, is_stale, since)
        )
    return by_node


def stale(session: Session, *, at: datetime) -> set[int]:
    """Nodes with a source that has kept silent for too long."""
    return set(session.exec(select(Heard.node_id).where(col(Heard.heard_at) < at - STALE_AFTER)))
