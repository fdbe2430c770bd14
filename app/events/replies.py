"""Replies kept by key: an operation sent again gets the answer it got the first time, and has no second effect."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from app import db
from app.refusals import Refusal

KEPT_FOR = timedelta(hours=48)
STILL = "The first request with this Idempotency-Key is still being answered."


class KeyAlreadyUsed(Refusal):
    """The key names another request: answering would confuse two operations."""

    status = 422


class StillAtWork(Refusal):
    """The first of two is being answered; who asks again in a moment gets its answer."""


_at_work: set[tuple[str, str]] = set()
_taking = Lock()


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


@contextmanager
def alone(*, sender: str, key: str) -> Iterator[None]:
    """For who would rather be told than wait: round the transaction, since SQLite's writers queue before it."""
    with _taking:
        if (sender, key) in _at_work:
            raise StillAtWork(STILL)
        _at_work.add((sender, key))
    try:
        yield
    finally:
        _at_work.discard((sender, key))


def begin(
    session: Session, *, sender: str, key: str, request_hash: str, at: datetime, is_patient: bool = True
) -> StoredReply | None:
    """The kept reply, or None when this caller is the first and must call `finish` in the same transaction.

    A second caller waits here for the first one's commit, unless it is impatient: the primary key decides, not a look
    beforehand.
    """
    if not is_patient and not _is_first(session, f"{sender} {key}"):
        raise StillAtWork(STILL)
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


def _is_first(session: Session, name: str) -> bool:
    """Among all processes on PostgreSQL; SQLite has one, and `alone` has asked there."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    number = sa.func.hashtextextended(name, 0)
    return bool(session.execute(sa.select(sa.func.pg_try_advisory_xact_lock(number))).scalar_one())


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
