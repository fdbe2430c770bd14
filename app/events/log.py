"""The event log: what occurred, in order, hash-chained; audit trail, projections and live screens all read it.

Events wait in the session and are written just before it commits. Only then is the stream's row locked, streams in
sorted order, so that a stream's `seq` has no holes, follows the order of commits on every database, and can never be
part of a deadlock. `seq` is also the stream's version: the screen's ETag and the socket's place to resume.
"""

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, ClassVar, cast

import sqlalchemy as sa
from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql
from sqlmodel import Field, Session, SQLModel, col, select

from app import db, rows
from app.events import stream_heads
from app.events.stream_heads import EventStream, Head

CHANNEL = "readyshelf_events"
"""The PostgreSQL NOTIFY channel; sent inside the transaction, so it arrives at commit and never on rollback."""


@dataclass(frozen=True, kw_only=True)
class DomainEvent:
    """Something that occurred, in the past tense. It carries ids, never names or contact data."""

    at: datetime
    actor: str
    about: ClassVar[str]
    """The noun this event is about; `<about>_id` is a field of the event."""

    @property
    def stream(self) -> str:
        """A store's events are one stream; what belongs to no store is in `orders`."""
        store_id = getattr(self, "store_id", None)
        return f"store/{store_id}" if store_id is not None else "orders"

    @property
    def subject(self) -> str:
        return f"{self.about}/{getattr(self, self.about + '_id')}"

    @property
    def data(self) -> dict[str, Any]:
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self) if each.name not in _SAID_APART}


_SAID_APART = frozenset({"at", "actor"})


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


class Event(SQLModel, table=True):
    """One audit row. UPDATE and DELETE are refused by trigger; the chain shows any row changed behind its back."""

    __tablename__ = "event"
    __table_args__ = (sa.UniqueConstraint("stream", "seq"), sa.Index("event_stretch", "stream", "at"))

    id: int = Field(default=None, primary_key=True)
    uid: str = Field(unique=True)
    stream: str
    seq: int
    kind: str
    at: datetime
    actor: str
    subject: str = Field(index=True)
    data: dict[str, Any] = Field(sa_type=sa.JSON)
    hash: str

    def link(self, previous: str) -> str:
        """The hash of this row and all before it in its stream."""
        at = self.at.astimezone(UTC).isoformat()
        return _linked(previous, [self.uid, self.stream, self.seq, self.kind, at, self.actor, self.subject, self.data])


def _linked(previous: str, body: list[Any]) -> str:
    return hashlib.sha256(f"{previous}{json.dumps(body, sort_keys=True)}".encode()).hexdigest()


Reaction = Callable[[Session, Any], None]
_reactions: dict[type[DomainEvent], Sequence[Reaction]] = {}


def react_with(reactions: Mapping[type[DomainEvent], Sequence[Reaction]]) -> None:
    """Install the one page that says what follows from what."""
    _reactions.clear()
    _reactions.update(reactions)


def record(session: Session, event: DomainEvent) -> str:
    """Put the event with its change, run what follows from it, and say its uid."""
    return record_many(session, [event])[0]


def record_many(session: Session, events: Sequence[DomainEvent]) -> list[str]:
    """Put the events with their changes, all of them before what follows from any; their uids, in turn."""
    told = [(uuid.uuid4().hex, event) for event in events]
    session.info.setdefault("pending_events", []).extend(told)
    db.at_commit(session, "events", write)
    for _, event in told:
        for reaction in _reactions.get(type(event), ()):
            reaction(session, event)
    return [uid for uid, _ in told]


class Eventful:
    """Rows that announce what they did, in the transaction in which they did it."""

    def happened(self, event: DomainEvent) -> str:
        session = inspect(self).session
        if session is None:
            raise RuntimeError(f"{type(event).__name__} needs a session: an event without its change is a rumour.")
        return record(session, event)


def write(session: Session) -> None:
    """Append what is pending to its streams; the streams stay locked until the commit that follows."""
    pending: list[tuple[str, DomainEvent]] = session.info.pop("pending_events", [])
    session.flush()
    if not pending:
        return
    by_stream: dict[str, list[tuple[str, DomainEvent]]] = defaultdict(list)
    for uid, event in pending:
        by_stream[event.stream].append((uid, event))
    ends = stream_heads.locked(session, sorted(by_stream))
    told: list[tuple[Any, ...]] = []
    for stream, its in by_stream.items():
        ends[stream] = _append(told, stream, its, ends[stream])
    columns = dict(zip(_COLUMNS, map(list, zip(*told, strict=True)), strict=True))
    rows.write(session, rows.Insert(Event, columns), stream_heads.moved_on(ends))
    session.info.setdefault("streams", set()).update(ends)
    if session.get_bind().dialect.name == "postgresql":
        grown = sa.literal([f"{stream}:{seq}" for stream, (seq, _) in ends.items()], postgresql.ARRAY(sa.Text))
        session.execute(sa.select(sa.func.pg_notify(CHANNEL, sa.func.unnest(grown))))


_COLUMNS = ("uid", "stream", "seq", "kind", "at", "actor", "subject", "data", "hash")


def _append(told: list[tuple[Any, ...]], stream: str, pending: list[tuple[str, DomainEvent]], end: Head) -> Head:
    """The stream's next events, each with the hash that builds on the one before; where the stream ends then."""
    seq, head = end
    for uid, event in pending:
        seq += 1
        kind, subject, data = type(event).__name__, event.subject, event.data
        at = event.at.astimezone(UTC).isoformat()
        head = _linked(head, [uid, stream, seq, kind, at, event.actor, subject, data])
        told.append((uid, stream, seq, kind, event.at, event.actor, subject, data, head))
    return seq, head


def _row(uid: str, event: DomainEvent) -> Event:
    kind, who = type(event).__name__, event.actor
    said: dict[str, Any] = {"uid": uid, "stream": event.stream, "seq": 0, "kind": kind, "at": event.at, "actor": who}
    return Event(**said, subject=event.subject, data=event.data, hash="")


def heads(session: Session) -> dict[str, int]:
    """How far every stream has come."""
    return {row.stream: row.seq for row in session.execute(sa.select(col(EventStream.stream), col(EventStream.seq)))}


def version(session: Session, stream: str) -> int:
    return session.exec(select(EventStream.seq).where(EventStream.stream == stream)).one_or_none() or 0


def since(session: Session, stream: str, seq: int) -> list[Event]:
    """What a listener that has seen `seq` has missed, in order."""
    missed = select(Event).where(Event.stream == stream, Event.seq > seq).order_by(col(Event.seq))
    return list(session.exec(missed))


def about(session: Session, subject: str, *, most: int) -> list[Event]:
    """What occurred to one thing, newest first, and foremost what this very transaction is about to append."""
    rows = select(Event).where(Event.subject == subject).order_by(col(Event.id).desc()).limit(most)
    pending = [_row(uid, event) for uid, event in session.info.get("pending_events", []) if event.subject == subject]
    return [*reversed(pending), *session.exec(rows)][:most]


def broken_links(session: Session) -> Iterable[str]:
    """Every event whose hash does not follow from the one before it, and every stream cut short."""
    expected: dict[str, tuple[int, str]] = {}
    # As plain rows: what a mapped object costs more, a log of many years costs minutes.
    columns = sa.select(Event.__table__.c).order_by(col(Event.stream), col(Event.seq))  # type: ignore[attr-defined]
    for event in session.execute(columns.execution_options(yield_per=2000)):
        seq, head = expected.get(event.stream, (0, ""))
        if event.seq != seq + 1 or event.hash != Event.link(cast(Event, event), head):
            yield f"{event.stream} at {event.seq}: {event.kind} does not follow from what stands before it"
        expected[event.stream] = (event.seq, event.hash)
    for head_row in session.exec(select(EventStream)):
        if expected.get(head_row.stream, (0, "")) != (head_row.seq, head_row.head):
            yield f"{head_row.stream}: its last events are gone"
