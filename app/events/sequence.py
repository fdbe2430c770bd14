"""How far each source of messages has come, and which of its numbers never reached us.

Numbers may arrive in any order. What is missing is exactly what lies between the lowest and the highest heard and was
not heard itself: where a source began is not known, so what came before the lowest is no gap.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db, rows

NOT_YET = -1


class SourceCursor(SQLModel, table=True):
    """One source: whose it is, and between which numbers it was heard. Its lock puts its deliveries in a row."""

    __tablename__ = "source_cursor"

    source: str = Field(primary_key=True)
    owner: str
    """The system that was the first to speak for it; no other may."""
    lowest: int = Field(sa_type=sa.BigInteger)
    highest: int = Field(sa_type=sa.BigInteger)


class SourceGap(SQLModel, table=True):
    """Numbers of a source that are missing, from first to last; closed when the last of them was heard, for good."""

    __tablename__ = "source_gap"
    __table_args__ = (
        sa.Index("source_gap_open", "source", "first", "last", sqlite_where=sa.text("closed_at IS NULL"),
                 postgresql_where=sa.text("closed_at IS NULL")),
        sa.CheckConstraint("first <= last", name="not_empty"),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True)
    source: str = Field(foreign_key="source_cursor.source")
    first: int = Field(sa_type=sa.BigInteger)
    last: int = Field(sa_type=sa.BigInteger)
    first_seen_at: datetime
    closed_at: datetime | None = None

    def fill(self, number: int, *, at: datetime) -> "SourceGap | None":
        """One of its numbers was heard; the upper part, when that leaves two."""
        if self.first == self.last:
            self.closed_at = at
        elif number == self.first:
            self.first += 1
        elif number == self.last:
            self.last -= 1
        else:
            upper = SourceGap(source=self.source, first=number + 1, last=self.last, first_seen_at=self.first_seen_at)
            self.last = number - 1
            return upper
        return None


@dataclass(slots=True)
class Cursor:
    """A source while a transaction holds it."""

    source: str
    owner: str
    lowest: int
    highest: int

    def is_new(self, number: int) -> bool:
        """Above all that was heard: it can't be known under another id."""
        return number > self.highest


def lock(session: Session, sources: Iterable[str], *, owner: str) -> dict[str, Cursor]:
    """These sources, held until this transaction ends; one never heard of belongs to who speaks for it now."""
    wanted = sorted(set(sources))
    found = _locked(session, wanted)
    missing = [source for source in wanted if source not in found]
    if missing:
        fresh = [{"source": source, "owner": owner, "lowest": NOT_YET, "highest": NOT_YET} for source in missing]
        session.execute(db.insert(session, SourceCursor).on_conflict_do_nothing(), fresh)
        found |= _locked(session, missing)
    return found


def _locked(session: Session, sources: Sequence[str]) -> dict[str, Cursor]:
    if not sources:
        return {}
    columns = ("source", "owner", "lowest", "highest")
    found = rows.find(session, SourceCursor, columns, {"source": sources}, locked=True)
    return {row[0]: Cursor(*row) for row in found}


def hear(session: Session, cursor: Cursor, numbers: Iterable[int], *, at: datetime) -> Iterable[rows.Add]:
    """Open and close gaps for the numbers that arrived, each for the first time; how far the source has come now."""
    heard = sorted(set(numbers))
    if not heard:
        return
    lowest, highest = cursor.lowest, cursor.highest
    _fill(session, cursor.source, [number for number in heard if lowest <= number <= highest], at=at)
    before, after = [n for n in heard if n < lowest], [n for n in heard if n > highest]
    chain = [*before, *((lowest, highest) if highest != NOT_YET else ()), *after]
    for one, following in pairwise(chain):
        if following > one + 1 and (one, following) != (lowest, highest):
            gap = SourceGap(source=cursor.source, first=one + 1, last=following - 1, first_seen_at=at)
            session.add(gap)
    cursor.lowest, cursor.highest = chain[0], chain[-1]
    if (cursor.lowest, cursor.highest) != (lowest, highest):
        yield rows.Add(SourceCursor, {"source": [cursor.source]},
                       {"lowest": [cursor.lowest - lowest], "highest": [cursor.highest - highest]})  # fmt: skip


def _fill(session: Session, source: str, numbers: Sequence[int], *, at: datetime) -> None:
    if not numbers:
        return
    open_ones = select(SourceGap).where(
        SourceGap.source == source,
        col(SourceGap.closed_at).is_(None),
        col(SourceGap.last) >= numbers[0],
        col(SourceGap.first) <= numbers[-1],
    )
    gaps = list(session.exec(open_ones.order_by(col(SourceGap.first))))
    for number in numbers:
        place = bisect_right(gaps, number, key=lambda gap: gap.first) - 1
        if place < 0 or gaps[place].closed_at is not None or number > gaps[place].last:
            continue
        upper = gaps[place].fill(number, at=at)
        if upper is not None:
            session.add(upper)
            gaps.insert(place + 1, upper)


def open_gaps(session: Session, source: str) -> list[SourceGap]:
    missing = select(SourceGap).where(SourceGap.source == source, col(SourceGap.closed_at).is_(None))
    return list(session.exec(missing.order_by(col(SourceGap.first))))


def oldest_gap(session: Session) -> datetime | None:
    """Since when the message that has been missing longest has been missed."""
    first_seen_at = sa.func.min(SourceGap.first_seen_at)
    return session.exec(select(first_seen_at).where(col(SourceGap.closed_at).is_(None))).one()
