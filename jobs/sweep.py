"""Find what is due, then deal with each in a transaction of its own, so that one bad row stops no other."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog
from sqlmodel import Session

from app import db
from app.refusals import Refusal

log = structlog.get_logger()

Due = Callable[[Session, datetime], list[int]]


class Act(Protocol):
    """What to do with one row that was due; safe to call twice."""

    def __call__(self, session: Session, row_id: int, /, *, at: datetime) -> None: ...


def sweep(due: Due, act: Act, at: datetime) -> int:
    """How many were dealt with. A row that raises stays due and is said so in the log, each time."""
    with db.reading() as session:
        listed = due(session, at)
    return sum(dealt_with(act, row_id, at) for row_id in listed)


def dealt_with(act: Act, row_id: int, at: datetime) -> bool:
    """One row, in a transaction of its own; what goes wrong with it is said in the log."""
    name = getattr(act, "__name__", "act")
    try:
        with db.transaction() as session:
            act(session, row_id, at=at)
    except Refusal as no:
        log.info("left alone", act=name, row=row_id, why=no.words)
        return False
    except Exception:
        log.exception("a due row could not be dealt with", act=name, row=row_id)
        return False
    return True
