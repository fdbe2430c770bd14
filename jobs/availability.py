"""What may be sold, kept true: worked out anew for what was touched, and said to the channels that have to be told."""

from datetime import datetime

from app import db
from app.oms import availability, push, safety, touched


def catch_up(at: datetime) -> int:
    """How many items were worked out; in bites, so that no writer waits long, and without writing when idle."""
    done = 0
    while _is_waiting():
        with db.transaction() as session:
            bite = availability.catch_up(session, at=at)
        if not bite:  # somebody else has them
            break
        done += bite
    return done


def tell_channels(at: datetime) -> int:
    """How many numbers were due."""
    told = 0
    while _is_due(at):
        with db.transaction() as session:
            bite = push.post_due(session, at=at)
        if not bite:
            break
        told += bite
    return told


def listen(at: datetime) -> None:
    """Nobody is kept waiting while every source still speaks."""
    with db.reading() as session:
        has_flipped = safety.has_flipped(session, at=at)
    if has_flipped:
        with db.transaction() as session:
            safety.listen(session, at=at)


def _is_waiting() -> bool:
    with db.reading() as session:
        return touched.is_waiting(session)


def _is_due(at: datetime) -> bool:
    with db.reading() as session:
        return push.is_due(session, at=at)
