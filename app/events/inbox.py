"""The inbox: messages from outside, each kept once under its source and id, with what became of it.

A message sent again gets its first answer. The same content under a new id, from a source that numbers its messages,
has no second effect either. What contradicts something kept, or can't be read, goes to quarantine for a person.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db, rows
from app.refusals import Refusal

MAX_ATTEMPTS = 5
FIRST_RETRY_AFTER = timedelta(seconds=15)
UNDONE = "state IN ('rejected', 'dead')"


class NothingToReplay(Refusal):
    """It had its effect, or needs none."""


class InboxState(StrEnum):
    """What became of a message."""

    RECEIVED = "received"
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    STALE = "stale"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"
    DEAD = "dead"


class InboxMessage(SQLModel, table=True):
    """One message; `due_at` is null when nothing more is to be done with it."""

    __tablename__ = "inbox_message"
    __table_args__ = (
        sa.UniqueConstraint("source", "message_id"),
        sa.Index("inbox_numbered", "source", "sequence", unique=True,
                 sqlite_where=sa.text("sequence IS NOT NULL AND state <> 'duplicate'"),
                 postgresql_where=sa.text("sequence IS NOT NULL AND state <> 'duplicate'")),
        sa.Index("inbox_due", "due_at", sqlite_where=sa.text("due_at IS NOT NULL"),
                 postgresql_where=sa.text("due_at IS NOT NULL")),
        sa.Index("inbox_dead", "id", sqlite_where=sa.text(UNDONE), postgresql_where=sa.text(UNDONE)),
        sa.CheckConstraint("(due_at IS NOT NULL) = (state = 'received')", name="due_only_while_open"),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True)
    source: str
    message_id: str
    type: str
    subject: str | None
    sequence: int | None = Field(sa_type=sa.BigInteger)
    payload: str
    """What it said, as JSON."""
    payload_hash: str
    occurred_at: datetime | None
    received_at: datetime
    state: InboxState = Field(sa_type=db.choice(InboxState))
    words: str
    repeats: int = 0
    attempts: int = 0
    due_at: datetime | None = None
    applied_at: datetime | None = None

    def message(self) -> "Message":
        return Message(
            source=self.source, message_id=self.message_id, type=self.type, subject=self.subject,
            sequence=self.sequence, occurred_at=self.occurred_at, payload=self.payload,
        )  # fmt: skip

    def end(self, state: InboxState, words: str, *, at: datetime) -> None:
        self.state, self.words, self.due_at = state, words, None
        self.applied_at = at if state == InboxState.APPLIED else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message as its source sent it; `payload` is its content, as JSON."""

    source: str
    message_id: str
    type: str
    payload: str
    subject: str | None = None
    sequence: int | None = None
    occurred_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.message_id

    def whole(self) -> str:
        """All that it said, for a person to compare."""
        return written({name: getattr(self, name) for name in self.__slots__ if getattr(self, name) is not None})

    def fingerprint(self) -> str:
        """Two messages with the same fingerprint say the same, whatever their ids."""
        at = self.occurred_at.isoformat() if self.occurred_at else ""
        return hashlib.sha256(f"{self.type}\n{self.subject or ''}\n{at}\n{self.payload}".encode()).hexdigest()


def written(content: Mapping[str, Any]) -> str:
    """One text for one content, in whatever order its names were sent."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)


def locked(session: Session, message_id: int) -> InboxMessage:
    return session.get_one(InboxMessage, message_id, with_for_update=True, populate_existing=True)


def due(session: Session, at: datetime) -> list[int]:
    """Kept, but not yet taken in."""
    waiting = select(InboxMessage.id).where(col(InboxMessage.due_at) <= at)
    return list(session.exec(waiting.order_by(col(InboxMessage.due_at), col(InboxMessage.id)).limit(500)))


def ids_of(session: Session, keys: Sequence[tuple[str, str]]) -> list[int]:
    if not keys:
        return []
    sources, ids = zip(*keys, strict=True)
    return [row[0] for row in rows.find(session, InboxMessage, ("id",), {"source": sources, "message_id": ids})]


def begin_attempt(session: Session, row_id: int, *, at: datetime) -> bool:
    """Count it before it is made; no, when somebody was faster, or when this was tried often enough."""
    kept = locked(session, row_id)
    if kept.due_at is None or kept.due_at > at:
        return False
    if kept.attempts >= MAX_ATTEMPTS:
        kept.end(InboxState.DEAD, f"Tried {MAX_ATTEMPTS} times, and it broke us each time.", at=at)
        return False
    kept.due_at = at + FIRST_RETRY_AFTER * 2**kept.attempts
    kept.attempts += 1
    return True


def replay(session: Session, row_id: int, *, at: datetime) -> None:
    """Once its cause is mended, try it again: under its own id, so that it has one effect at most."""
    kept = session.get(InboxMessage, row_id, with_for_update=True, populate_existing=True)
    if kept is None:
        raise NothingToReplay(f"There is no message {row_id}.")
    if kept.state not in {InboxState.DEAD, InboxState.REJECTED, InboxState.RECEIVED}:
        raise NothingToReplay(f"Message {row_id} is {kept.state}: there is nothing to try again.")
    kept.state, kept.words, kept.attempts, kept.due_at = InboxState.RECEIVED, "", 0, at


def unsettled(session: Session) -> list[InboxMessage]:
    """What nobody will try again until a person says so, the oldest first."""
    found = select(InboxMessage).where(col(InboxMessage.state).in_([InboxState.DEAD, InboxState.REJECTED]))
    return list(session.exec(found.order_by(col(InboxMessage.id)).limit(500)))


def waiting(session: Session) -> dict[str, int]:
    """How many messages wait, for us or for a person."""
    found = sa.select(col(InboxMessage.state), sa.func.count()).group_by(col(InboxMessage.state))
    # Asked for both at once, SQLite reads every message there ever was.
    for_whom = (col(InboxMessage.due_at).is_not(None), sa.text(UNDONE))
    return {str(row[0]): row[1] for each in for_whom for row in session.execute(found.where(each))}
