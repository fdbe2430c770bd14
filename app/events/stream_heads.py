"""Where each stream of events ends, and who may append: one at a time, and all who want several in the same order.

The order is that of the streams' bytes, said to PostgreSQL because a database sorts by its own language.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from app import db, rows

Head = tuple[int, str]
"""How many events it has, and the hash of the last."""


class EventStream(SQLModel, table=True):
    """How far a stream has come: its version and the hash its next event builds on."""

    __tablename__ = "event_stream"

    stream: str = Field(primary_key=True)
    seq: int = 0
    head: str = ""


def locked(session: Session, streams: Sequence[str]) -> dict[str, Head]:
    """Where these streams, sorted, end; nobody else appends to them until this transaction is over.

    In one question, if each was seen saved; where one has yet to begin, each when it is its turn.
    """
    saved = db.current().streams
    if not saved.issuperset(streams):
        saved.update(session.execute(_THERE, {"streams": streams}).scalars())
    if saved.issuperset(streams):
        found = session.execute(_all(session), {"streams": streams}).all()
        if len(found) == len(streams):
            return {row.stream: (row.seq, row.head) for row in found}
        saved.difference_update(streams)  # what was seen was this process's own, and was thrown away
    return {stream: _begun(session, stream) for stream in streams}


def moved_on(ends: Mapping[str, Head]) -> rows.Set:
    """The streams end there now."""
    seqs, heads = zip(*ends.values(), strict=True)
    return rows.Set(EventStream, {"stream": list(ends)}, {"seq": list(seqs), "head": list(heads)})


_STREAM: Any = col(EventStream.stream)
_END = sa.select(_STREAM, col(EventStream.seq), col(EventStream.head)).with_for_update()
_THESE = _STREAM.in_(sa.bindparam("streams", expanding=True))
_THERE = sa.select(_STREAM).where(_THESE)
_ENDS = _END.where(_THESE)
_IN_TURN = _ENDS.order_by(sa.collate(_STREAM, "C"))


def _all(session: Session) -> "sa.Select[Any]":
    return _ENDS if session.get_bind().dialect.name == "sqlite" else _IN_TURN


def _begun(session: Session, stream: str) -> Head:
    place = _END.where(col(EventStream.stream) == stream)
    found = session.execute(place).one_or_none()
    if found is None:
        session.execute(db.insert(session, EventStream).values(stream=stream, seq=0, head="").on_conflict_do_nothing())
        found = session.execute(place).one()
    return found.seq, found.head
