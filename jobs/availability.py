"""What may be sold, kept true: worked out anew for what was touched, and said to the channels that have to be told."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlmodel import Session

from app import db
from app.oms import availability, push, safety, touched

MOST_BITES = 50
"""So many in one turn: then the turn ends, so that a stop need not wait for the last of a large change."""


def catch_up(at: datetime) -> int:
    """How many items were worked out; in bites, so that no writer waits long, and without writing when idle."""
    return _in_bites(touched.is_waiting, availability.catch_up, at)


def tell_channels(at: datetime) -> int:
    """How many numbers were due."""
    return _in_bites(partial(push.is_due, at=at), push.post_due, at)


def listen(at: datetime) -> None:
    """Nobody is kept waiting while every source still speaks."""
    with db.reading() as session:
        has_flipped = safety.has_flipped(session, at=at)
    if has_flipped:
        with db.transaction() as session:
            safety.listen(session, at=at)


def _in_bites(is_more: Callable[[Session], bool], bite: Callable[..., int], at: datetime) -> int:
    done = 0
    for _ in range(MOST_BITES):
        with db.reading() as session:
            if not is_more(session):
                break
        with db.transaction() as session:
            done += bite(session, at=at)
    return done
