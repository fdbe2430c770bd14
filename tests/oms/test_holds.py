"""What a basket holds: kept in other amounts, let go, taken over by an order, and never more than there is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from app import db
from app.oms import admission, books, expiry, hold, inventory
from app.oms.hold import NotHeld
from app.oms.inventory import Movement, Reason
from app.oms.reservation import Reservation, ReservationState
from app.oms.verdict import KeyTaken, Lack, SoldOut
from tests.oms.shop import Shop, open_shop
from tests.oms.test_admission import HOLD, ask, basket, reserved

HELD = "basket/1"


def order(shop: Shop, key: str = "order/1", milk: int = 0, bread: int = 0, **other: object) -> admission.Request:
    return basket(shop, key, milk=milk, bread=bread, state=ReservationState.HARD, expires_at=None,
                  **({"takes_over": HELD} | other))  # fmt: skip


def change(session: Session, shop: Shop, at: datetime, **wanted: int) -> None:
    quantities = {(getattr(shop, name), shop.node_id): units for name, units in wanted.items()}
    hold.change(session, HELD, quantities, actor="channel/web", at=at)


def state(session: Session, at: datetime) -> ReservationState:
    return hold.state_of(hold.of(session, HELD), at=at)


def both(session: Session, shop: Shop) -> tuple[int, int]:
    assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
    return reserved(session, shop.milk, shop), reserved(session, shop.bread, shop)


def rows(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Movement)).one()


def test_more_and_fewer_are_kept_by_the_difference(session: Session, shop: Shop, nine: datetime):
    ask(session, basket(shop, milk=3, bread=2))

    change(session, shop, nine, milk=5, bread=1)

    assert both(session, shop) == (5, 1)
    newest = session.exec(select(Movement).order_by(col(Movement.id).desc()).limit(2)).all()
    assert sorted((each.reserved, each.reason) for each in newest) == [(-1, Reason.RELEASED), (2, Reason.RESERVED)]


def test_to_hold_more_than_is_free_is_refused_and_nothing_changes(session: Session, shop: Shop, nine: datetime):
    ask(session, basket(shop, milk=3, bread=2), basket(shop, "basket/2", milk=0, bread=1))

    with pytest.raises(SoldOut) as no:
        change(session, shop, nine, milk=1, bread=4)

    assert no.value.lacking == (Lack(shop.bread, shop.node_id, asked=4, free=3),)
    session.expire_all()
    assert both(session, shop) == (3, 3)


def test_what_others_let_run_out_can_be_held_too(session: Session, shop: Shop, nine: datetime):
    ask(session, basket(shop, milk=1, bread=1, expires_at=nine + 2 * HOLD), basket(shop, "basket/2", milk=0, bread=3))

    with pytest.raises(SoldOut):
        change(session, shop, nine + HOLD, bread=5)
    assert both(session, shop) == (1, 1)
    change(session, shop, nine + HOLD, bread=4)

    assert both(session, shop) == (1, 4)


def test_what_is_not_held_or_no_longer_can_t_be_changed(session: Session, shop: Shop, nine: datetime):
    ask(session, basket(shop, milk=2))

    for wanted, at in (({"bread": 1}, nine), ({"milk": 1}, nine + HOLD)):
        with pytest.raises(NotHeld):
            change(session, shop, at, **wanted)
    change(session, shop, nine, milk=0)
    with pytest.raises(NotHeld):
        change(session, shop, nine, milk=1)

    assert both(session, shop) == (0, 0)
    assert state(session, nine) == ReservationState.RELEASED


def test_let_go_twice_is_let_go_once(session: Session, shop: Shop, nine: datetime):
    ask(session, basket(shop, milk=2, bread=1))

    for _ in range(2):
        hold.release(session, HELD, actor="channel/web", at=nine)

    assert both(session, shop) == (0, 0)
    assert state(session, nine) == ReservationState.RELEASED


def test_an_order_takes_its_hold_over_without_moving_the_balance(session: Session, shop: Shop, nine: datetime):
    ask(session, basket(shop, milk=2, bread=4))
    before = rows(session)

    assert ask(session, order(shop, milk=2, bread=4)) == [True]

    assert (both(session, shop), rows(session)) == ((2, 4), before)
    assert state(session, nine) == ReservationState.MOVED
    assert state(session, nine + HOLD) == ReservationState.MOVED
    expiry.sweep(session, [(shop.bread, shop.node_id)], at=nine + HOLD)
    assert both(session, shop) == (2, 4)


def test_what_a_hold_lacks_is_asked_for_and_what_is_too_much_goes_back(session: Session, shop: Shop):
    ask(session, basket(shop, milk=3, bread=1))

    assert ask(session, order(shop, milk=1, bread=4)) == [True]

    assert both(session, shop) == (1, 4)


def test_an_order_that_is_refused_leaves_the_hold_as_it_stands(session: Session, shop: Shop, nine: datetime):
    ask(session, basket(shop, milk=3, bread=1), basket(shop, "basket/2", milk=0, bread=1))

    verdict = admission.admit(session, [order(shop, milk=3, bread=4)])[0]

    assert (verdict.is_granted, verdict.lacking) == (False, (Lack(shop.bread, shop.node_id, asked=4, free=3),))
    assert both(session, shop) == (3, 2)
    assert state(session, nine) == ReservationState.SOFT


def test_what_was_promised_stays_so_though_a_sale_took_it(session: Session, shop: Shop):
    ask(session, basket(shop, milk=0, bread=3))
    inventory.record(session, [shop.stock(shop.bread, -3)], shop.cause(Reason.SALE))

    assert ask(session, order(shop, bread=3)) == [True]
    assert both(session, shop) == (0, 3)


def test_a_hold_that_ran_out_is_asked_for_anew(session: Session, shop: Shop, nine: datetime):
    ask(session, basket(shop, milk=0, bread=3))

    assert ask(session, order(shop, bread=3, at=nine + HOLD)) == [True]

    assert both(session, shop) == (0, 3)
    assert state(session, nine + HOLD) == ReservationState.EXPIRED


def test_a_hold_is_taken_over_once(session: Session, shop: Shop):
    ask(session, basket(shop, milk=0, bread=3))

    assert ask(session, order(shop, bread=3), order(shop, "order/2", bread=3)) == [True, False]
    assert ask(session, order(shop, "order/3", bread=1)) == [True]

    assert both(session, shop) == (0, 4)


def test_a_refusal_said_again_names_the_same_numbers(session: Session, shop: Shop):
    first, second = (admission.admit(session, [basket(shop, bread=9)])[0] for _ in "ab")

    assert first.lacking == second.lacking == (Lack(shop.bread, shop.node_id, asked=9, free=4),)
    assert (first.decided_at, second.is_repeat) == (second.decided_at, True)


def test_other_terms_are_another_request(session: Session, shop: Shop):
    ask(session, basket(shop, terms="600 s"))

    with pytest.raises(KeyTaken):
        admission.admit(session, [basket(shop, terms="900 s")])[0].or_refuse()


def test_many_orders_for_one_hold_and_the_sweep_at_once(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=10, bread=8)
        assert ask(session, basket(shop, milk=4, bread=4)) == [True]

    def take(number: int) -> bool:
        with db.transaction() as session:
            if number % 4 == 3:
                expiry.sweep(session, [(shop.milk, shop.node_id), (shop.bread, shop.node_id)], at=nine + HOLD)
                return False
            at = nine + HOLD - timedelta(seconds=number % 3)
            return ask(session, order(shop, f"order/{number}", milk=4, bread=4, at=at))[0]

    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(take, range(24)))

    assert granted == 2
    with db.reading() as session:
        assert both(session, shop) == (8, 8)


acts = st.tuples(st.sampled_from(["change", "release", "order", "wait"]), st.integers(0, 12), st.integers(0, 6))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.tuples(st.integers(1, 6), st.integers(1, 4)), others=st.integers(0, 4), then=st.lists(acts, max_size=6))
def test_whatever_is_done_to_a_hold_the_promises_are_what_a_reckoning_says(
    session: Session, nine: datetime, first: tuple[int, int], others: int, then: list[tuple[str, int, int]]
):
    undo = session.begin_nested()
    shop, at = open_shop(session, nine), nine
    if others:
        ask(session, basket(shop, "others", milk=0, bread=others, state=ReservationState.HARD, expires_at=None))
    mine = first if ask(session, basket(shop, milk=first[0], bread=first[1]))[0] else (0, 0)
    ordered = (0, 0)
    for number, (act, milk, bread) in enumerate(then):
        if act == "wait":
            at += timedelta(minutes=milk)
            mine = mine if at < nine + HOLD else (0, 0)
            expiry.sweep(session, expiry.run_out(session, at), at=at)
        elif act == "release":
            hold.release(session, HELD, actor="web", at=at)
            mine = (0, 0)
        elif act == "change" and all(mine):
            fits = milk + ordered[0] <= 10 and bread + ordered[1] + others <= 4
            try:
                change(session, shop, at, milk=milk, bread=bread)
            except SoldOut:
                assert not fits
            else:
                assert fits or (milk <= mine[0] and bread <= mine[1])
                mine = (milk, bread)
        elif act == "order" and milk and bread:
            fits = milk + ordered[0] <= 10 and bread + ordered[1] + others <= 4
            assert ask(session, order(shop, f"order/{number}", milk=milk, bread=bread)) == [fits]
            if fits:
                ordered, mine = (ordered[0] + milk, ordered[1] + bread), (0, 0)
        assert both(session, shop) == (mine[0] + ordered[0], mine[1] + ordered[1] + others)
    undo.rollback()
    session.expunge_all()


def test_every_unit_of_a_hold_ends_in_one_way(session: Session, shop: Shop, nine: datetime):
    ask(session, basket(shop, milk=5, bread=2))
    change(session, shop, nine, milk=2)
    change(session, shop, nine, milk=6)
    ask(session, order(shop, milk=6, bread=1))

    claims = session.exec(select(Reservation).where(col(Reservation.admission_key) == HELD)).all()
    assert [(each.quantity, each.released, each.state) for each in claims] == [
        (9, 9, ReservationState.MOVED), (2, 2, ReservationState.MOVED),
    ]  # fmt: skip
