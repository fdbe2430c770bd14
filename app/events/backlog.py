"""What waits in the outbox, for whom, and since when."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.events.outbox import GIVEN_UP, OutboxMessage, for_receiver


def oldest_due(session: Session, receiver: str | None = None) -> datetime | None:
    """When the message that has waited longest fell due."""
    waits = col(OutboxMessage.due_at).is_not(None)
    return session.exec(select(sa.func.min(OutboxMessage.due_at)).where(waits, for_receiver(receiver))).one()


def waiting(session: Session) -> dict[str, int]:
    """How many messages have not left, and how many never will."""
    found = sa.select(col(OutboxMessage.state), sa.func.count()).group_by(col(OutboxMessage.state))
    for_whom = (col(OutboxMessage.due_at).is_not(None), sa.text(GIVEN_UP))
    return {str(row[0]): row[1] for each in for_whom for row in session.execute(found.where(each))}


def queues(session: Session) -> dict[str, datetime]:
    """Every receiver that something waits for, and since when: one look into the index for each."""
    found: dict[str, datetime] = {}
    last = ""
    while True:
        following = (
            select(OutboxMessage.receiver, OutboxMessage.due_at)
            .where(col(OutboxMessage.due_at).is_not(None), col(OutboxMessage.receiver) > last)
            .order_by(col(OutboxMessage.receiver), col(OutboxMessage.due_at))
            .limit(1)
        )
        row = session.exec(following).first()
        if row is None or row[1] is None:
            return found
        last, found[row[0]] = row
