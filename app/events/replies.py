"""Replies kept by key: an operation sent again gets the answer it got the first time, and has no second effect."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from app import db
from app.refusals import Refusal

KEPT_FOR = timedelta(hours=48)


class KeyAlreadyUsed(Refusal):
    """The key names another request: answering would confuse two operations."""

    status = 422


class StoredReply(SQLModel, table=True):
    """The answer to one operation of one sender."""

    __tablename__ = "stored_reply"

    sender: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: str
    status: int = 0
    content_type: str = ""
    body: str = ""
    at: datetime = Field(index=True)


def begin(session: Session, *, sender: str, key: str, request_hash: str, at: datetime) -> StoredReply | None:
    """The kept reply, or None when this caller is the first and must call `finish` in the same transaction.

    A second caller waits here for the first one's commit: the primary key decides, not a look beforehand.
    """
    fresh = session.execute(
        db.insert(session, StoredReply)
        .values(sender=sender, key=key, request_hash=request_hash, status=0, content_type="", body="", at=at)
        .on_conflict_do_nothing()
        .returning(col(StoredReply.key))
    )
    if fresh.first() is not None:
        return None
    kept = session.get_one(StoredReply, (sender, key))
    if kept.request_hash != request_hash:
        raise KeyAlreadyUsed("This Idempotency-Key was used for a different request.")
    return kept


def finish(session: Session, *, sender: str, key: str, status: int, content_type: str, body: str) -> None:
    session.execute(
        sa.update(StoredReply)
        .where(col(StoredReply.sender) == sender, col(StoredReply.key) == key)
        .values(status=status, content_type=content_type, body=body)
    )


def forget(session: Session, *, at: datetime) -> int:
    """Drop what nobody will ask for any more."""
    old = session.execute(sa.delete(StoredReply).where(col(StoredReply.at) < at - KEPT_FOR))
    return int(old.rowcount)  # type: ignore[attr-defined]
