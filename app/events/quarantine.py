"""Quarantine: what contradicts a message kept before, or can't be read; nothing follows until a person looked."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import rows

MOST_KEPT = 256 * 1024
"""Of a body that can't be read, so many characters are kept for a person to look at."""


class Quarantined(SQLModel, table=True):
    """One such text of a sender, kept once however often it is sent."""

    __tablename__ = "quarantined"
    __table_args__ = (sa.UniqueConstraint("sender", "body_hash"),)

    id: int = Field(default=None, primary_key=True)
    sender: str
    source: str | None
    message_id: str | None
    body: str
    body_hash: str
    words: str
    received_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Odd:
    """What goes to quarantine, and why."""

    source: str | None
    message_id: str | None
    body: str
    words: str

    @property
    def body_hash(self) -> str:
        said = f"{self.source}\n{self.message_id}\n{self.body}"
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def kept(sender: str, odd: Sequence[Odd], at: datetime) -> rows.Insert:
    """Each of them once, however often it is sent."""
    return rows.Insert(Quarantined, {
        "sender": [sender] * len(odd),
        "source": [each.source for each in odd],
        "message_id": [each.message_id for each in odd],
        "body": [each.body for each in odd],
        "body_hash": [each.body_hash for each in odd],
        "words": [each.words for each in odd],
        "received_at": [at] * len(odd),
    }, skip_taken=True)  # fmt: skip


def set_aside(session: Session, odd: Iterable[tuple[str, str]], *, sender: str, at: datetime) -> None:
    """Keep, once, what could not even be read as a message: its text, and why."""
    unreadable = [Odd(source=None, message_id=None, body=_keepable(body), words=words) for body, words in odd]
    rows.write(session, kept(sender, unreadable, at))


def _keepable(body: str) -> str:
    return body[:MOST_KEPT].replace("\0", "\ufffd")


def listed(session: Session) -> list[Quarantined]:
    return list(session.exec(select(Quarantined).order_by(col(Quarantined.id)).limit(500)))
