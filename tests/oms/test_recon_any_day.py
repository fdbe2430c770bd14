"""Any day of two sets of books: after a run, ours and what is in flight are theirs; a second run finds nothing new."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Thread

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from app import db
from app.oms import books, correction, inventory, posting, recon, recon_settling, reconciling
from app.oms.balance import Key
from app.oms.inventory import Reason
from app.oms.recon import Compared, Outcome, ReconRun
from app.oms.statement import Line, Statement
from tests.oms.shop import Shop, open_shop

ERP, WATERMARK, HEARD = "erp", 30, 60


@dataclass(frozen=True)
class Moved:
    """So many units of milk at a minute; `is_ours` is told to the back office, which books it later or never."""

    minute: int
    units: int
    is_ours: bool
    booked: int | None


@dataclass(frozen=True)
class Count:
    """What somebody counted at a minute, and when the back office booked what it changed."""

    minute: int
    units: int
    booked: int | None


minutes = st.integers(1, 50)
booked = st.one_of(st.none(), st.integers(1, 55))
moves = st.builds(Moved, minutes, st.integers(-4, 4).filter(bool), st.booleans(), booked)
counts = st.builds(Count, minutes, st.integers(0, 12), booked)
days = st.lists(st.one_of(moves, moves, counts), max_size=6)


@dataclass
class Flight:
    """By a plain reckoning: what moved after the watermark, and what of ours had moved and was not booked by then."""

    since: int = 0
    unbooked: int = 0

    def hear(self, act: Moved | Count, units: int) -> None:
        is_told = isinstance(act, Count) or act.is_ours
        is_booked = act.booked is not None and max(act.minute, act.booked) <= WATERMARK
        if act.minute > WATERMARK:
            self.since += units
        elif is_told and not is_booked:
            self.unbooked += units


def on_hand(session: Session, shop: Shop) -> int:
    kept = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
    assert kept is not None
    return kept.on_hand


def live(session: Session, shop: Shop, day: Sequence[Moved | Count]) -> Flight:
    """In our own books, in the order of the day; what the back office books is booked not before it happened."""
    flight = Flight()
    for act in sorted(day, key=lambda act: act.minute):
        before = on_hand(session, shop)
        known = {message.dedupe for message in posting.waiting(session, ERP)}
        at = shop.opened_at + timedelta(minutes=act.minute)
        if isinstance(act, Moved):
            reason = Reason.COLLECTED if act.is_ours else Reason.SALE
            cause = replace(shop.cause(reason, "order/1"), occurred_at=at, recorded_at=at)
            inventory.record(session, [shop.stock(shop.milk, act.units)], cause)
        else:
            key = (shop.milk, shop.node_id)
            reckoning = correction.open_reckoning(session, [], [(key, at)])
            cause = replace(shop.cause(Reason.COUNT, "count/1"), occurred_at=at, recorded_at=at)
            reckoning.correct_to(key, act.units, at, cause)
            reckoning.save()
        if act.booked is not None:
            fresh = {message.dedupe for message in posting.waiting(session, ERP)} - known
            when = max(act.minute, act.booked)
            posting.acknowledge(session, ERP, fresh, at=shop.opened_at + timedelta(minutes=when))
        flight.hear(act, on_hand(session, shop) - before)
    return flight


def ran(session: Session, shop: Shop, stated: int) -> tuple[ReconRun, Compared]:
    """One run, and the line as it stands after it."""
    at = shop.opened_at + timedelta(minutes=HEARD)
    as_of = shop.opened_at + timedelta(minutes=WATERMARK)
    run, key = recon.begin(session, source=ERP, as_of=as_of, at=at), (shop.milk, shop.node_id)
    recon_settling.settle(session, run, {key: stated}, follows=True, at=at)
    return run, recon.compare(session, run, {key: stated})[0]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=days, stated=st.integers(-3, 20))
def test_after_a_run_our_books_and_what_is_in_flight_are_theirs(
    session: Session, nine: datetime, day: list[Moved | Count], stated: int
):
    with session.begin_nested() as example:
        shop = open_shop(session, nine)
        posting.open_office(session, ERP, at=nine)
        flight = live(session, shop, day)

        run, line = ran(session, shop, stated)
        again, _ = ran(session, shop, stated)

        outcome = Outcome(next(iter(run.counts)))
        has_newer = any(isinstance(act, Count) and act.minute >= WATERMARK for act in day)
        if outcome in {Outcome.EQUAL, Outcome.IN_FLIGHT, Outcome.CORRECTED}:
            assert on_hand(session, shop) - flight.since - flight.unbooked == stated
        assert (line.since, line.unbooked) == (flight.since, flight.unbooked)
        assert (outcome == Outcome.NEWER) <= has_newer
        assert not {Outcome.CORRECTED, Outcome.ASKED} & set(again.counts)
        assert [*books.unexplained_balances(session)] == []
        example.rollback()


def test_while_sales_go_on_a_run_loses_none_of_them(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=500)
    as_of, after = nine + timedelta(minutes=WATERMARK), nine + timedelta(minutes=WATERMARK + 1)
    key: Key = (shop.milk, shop.node_id)
    sale = replace(shop.cause(Reason.SALE, "sale"), occurred_at=after, recorded_at=after)

    def sell() -> None:
        for _ in range(25):
            with db.transaction() as session:
                inventory.record(session, [shop.stock(shop.milk, -1)], sale)

    def reconcile() -> None:
        statement = Statement(source=ERP, as_of=as_of, lines=[Line(node="014", sku="MILK", quantity="497")])
        for _ in range(5):
            reconciling.reconcile(statement, at=after)

    together = [Thread(target=sell), Thread(target=sell), Thread(target=reconcile), Thread(target=reconcile)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()

    with db.reading() as session:
        kept = inventory.balance_of(session, item_id=key[0], node_id=key[1])
        assert kept is not None
        assert kept.on_hand == 497 - 50
        assert [*books.unexplained_balances(session)] == []
