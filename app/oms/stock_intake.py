"""Taking stock facts in, whole batches at a time; a message that breaks us is kept, and tried again alone."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from app import db
from app.events import delivery, inbox
from app.events.delivery import Arrival
from app.events.inbox import InboxMessage, InboxState, Message
from app.oms import stock_facts

log = structlog.get_logger()

AWAY = (OperationalError, PoolTimeout)
"""The database can't be reached: nobody's message is to blame."""


def receive(messages: Sequence[Message], *, at: datetime, owner: str) -> list[Arrival]:
    """On disk when this returns: what became of each, in order."""
    for is_careful in (False, True):
        try:
            with db.transaction() as session:
                return stock_facts.take(session, messages, at=at, owner=owner, is_careful=is_careful)
        except AWAY:
            raise
        except Exception:
            log.exception("a delivery could not be taken in as one", messages=len(messages), is_careful=is_careful)
    return _one_by_one(messages, at=at, owner=owner)


def _one_by_one(messages: Sequence[Message], *, at: datetime, owner: str) -> list[Arrival]:
    """Kept first, so that none is lost; then each for itself, so that one takes no other with it."""
    with db.transaction() as session:
        kept = delivery.open_delivery(session, messages, at=at, owner=owner)
        delivery.save(kept)
        keys = [arrival.message.key for arrival in kept.fresh]
        ids = inbox.ids_of(session, keys)
    for row_id in ids:
        retry(row_id, at=at)
    with db.reading() as session:
        return delivery.told(session, kept)


def take_waiting(at: datetime) -> None:
    """What was kept and not yet taken in."""
    with db.reading() as session:
        waiting = inbox.due(session, at)
    for row_id in waiting:
        retry(row_id, at=at)


def replay(row_id: int, *, at: datetime) -> InboxState:
    """Once its cause is mended; what became of it."""
    with db.transaction() as session:
        inbox.replay(session, row_id, at=at)
    retry(row_id, at=at)
    with db.reading() as session:
        return session.get_one(InboxMessage, row_id).state


def retry(row_id: int, *, at: datetime) -> None:
    """One message. The attempt is counted before it is made: what kills its process runs out of them all the same."""
    with db.transaction() as session:
        if not inbox.begin_attempt(session, row_id, at=at):
            return
    try:
        with db.transaction() as session:
            _take_kept(session, row_id, at=at)
    except AWAY:
        raise
    except Exception:
        log.exception("a message could not be taken in", message=row_id)


def _take_kept(session: Session, row_id: int, *, at: datetime) -> None:
    kept = inbox.locked(session, row_id)
    if kept.state != InboxState.RECEIVED:
        return
    arrival = Arrival(kept.message(), kept.payload_hash)
    reckoning, heard = stock_facts.enter(session, [arrival], at=at)
    reckoning.save(*heard)
    kept.end(arrival.state, arrival.words, at=at)
