"""All that can happen to stock, at the same time: nobody waits in a circle, and then every number is explained."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import db
from app.events import sequence
from app.events.inbox import InboxMessage
from app.oms import (
    availability,
    books,
    channel,
    stock_facts,
)
from app.oms.channel import Channel
from app.oms.desk import Desk
from app.oms.inventory import Movement, Reason
from app.oms.reservation import Reservation
from tests.oms.clerk import Clerk
from tests.oms.shop import open_shop
from tests.oms.test_stock_facts import TILL
from tests.oms.test_transfers import open_depot

CLERKS, TURNS = 8, 18


@pytest.fixture
def clerks(database: db.Database, nine: datetime) -> Iterator[list[Clerk]]:
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=30, bread=30)
        depot = open_depot(session, shop)
        channel.open_channel(session, Channel(code="web", name="Web", is_pushed=True))
    desk = Desk()
    yield [Clerk(number, shop, depot, desk) for number in range(CLERKS)]
    desk.close()


def test_after_a_busy_hour_every_number_is_explained(clerks: list[Clerk], nine: datetime):
    together = Barrier(CLERKS)

    def work(clerk: Clerk) -> None:
        together.wait()
        for number in range(TURNS):
            clerk.turn(number)

    with ThreadPoolExecutor(CLERKS) as pool:
        list(pool.map(work, clerks))
    with db.transaction() as session:
        while availability.catch_up(session, at=nine):
            pass

    with db.reading() as session:
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
        assert [*stock_facts.untrue(session), *availability.untrue(session, at=nine)] == []
        assert _promised_more_than_was_there(session) == []
        assert _named_otherwise_on_the_way(session) == []
        told = {key: answer for clerk in clerks for key, answer in clerk.told.items()}
        assert _granted(session) == {key: asked for key, (asked, is_granted) in told.items() if is_granted}
        assert _missing(session) == _never_heard(session)


def _promised_more_than_was_there(session: Session) -> list[Movement]:
    there = col(Movement.on_hand_after) - col(Movement.unavailable_after) - col(Movement.suppressed_after)
    more = select(Movement).where(Movement.reason == Reason.RESERVED, col(Movement.reserved) > 0)
    return list(session.exec(more.where(col(Movement.reserved_after) > there)))


def _named_otherwise_on_the_way(session: Session) -> list[str]:
    """Transfers whose goods were made or lost without that being their variance."""
    units = sa.func.sum(col(Movement.on_hand) + col(Movement.in_transit))
    variance = units.filter(col(Movement.reason) == Reason.TRANSFER_VARIANCE)
    lost = sa.select(col(Movement.document)).where(col(Movement.document).startswith("transfer/"))
    made = lost.group_by(col(Movement.document)).having(units != sa.func.coalesce(variance, 0))
    return [row[0] for row in session.execute(made)]


def _granted(session: Session) -> dict[str, dict[int, int]]:
    granted: dict[str, dict[int, int]] = {}
    own = select(Reservation).where(~col(Reservation.admission_key).startswith("transfer/"))
    for claim in session.exec(own):
        granted.setdefault(str(claim.admission_key), {})[claim.item_id] = claim.quantity
    return granted


def _missing(session: Session) -> set[int]:
    return {number for gap in sequence.open_gaps(session, TILL) for number in range(gap.first, gap.last + 1)}


def _never_heard(session: Session) -> set[int]:
    heard = {number for number in session.exec(select(InboxMessage.sequence)) if number is not None}
    return set(range(min(heard), max(heard) + 1)) - heard
