"""A clerk who does by dice whatever can be done to stock, and keeps what they were told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from sqlmodel import Session, col, select

from app import db
from app.oms import (
    admission,
    availability,
    correction,
    expiry,
    reconciling,
    reservation,
    stock_intake,
    transfer,
    transfer_moves,
    transfer_request,
)
from app.oms.admission import Request, Wish
from app.oms.desk import Desk
from app.oms.inventory import Cause, Reason
from app.oms.reservation import Reservation, ReservationState
from app.oms.statement import Line, Statement
from app.oms.transfer_request import Wanted
from app.refusals import Refusal
from tests.oms.shop import Shop
from tests.oms.test_stock_facts import sold


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
                going = transfer_request.request(session, wanted, actor="t", at=self.at).id
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
