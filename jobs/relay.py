"""Mailing what waits in the outbox: claim, look again, send outside any transaction, and say what came of it."""

import random
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlmodel import Session

from app import db
from app.config import Settings
from app.events import backlog, outbox
from app.events import log as event_log
from app.events.outbox import OutboxMessage, OutboxState
from app.notices import delivery, letter
from app.notices.events import NoticeFailed, NoticeSent
from app.notices.notice import TOPIC, Notice
from app.notices.smtp import PermanentFailure, TemporaryFailure, Transport

log = structlog.get_logger()

ENOUGH_SIGNS = 5
"""After so many answers of "not now" the mail server is left in peace until the next turn."""


def relay(
    at: datetime, *, transport: Transport, settings: Settings, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Send what is due; how many left. Claimed one by one, so that no lease ends while others are being sent."""
    if not _is_due(at):
        return 0
    _bury(at)
    left = signs = 0
    while signs < ENOUGH_SIGNS and not is_stopping() and (message := _claimed(at)):
        outcome = _relayed(message, at, transport, settings)
        left += outcome == OutboxState.SENT
        signs += outcome == OutboxState.PENDING
    return left


def _is_due(at: datetime) -> bool:
    """Asked without writing: an idle turn keeps nobody waiting."""
    with db.reading() as session:
        oldest = backlog.oldest_due(session, TOPIC)
    return oldest is not None and oldest <= at


def _bury(at: datetime) -> None:
    with db.transaction() as session:
        for message in outbox.bury(session, at=at, receiver=TOPIC):
            _say_failed(session, message, at)


def _claimed(at: datetime) -> OutboxMessage | None:
    with db.transaction() as session:
        return next(iter(outbox.claim(session, at=at, limit=1, receiver=TOPIC)), None)


def _relayed(message: OutboxMessage, at: datetime, transport: Transport, settings: Settings) -> OutboxState:
    """One message, once; whatever goes wrong with it is written on it and stops no other."""
    try:
        with db.reading() as session:
            notice = session.get_one(Notice, message.payload["notice"])
            is_true = delivery.is_still_true(session, notice)
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
        if outbox.sent(session, message.id, at=at):
            notice = session.get_one(Notice, message.payload["notice"])
            event_log.record(session, notice.event(NoticeSent, at=at))
    return OutboxState.SENT


def _put_off(message: OutboxMessage, error: str, at: datetime) -> OutboxState:
    """Jitter keeps what failed together from coming back together."""
    with db.transaction() as session:
        if outbox.retry(session, message.id, error=error, at=at, jitter=random.random()):  # noqa: S311 - no secret
            return OutboxState.PENDING
    return _failed(message, error, at)


def _failed(message: OutboxMessage, error: str, at: datetime) -> OutboxState:
    with db.transaction() as session:
        if outbox.give_up(session, message.id, error=error):
            _say_failed(session, message, at)
    return OutboxState.FAILED


def _say_failed(session: Session, message: OutboxMessage, at: datetime) -> None:
    notice = session.get(Notice, message.payload.get("notice"))
    if notice is not None:
        event_log.record(session, notice.event(NoticeFailed, at=at))
    log.warning("a message was given up", message=message.id)


def _held_back(message_id: int) -> OutboxState:
    with db.transaction() as session:
        outbox.hold_back(session, message_id)
    return OutboxState.SUPPRESSED
