"""Stock: promises never exceed what is free, facts are never refused, and every unit is accounted for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from app import db
from app.oms import books, inventory
from app.oms.balance import Balance
from app.oms.inventory import Change, Movement, NotEnoughStock, Reason
from tests.oms.shop import Shop, open_shop

BUYERS, UNITS = 16, 5


def balance(session: Session, shop: Shop, item_id: int) -> Balance:
    found = inventory.balance_of(session, item_id=item_id, node_id=shop.node_id)
    assert found is not None
    return found


def all_at_once(act: Callable[[int], Any], *, threads: int = BUYERS) -> list[Any]:
    """`act(n)` in so many threads, started together; each answer, or the refusal it met."""
    together = Barrier(threads)

    def one(number: int) -> Any:
        together.wait()
        try:
            return act(number)
        except NotEnoughStock as refusal:
            return refusal

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def test_sixteen_buyers_of_five_units_get_exactly_five(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=UNITS)

    def buy(number: int) -> bool:
        with db.transaction() as session:
            inventory.promise(session, [shop.reserve(shop.milk, 1)], shop.cause(Reason.RESERVED, f"order/{number}"))
        return True

    answers = all_at_once(buy)
    assert answers.count(True) == UNITS
    with db.reading() as session:
        assert balance(session, shop, shop.milk).free == 0
        assert list(books.unexplained_balances(session)) == []


def test_two_baskets_taken_in_opposite_order_do_not_wait_for_each_other(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=BUYERS, bread=BUYERS)

    def buy(number: int) -> bool:
        basket = [shop.reserve(shop.milk, 1), shop.reserve(shop.bread, 1)]
        with db.transaction() as session:
            ordered = basket if number % 2 else basket[::-1]
            inventory.promise(session, ordered, shop.cause(Reason.RESERVED, f"order/{number}"))
        return True

    assert all_at_once(buy) == [True] * BUYERS


def test_sales_at_the_till_while_orders_come_in_leave_nothing_unexplained(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=UNITS)

    def sell_or_promise(number: int) -> bool:
        with db.transaction() as session:
            if number % 2:
                inventory.record(session, [shop.stock(shop.milk, -1)], shop.cause(Reason.SALE, f"sale/{number}"))
            else:
                inventory.promise(session, [shop.reserve(shop.milk, 1)], shop.cause(Reason.RESERVED))
        return True

    answers = all_at_once(sell_or_promise)
    with db.reading() as session:
        kept = balance(session, shop, shop.milk)
        assert kept.on_hand == UNITS - BUYERS // 2
        assert kept.reserved == answers[::2].count(True) <= UNITS
        assert list(books.unexplained_balances(session)) == []


def test_a_sale_below_the_promises_is_recorded_and_shows_as_a_shortfall(session: Session, shop: Shop):
    inventory.promise(session, [shop.reserve(shop.bread, 4)], shop.cause(Reason.RESERVED))
    inventory.record(session, [shop.stock(shop.bread, -6)], shop.cause(Reason.SALE))
    kept = balance(session, shop, shop.bread)
    assert (kept.on_hand, kept.free, kept.shortfall) == (-2, 0, 4)


def test_a_delivery_of_something_never_stocked_begins_a_balance(session: Session, shop: Shop):
    elsewhere = Change(item_id=shop.milk, node_id=shop.node_id, on_hand=3)
    inventory.record(session, [elsewhere, elsewhere], shop.cause(Reason.RECEIPT))
    assert balance(session, shop, shop.milk).on_hand == 16


def test_what_is_suppressed_or_kept_for_safety_is_not_promised(session: Session, shop: Shop):
    kept = balance(session, shop, shop.bread)
    kept.safety = 1
    session.flush()
    missing = Change(item_id=shop.bread, node_id=shop.node_id, suppressed=2)
    inventory.record(session, [missing], shop.cause(Reason.NOT_FOUND))
    with pytest.raises(NotEnoughStock):
        inventory.promise(session, [shop.reserve(shop.bread, 2)], shop.cause(Reason.RESERVED))
    inventory.promise(session, [shop.reserve(shop.bread, 1)], shop.cause(Reason.RESERVED))


@pytest.mark.parametrize("state", ["unavailable", "suppressed"])
def test_what_is_damaged_or_missed_is_there_and_not_promised(session: Session, shop: Shop, state: str):
    inventory.record(session, [Change(item_id=shop.bread, node_id=shop.node_id, **{state: 3})], shop.cause())
    assert (balance(session, shop, shop.bread).on_hand, balance(session, shop, shop.bread).free) == (4, 1)
    with pytest.raises(NotEnoughStock):
        inventory.promise(session, [shop.reserve(shop.bread, 2)], shop.cause(Reason.RESERVED))
    inventory.promise(session, [shop.reserve(shop.bread, 1)], shop.cause(Reason.RESERVED))
    assert balance(session, shop, shop.bread).shortfall == 0
    inventory.record(session, [shop.stock(shop.bread, -2)], shop.cause(Reason.SALE))
    assert balance(session, shop, shop.bread).shortfall == 1


def test_an_order_whose_second_line_is_short_reserves_nothing_of_the_first(session: Session, shop: Shop):
    basket = [shop.reserve(shop.milk, 1), shop.reserve(shop.bread, 5)]
    with pytest.raises(NotEnoughStock):
        inventory.promise(session, basket, shop.cause(Reason.RESERVED))
    assert balance(session, shop, shop.milk).reserved == 0
    reasons = session.exec(select(Movement.reason)).all()
    assert set(reasons) == {Reason.OPENING}


def test_two_lines_of_one_item_are_added_up_before_they_are_promised(session: Session, shop: Shop):
    with pytest.raises(NotEnoughStock):
        inventory.promise(session, [shop.reserve(shop.bread, 3)] * 2, shop.cause(Reason.RESERVED))
    inventory.promise(session, [shop.reserve(shop.bread, 2)] * 2, shop.cause(Reason.RESERVED))
    assert balance(session, shop, shop.bread).version == 2


def test_an_item_the_store_never_had_cannot_be_promised(session: Session, shop: Shop):
    with pytest.raises(NotEnoughStock):
        inventory.promise(session, [shop.reserve(shop.bread + 1, 1)], shop.cause(Reason.RESERVED))


@pytest.mark.parametrize("change", [sa.update(Movement).values(on_hand=99), sa.delete(Movement)])
def test_nobody_changes_or_removes_a_movement(session: Session, shop: Shop, change: sa.Update | sa.Delete):
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(change.where(col(Movement.item_id) == shop.milk))


def test_a_balance_changed_past_the_ledger_is_found(session: Session, shop: Shop):
    kept = balance(session, shop, shop.milk)
    kept.on_hand += 1
    session.flush()
    assert len(list(books.unexplained_balances(session))) == 1


amounts = st.integers(-6, 6).filter(bool)
acts = st.lists(st.tuples(st.booleans(), st.booleans(), amounts), min_size=1, max_size=12)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts)
def test_whatever_happens_a_balance_is_the_sum_of_its_movements(
    session: Session, nine: datetime, acts: list[tuple[bool, bool, int]]
):
    with session.begin_nested() as example:
        _try_out(session, open_shop(session, nine), acts)
        example.rollback()


def _try_out(session: Session, shop: Shop, acts: list[tuple[bool, bool, int]]) -> None:
    for is_promise, is_milk, amount in acts:
        item_id = shop.milk if is_milk else shop.bread
        free = balance(session, shop, item_id).free
        if not is_promise:
            inventory.record(session, [shop.stock(item_id, amount)], shop.cause())
        elif abs(amount) > free:
            with pytest.raises(NotEnoughStock):
                inventory.promise(session, [shop.reserve(item_id, abs(amount))], shop.cause(Reason.RESERVED))
        else:
            inventory.promise(session, [shop.reserve(item_id, abs(amount))], shop.cause(Reason.RESERVED))
    assert list(books.unexplained_balances(session)) == []
