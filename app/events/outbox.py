"""The outbox: messages for outside, written with the change that caused them, sent later, at least once.

Every message has one receiver, and each receiver's messages are a queue of their own: nobody waits behind a stranger's.

The `dedupe` key makes a message unique for ever; whoever sends it hands the key on, so that a message sent twice after
a crash can be told apart from two messages.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 8
FIRST_RETRY_AFTER = timedelta(seconds=15)
LONGEST_RETRY_AFTER = timedelta(minutes=10)
OPEN = "due_at IS NOT NULL"
GIVEN_UP = "state = 'failed'"


class OutboxState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNCERTAIN = "uncertain"
    """Given to somebody who was not heard of again, and may not be given twice: to be asked for."""


class OutboxMessage(SQLModel, table=True):
    """One message to one destination; `due_at` is null when nothing more is to be done with it."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        sa.Index("outbox_due", "due_at", sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN)),
        sa.Index("outbox_queue", "receiver", "due_at", sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN)),
        sa.Index("outbox_dead", "id", sqlite_where=sa.text(GIVEN_UP), postgresql_where=sa.text(GIVEN_UP)),
        sa.Index("outbox_bundle", "bundle_key", sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN)),
        sa.CheckConstraint(
            "(due_at IS NOT NULL) = (state IN ('pending', 'sending', 'uncertain'))", name="due_only_while_open"
        ),
    )

    id: int = Field(default=None, primary_key=True)
    topic: str
    receiver: str
    """The mail server, a channel, the payment service, a node: who is told."""
    dedupe: str = Field(unique=True)
    payload: dict[str, Any] = Field(sa_type=sa.JSON)
    state: OutboxState = Field(default=OutboxState.PENDING, sa_type=db.choice(OutboxState))
    due_at: datetime | None
    attempts: int = 0
    last_error: str | None = None
    sent_at: datetime | None = None
    posted_at: datetime
    bundle_key: str | None = None
    """What goes to one person in one minute goes together."""
    provider_id: str | None = None
    """How whoever delivers it calls it."""
    sent_late: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """It left after what it says had been seen to."""


def post(
    session: Session, *, topic: str, dedupe: str, payload: dict[str, Any], at: datetime, due_at: datetime,
    receiver: str | None = None,
) -> bool:  # fmt: skip
    """Post once; a message that was suppressed may be posted again, any other answer to a second call is no.

    A topic that only one system is told of is that receiver's name.
    """
    fresh = {"state": OutboxState.PENDING, "payload": payload, "due_at": due_at, "posted_at": at, "attempts": 0,
             "receiver": receiver or topic, "last_error": None}  # fmt: skip
    posted = session.execute(
        db.insert(session, OutboxMessage)
        .values(topic=topic, dedupe=dedupe, **fresh)
        .on_conflict_do_update(
            index_elements=["dedupe"], set_=fresh, where=col(OutboxMessage.state) == OutboxState.SUPPRESSED
        )
        .returning(col(OutboxMessage.id))
    )
    return posted.first() is not None


def suppress(session: Session, *, dedupe: str) -> bool:
    """Hold a message back for good; no, once somebody has begun to send it."""
    held = session.execute(
        sa.update(OutboxMessage)
        .where(col(OutboxMessage.dedupe) == dedupe, col(OutboxMessage.state) == OutboxState.PENDING)
        .values(state=OutboxState.SUPPRESSED, due_at=None)
    )
    return bool(held.rowcount)  # type: ignore[attr-defined]


def claim(
    session: Session, *, at: datetime, limit: int = 50, receiver: str | None = None, most_tries: int = MAX_ATTEMPTS - 1
) -> list[OutboxMessage]:
    """Take what is due for one sender, of its receiver; a claim that is never finished falls due when its lease ends.

    The attempt is counted here, before it is made: a message that kills its sender runs out of attempts all the same.
    """
    claimed = _due(session, at, limit, sa.and_(col(OutboxMessage.attempts) <= most_tries, for_receiver(receiver)))
    for message in claimed:
        message.state = OutboxState.SENDING
        message.attempts += 1
        message.due_at = at + LEASE
    session.flush()
    return claimed


def bury(session: Session, *, at: datetime, limit: int = 50, receiver: str | None = None) -> list[OutboxMessage]:
    """Give up what no sender came back from, as often as it was tried; whoever asks has to say so."""
    lost = _due(session, at, limit, sa.and_(col(OutboxMessage.attempts) >= MAX_ATTEMPTS, for_receiver(receiver)))
    for message in lost:
        message.state, message.due_at = OutboxState.FAILED, None
        message.last_error = message.last_error or "Whoever sent it never came back."
    return lost


def _due(session: Session, at: datetime, limit: int, which: "sa.ColumnElement[bool]") -> list[OutboxMessage]:
    due = (
        select(OutboxMessage)
        .where(col(OutboxMessage.due_at) <= at, which)
        .order_by(col(OutboxMessage.due_at), col(OutboxMessage.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(session.exec(due.execution_options(populate_existing=True)))


def sent(session: Session, message_id: int, *, at: datetime) -> bool:
    """It has left, whatever was thought of it meanwhile; no, when that is known already."""
    message = _locked(session, message_id)
    if message.state == OutboxState.SENT:
        return False
    message.state, message.due_at, message.sent_at, message.last_error = OutboxState.SENT, None, at, None
    return True


def all_sent(session: Session, message_ids: Sequence[int], *, at: datetime) -> int:
    """They have left together; how many that was news of."""
    left = {"state": OutboxState.SENT, "due_at": None, "sent_at": at, "last_error": None}
    return change(session, _these(message_ids, col(OutboxMessage.state) != OutboxState.SENT), left)


def all_held_back(session: Session, message_ids: Sequence[int]) -> int:
    """What they say is no longer true, or known."""
    held = {"state": OutboxState.SUPPRESSED, "due_at": None, "last_error": None}
    return change(session, _these(message_ids, col(OutboxMessage.state) == OutboxState.SENDING), held)


def give_back(session: Session, message_ids: Sequence[int], *, error: str) -> int:
    """Nobody was there to be told: that was no attempt, and they wait where they waited."""
    waiting = {"state": OutboxState.PENDING, "due_at": OutboxMessage.posted_at, "last_error": error,
               "attempts": col(OutboxMessage.attempts) - 1}  # fmt: skip
    return change(session, _these(message_ids, col(OutboxMessage.state) == OutboxState.SENDING), waiting)


def _these(message_ids: Sequence[int], which: "sa.ColumnElement[bool]") -> "sa.ColumnElement[bool]":
    return sa.and_(col(OutboxMessage.id).in_(message_ids), which)


def change(session: Session, which: "sa.ColumnElement[bool]", values: Mapping[str, Any]) -> int:
    """Many at once; rows this session holds already are not looked at again."""
    session.flush()
    changed = session.execute(
        sa.update(OutboxMessage).where(which).values(values).execution_options(synchronize_session=False)
    )
    return int(changed.rowcount)  # type: ignore[attr-defined]


def retry(session: Session, message_id: int, *, error: str, at: datetime, jitter: float) -> bool:
    """Back off and try again, twice as late each time; no, when every attempt is used up or another sender finished."""
    message = _locked(session, message_id)
    if message.state != OutboxState.SENDING or message.attempts >= MAX_ATTEMPTS:
        return False
    wait = min(FIRST_RETRY_AFTER * 2 ** (message.attempts - 1), LONGEST_RETRY_AFTER)
    message.state, message.due_at, message.last_error = OutboxState.PENDING, at + wait * (1 + jitter / 4), error
    return True


def give_up(session: Session, message_id: int, *, error: str) -> bool:
    """Never again; no, when another sender has finished it."""
    return _close(session, message_id, OutboxState.FAILED, error)


def hold_back(session: Session, message_id: int) -> bool:
    """What it says is no longer true: it waits, suppressed, for the day it may be."""
    return _close(session, message_id, OutboxState.SUPPRESSED, None)


def _close(session: Session, message_id: int, state: OutboxState, error: str | None) -> bool:
    message = _locked(session, message_id)
    if message.state != OutboxState.SENDING:
        return False
    message.state, message.due_at, message.last_error = state, None, error
    return True


def _locked(session: Session, message_id: int) -> OutboxMessage:
    return session.get_one(OutboxMessage, message_id, with_for_update=True, populate_existing=True)


def for_receiver(receiver: str | None) -> "sa.ColumnElement[bool]":
    return sa.true() if receiver is None else col(OutboxMessage.receiver) == receiver
