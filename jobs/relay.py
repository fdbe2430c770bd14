"""Sending the outbox: claim, look again, send outside any transaction, and say what came of it."""

import random
from datetime import datetime

import structlog
from sqlmodel import Session

from app import db
from app.config import Settings
from app.events import log as event_log
from app.events import outbox
from app.events.outbox import OutboxMessage, OutboxState
from app.notices import letter
from app.notices import notice as notices
from app.notices.events import NoticeFailed, NoticeSent
from app.notices.notice import Notice
from app.notices.smtp import PermanentFailure, TemporaryFailure, Transport

log = structlog.get_logger()

AT_ONCE = 5
"""So few that even a mail server which lets each of them time out can't outlast the claim's lease."""


def relay(at: datetime, *, transport: Transport, settings: Settings) -> int:
    """Send what is due; how many left. It stops at the first sign that the mail server is away."""
    left = 0
    while batch := _claimed(at):
        outcomes = [_relayed(message, at, transport, settings) for message in batch]
        left += outcomes.count(OutboxState.SENT)
        if OutboxState.PENDING in outcomes or len(batch) < AT_ONCE:
            break
    return left


def _claimed(at: datetime) -> list[OutboxMessage]:
    with db.transaction() as session:
        return outbox.claim(session, at=at, limit=AT_ONCE)


def _relayed(message: OutboxMessage, at: datetime, transport: Transport, settings: Settings) -> OutboxState:
    """One message, once; whatever goes wrong with it is written on it and stops no other."""
    try:
        with db.reading() as session:
            notice = session.get_one(Notice, message.payload["notice"])
            is_true = notices.is_still_true(session, notice)
            mail = letter.compose(session, notice, settings, at=at) if is_true else None
        if mail is None:
            return _held_back(message.id)
        transport.send(mail)
    except PermanentFailure as never:
        return _failed(message, str(never), at)
    except TemporaryFailure as later:
        return _put_off(message, str(later), at)
    except Exception as broken:
        log.exception("a message could not be composed", message=message.id)
        return _put_off(message, f"It could not be composed ({type(broken).__name__}).", at)
    return _sent(message, at)


def _sent(message: OutboxMessage, at: datetime) -> OutboxState:
    with db.transaction() as session:
        outbox.sent(session, message.id, at=at)
        notice = session.get_one(Notice, message.payload["notice"])
        event_log.record(session, notice.event(NoticeSent, at=at))
    return OutboxState.SENT


def _put_off(message: OutboxMessage, error: str, at: datetime) -> OutboxState:
    """Jitter keeps what failed together from coming back together."""
    with db.transaction() as session:
        if outbox.retry(session, message.id, error=error, at=at, jitter=random.random()):  # noqa: S311 - no secret
            return OutboxState.PENDING
        _say_failed(session, message, at)
    return OutboxState.FAILED


def _failed(message: OutboxMessage, error: str, at: datetime) -> OutboxState:
    with db.transaction() as session:
        outbox.give_up(session, message.id, error=error)
        _say_failed(session, message, at)
    return OutboxState.FAILED


def _say_failed(session: Session, message: OutboxMessage, at: datetime) -> None:
    notice = session.get(Notice, message.payload.get("notice"))
    if notice is not None:
        event_log.record(session, notice.event(NoticeFailed, at=at))
    log.warning("a message was given up", message=message.id)


def _held_back(message_id: int) -> OutboxState:
    """No longer true: it waits, suppressed, for the day it may be."""
    with db.transaction() as session:
        message = session.get_one(OutboxMessage, message_id)
        message.state, message.due_at = OutboxState.SUPPRESSED, None
    return OutboxState.SUPPRESSED
