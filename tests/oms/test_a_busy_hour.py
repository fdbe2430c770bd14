"""All that can happen to stock, at the same time: nobody waits in a circle, and then every number is explained."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import db
from app.events import sequence
from app.events.inbox import InboxMessage
from app.oms import (
    admission,
    availability,
    books,
    channel,
    correction,
    expiry,
    reconciling,
    reservation,
    stock_facts,
    stock_intake,
    transfer,
    transfer_moves,
)
from app.oms.admission import Request, Wish
from app.oms.channel import Channel
from app.oms.desk import Desk
from app.oms.inventory import Cause, Movement, Reason
from app.oms.reservation import Reservation, ReservationState
from app.oms.statement import Line, Statement
from app.oms.transfer import Wanted
from app.refusals import Refusal
from tests.oms.shop import Shop, open_shop
from tests.oms.test_stock_facts import TILL, sold
from tests.oms.test_transfers import open_depot

CLERKS, TURNS = 8, 18


@dataclass
class Clerk:
    """One thread: what it does is decided by its own dice, and it keeps what it was told."""

    number: int
    shop: Shop
    depot: int
    desk: Desk
    told: dict[str, tuple[dict[int, int], bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice, self.at = Random(self.number), self.shop.opened_at

    def turn(self, number: int) -> None:
        self.at = self.shop.opened_at + timedelta(minutes=number)
        act: Callable[[], None] = self.dice.choice([
            self.ask, self.ask, self.ask, self.use, self.sweep, self.tell, self.tell, self.count, self.carry,
            self.work_out, self.compare,
        ])  # fmt: skip
        act()

    def ask(self) -> None:
        """At the desk, or in a transaction of its own; several lines, in any order, over few items."""
        node_id = self.dice.choice([self.shop.node_id, self.depot])
        items = self.dice.sample([self.shop.milk, self.shop.bread], self.dice.randint(1, 2))
        asked = {item_id: self.dice.randint(1, 4) for item_id in items}
        wishes = tuple(Wish(item_id=item_id, node_id=node_id, quantity=units) for item_id, units in asked.items())
        is_soft, key = self.dice.random() < 0.5, f"{self.number}/{len(self.told)}"
        request = Request(key=key, wishes=wishes, actor="t", document=key, at=self.at,
                          state=ReservationState.SOFT if is_soft else ReservationState.HARD,
                          expires_at=self.at + timedelta(minutes=3) if is_soft else None)  # fmt: skip
        if self.dice.random() < 0.5:
            verdict = self.desk.ask(request)
        else:
            with db.transaction() as session:
                verdict = admission.admit(session, [request])[0]
        self.told[key] = (asked, verdict.is_granted)

    def use(self) -> None:
        with db.transaction() as session:
            mine = select(Reservation).where(col(Reservation.admission_key).startswith(f"{self.number}/"))
            hard = mine.where(Reservation.state == ReservationState.HARD).order_by(col(Reservation.id)).limit(1)
            claim = session.exec(hard).one_or_none()
            if claim is not None:
                verb = self.dice.choice([reservation.consume, reservation.release])
                verb(session, [(claim, self.dice.randint(1, claim.open_quantity))], self.cause(Reason.COLLECTED))

    def sweep(self) -> None:
        with db.reading() as session:
            due = expiry.run_out(session, self.at)
        with db.transaction() as session:
            expiry.sweep(session, due, at=self.at)

    def tell(self) -> None:
        """A till's numbers as they come: out of order, many twice, some never."""
        numbers = [self.dice.randint(1, 150) for _ in range(4)]
        batch = [sold(n, str(n % 3 - 1 or 1), at=self.shop.opened_at, sku=("MILK", "BREAD")[n % 2]) for n in numbers]
        stock_intake.receive(batch, at=self.at, owner="till")

    def count(self) -> None:
        key, as_of = (self.shop.milk, self.shop.node_id), self.at - timedelta(minutes=self.dice.randint(0, 5))
        with db.transaction() as session:
            reckoning = correction.open_reckoning(session, [], [(key, as_of)])
            reckoning.correct_to(key, self.dice.randint(20, 40), as_of, self.cause(Reason.COUNT))
            reckoning.save()

    def carry(self) -> None:
        ends = self.dice.sample([self.shop.node_id, self.depot], 2)
        wanted = Wanted(from_id=ends[0], to_id=ends[1], quantities={self.shop.bread: 2, self.shop.milk: 1})
        try:
            with db.transaction() as session:
                going = transfer.request(session, wanted, actor="t", at=self.at).id
        except Refusal:
            return
        with db.transaction() as session:
            transfer_moves.ship(session, self.transfer(session, going), actor="t", at=self.at)
        with db.transaction() as session:
            arrived = self.transfer(session, going)
            transfer.count_in(arrived, [(line.item, self.dice.randint(0, 3)) for line in arrived.lines])
            transfer_moves.receive(session, arrived, actor="t", at=self.at)

    def transfer(self, session: Session, transfer_id: int) -> transfer.Transfer:
        found = transfer.locked(session, transfer_id)
        assert found is not None
        return found

    def work_out(self) -> None:
        with db.transaction() as session:
            availability.catch_up(session, at=self.at)

    def compare(self) -> None:
        lines = [Line(node="014", sku=sku, quantity=str(self.dice.randint(28, 32))) for sku in ("BREAD", "MILK")]
        reconciling.reconcile(Statement(source="erp", as_of=self.at, lines=lines), at=self.at)

    def cause(self, reason: Reason) -> Cause:
        return Cause(reason=reason, document="t", actor="t", occurred_at=self.at, recorded_at=self.at)


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
