"""The event log: what occurred, in order, hash-chained; audit trail, projections and live screens all read it.

Events wait in the session and are written just before it commits. Only then is the stream's row locked, streams in
sorted order, so that a stream's `seq` has no holes, follows the order of commits on every database, and can never be
part of a deadlock. `seq` is also the stream's version: the screen's ETag and the socket's place to resume.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, ClassVar, cast

import sqlalchemy as sa
from sqlalchemy import inspect
from sqlmodel import Field, Session, SQLModel, col, select

from app import db

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
        return {k: _plain(v) for k, v in asdict(self).items() if k not in ("at", "actor")}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


class EventStream(SQLModel, table=True):
    """How far a stream has come: its version and the hash its next event builds on."""

    __tablename__ = "event_stream"

    stream: str = Field(primary_key=True)
    seq: int = 0
    head: str = ""


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
        body = [self.uid, self.stream, self.seq, self.kind, at, self.actor, self.subject, self.data]
        return hashlib.sha256(f"{previous}{json.dumps(body, sort_keys=True)}".encode()).hexdigest()


Reaction = Callable[[Session, Any], None]
_reactions: dict[type[DomainEvent], Sequence[Reaction]] = {}


def react_with(reactions: Mapping[type[DomainEvent], Sequence[Reaction]]) -> None:
    """Install the one page that says what follows from what."""
    _reactions.clear()
    _reactions.update(reactions)


def record(session: Session, event: DomainEvent) -> str:
    """Put the event with its change, run what follows from it, and say its uid."""
    uid = uuid.uuid4().hex
    session.info.setdefault("pending_events", []).append((uid, event))
    db.at_commit(session, "events", write)
    for reaction in _reactions.get(type(event), ()):
        reaction(session, event)
    return uid


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
    for stream in sorted({event.stream for _, event in pending}):
        _append(session, stream, [(uid, event) for uid, event in pending if event.stream == stream])


def _append(session: Session, stream: str, pending: list[tuple[str, DomainEvent]]) -> None:
    seq, head = _lock(session, stream)
    rows = []
    for uid, event in pending:
        seq += 1
        row = _row(uid, event, seq)
        row.hash = head = row.link(head)
        rows.append(row.model_dump(exclude={"id"}))
    session.execute(sa.insert(Event), rows)
    session.execute(sa.update(EventStream).where(col(EventStream.stream) == stream).values(seq=seq, head=head))
    session.info.setdefault("streams", set()).add(stream)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_notify(CHANNEL, f"{stream}:{seq}")))


def _row(uid: str, event: DomainEvent, seq: int = 0) -> Event:
    kind, who = type(event).__name__, event.actor
    said: dict[str, Any] = {"uid": uid, "stream": event.stream, "seq": seq, "kind": kind, "at": event.at, "actor": who}
    return Event(**said, subject=event.subject, data=event.data, hash="")


def _lock(session: Session, stream: str) -> tuple[int, str]:
    place = sa.select(col(EventStream.seq), col(EventStream.head)).where(col(EventStream.stream) == stream)
    found = session.execute(place.with_for_update()).one_or_none()
    if found is None:
        session.execute(db.insert(session, EventStream).values(stream=stream, seq=0, head="").on_conflict_do_nothing())
        found = session.execute(place.with_for_update()).one()
    return found.seq, found.head


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
