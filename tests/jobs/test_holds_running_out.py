"""Holds that ran out go back on sale by themselves, whoever sweeps and however many there are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import func, select

from app import db
from app.oms import admission, books, expiry, inventory
from app.oms.inventory import Movement, Reason
from app.oms.reservation import Reservation, ReservationState
from jobs import schedule
from tests.oms.shop import Shop, open_shop
from tests.oms.test_admission import HOLD, basket

OVERDUE = 60


@pytest.fixture
def shop(database: db.Database, nine: datetime) -> Shop:
    """Sixty baskets are held until ten past nine, one until twenty past."""
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=100, bread=100)
        held = [basket(shop, f"basket/{n}", milk=n % 2, bread=1) for n in range(OVERDUE)]
        last = basket(shop, "later", expires_at=nine + 2 * HOLD)
        assert all(verdict.is_granted for verdict in admission.admit(session, [*held, last]))
    return shop


def reserved(shop: Shop) -> tuple[int, ...]:
    with db.reading() as session:
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
        kept = [inventory.balance_of(session, item_id=each, node_id=shop.node_id) for each in (shop.milk, shop.bread)]
        return tuple(each.reserved for each in kept if each is not None)


def test_the_clock_lets_go_of_each_at_its_last_moment(shop: Shop, nine: datetime):
    schedule.run_all(nine + HOLD - timedelta(seconds=1))
    before = reserved(shop)
    schedule.run_all(nine + HOLD)
    after = reserved(shop)
    schedule.run_all(nine + 2 * HOLD)

    assert (before, after, reserved(shop)) == ((31, 60), (1, 0), (0, 0))


def test_a_thousand_and_one_take_a_second_round(shop: Shop, nine: datetime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(expiry, "MOST", 25)

    schedule.run_all(nine + HOLD)

    assert reserved(shop) == (1, 0)


def test_before_admission_says_no_all_that_ran_out_has_gone(
    shop: Shop, nine: datetime, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(expiry, "MOST", 7)

    with db.transaction() as session:
        verdict = admission.admit(session, [basket(shop, "late", milk=0, bread=100, at=nine + HOLD)])[0]

    assert verdict.is_granted
    assert reserved(shop) == (31, 100)


def test_several_clocks_and_a_customer_at_once_let_each_go_once(shop: Shop, nine: datetime):
    at = nine + HOLD

    def ask(number: int) -> bool:
        with db.transaction() as session:
            asked = basket(shop, f"late/{number}", milk=9, bread=9, at=at, expires_at=at + HOLD)
            return admission.admit(session, [asked])[0].is_granted

    with ThreadPoolExecutor(8) as pool:
        sweeping = [pool.submit(schedule._let_holds_go, at) for _ in range(4)]
        granted = list(pool.map(ask, range(20)))
        assert [each.result() for each in sweeping] == [None] * 4

    assert sum(granted) == 11
    assert reserved(shop) == (1 + 99, 99)
    with db.reading() as session:
        let_go = select(func.count()).select_from(Movement).where(Movement.reason == Reason.EXPIRED)
        ended = select(func.count()).select_from(Reservation).where(Reservation.state == ReservationState.EXPIRED)
        assert (session.exec(let_go).one(), session.exec(ended).one()) == (30 + 60, 30 + 60)
