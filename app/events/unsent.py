"""What did not leave: given up on, or meant for somebody nobody has named; listed, and sent after all."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.events import outbox
from app.events.outbox import OutboxMessage, OutboxState
from app.refusals import Refusal

NOBODY = "Nobody is named who would be told."
MOST = 500


class NothingToReplay(Refusal):
    """What has left, or is about to, needs no second chance."""


def dead(session: Session, *, receiver: str | None = None, most: int = MOST) -> list[OutboxMessage]:
    """What was tried and given up, the oldest first."""
    given_up = select(OutboxMessage).where(OutboxMessage.state == OutboxState.FAILED)
    if receiver is not None:
        given_up = given_up.where(OutboxMessage.receiver == receiver)
    return list(session.exec(given_up.order_by(col(OutboxMessage.id)).limit(most)))


def number_dead(session: Session) -> dict[str, int]:
    """How many were given up, by receiver."""
    counted = select(OutboxMessage.receiver, sa.func.count()).where(OutboxMessage.state == OutboxState.FAILED)
    return dict(session.exec(counted.group_by(col(OutboxMessage.receiver))).all())


def replay(session: Session, message_ids: Collection[int], *, at: datetime) -> int:
    """Try these again, as often as the first time; under its old key a message is known if it did arrive."""
    again = {"state": OutboxState.PENDING, "due_at": at, "attempts": 0, "last_error": None}
    failed = sa.and_(col(OutboxMessage.id).in_(message_ids), col(OutboxMessage.state) == OutboxState.FAILED)
    number = outbox.change(session, failed, again)
    if number == 0:
        raise NothingToReplay("None of these messages was given up: there is nothing to send again.")
    return number


def hold_for_nobody(session: Session, receiver: str, *, at: datetime) -> int:
    """Nobody has said where this receiver is: what is due for it waits no more, until somebody does."""
    due = select(OutboxMessage.id).where(OutboxMessage.receiver == receiver, col(OutboxMessage.due_at) <= at)
    oldest = due.order_by(col(OutboxMessage.due_at)).limit(MOST).with_for_update(skip_locked=True)
    held = {"state": OutboxState.SUPPRESSED, "due_at": None, "last_error": NOBODY}
    return outbox.change(session, col(OutboxMessage.id).in_(session.exec(oldest).all()), held)


def release(session: Session, receiver: str, *, at: datetime) -> int:
    """Somebody listens now: what was held for nobody is due."""
    held = sa.and_(
        col(OutboxMessage.receiver) == receiver,
        col(OutboxMessage.state) == OutboxState.SUPPRESSED,
        col(OutboxMessage.last_error) == NOBODY,
    )
    fresh = {"state": OutboxState.PENDING, "due_at": at, "attempts": 0, "last_error": None}
    return outbox.change(session, held, fresh)
