"""Promises: never more than is free, whoever asks and however many at once; an answer once given never changes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import db
from app.oms import admission, books, expiry, inventory
from app.oms import desk as desks
from app.oms.admission import Request, Wish
from app.oms.desk import Desk, DeskClosed
from app.oms.inventory import Change, Movement, NotEnoughStock, Reason
from app.oms.reservation import Reservation, ReservationState
from app.oms.verdict import Admission, KeyTaken
from app.refusals import Unreadable
from tests.oms.shop import Shop, open_shop

CALLERS, UNITS = 32, 20
HOLD = timedelta(minutes=10)


def basket(shop: Shop, key: str = "basket/1", milk: int = 1, bread: int = 0, **other: object) -> Request:
    wishes = [Wish(item_id=item_id, node_id=shop.node_id, quantity=quantity)
              for item_id, quantity in ((shop.milk, milk), (shop.bread, bread)) if quantity]  # fmt: skip
    request = Request(key=key, wishes=tuple(wishes), state=ReservationState.SOFT, document=key, actor="channel/web",
                      at=shop.opened_at, channel="web", expires_at=shop.opened_at + HOLD)  # fmt: skip
    return replace(request, **other)  # type: ignore[arg-type]


def ask(session: Session, *requests: Request) -> list[bool]:
    return [verdict.is_granted for verdict in admission.admit(session, requests)]


def reserved(session: Session, item_id: int, shop: Shop) -> int:
    kept = inventory.balance_of(session, item_id=item_id, node_id=shop.node_id)
    assert kept is not None
    return kept.reserved


@pytest.fixture
def desk(database: db.Database) -> Iterator[Desk]:
    opened = Desk()
    yield opened
    opened.close()


def test_requests_decided_together_are_granted_in_order_until_the_stock_is_gone(session: Session, shop: Shop):
    assert ask(session, *(basket(shop, f"basket/{n}", bread=2, milk=0) for n in range(3))) == [True, True, False]
    assert reserved(session, shop.bread, shop) == 4
    assert list(books.unexplained_balances(session)) == []


def test_a_refused_basket_leaves_no_trace_but_its_refusal(session: Session, shop: Shop):
    assert ask(session, basket(shop, milk=1, bread=5)) == [False]
    assert (reserved(session, shop.milk, shop), session.exec(select(Reservation)).all()) == (0, [])
    assert session.get_one(Admission, "basket/1").words == "There isn't enough free stock for this order."


def test_several_lines_of_one_item_are_one_need(session: Session, shop: Shop):
    two = (Wish(item_id=shop.bread, node_id=shop.node_id, quantity=3),) * 2
    assert ask(session, basket(shop, wishes=two)) == [False]


def test_the_same_key_gets_the_same_answer_even_when_stock_has_come_since(session: Session, shop: Shop):
    assert ask(session, basket(shop, bread=5)) == [False]
    inventory.record(session, [shop.stock(shop.bread, 10)], shop.cause(Reason.RECEIPT))
    again = admission.admit(session, [basket(shop, bread=5)])[0]
    assert (again.is_granted, again.is_repeat) == (False, True)


def test_a_key_sent_twice_in_one_set_is_granted_once(session: Session, shop: Shop):
    assert ask(session, basket(shop), basket(shop)) == [True, True]
    assert reserved(session, shop.milk, shop) == 1


def test_a_key_used_for_something_else_is_refused(session: Session, shop: Shop):
    ask(session, basket(shop))
    with pytest.raises(KeyTaken):
        admission.admit(session, [basket(shop, milk=2)])[0].or_refuse()


@pytest.mark.parametrize(
    "other", [{"state": ReservationState.HARD}, {"channel": "kiosk"}, {"keeps_safety": False}, {"bread": 1}]
)
def test_a_key_is_for_one_request_in_all_it_asks_for(session: Session, shop: Shop, other: dict[str, Any]):
    ask(session, basket(shop))
    assert admission.admit(session, [basket(shop, **other)])[0].is_conflict


@pytest.mark.parametrize("milk", [0, -1, admission.MOST_UNITS + 1])
def test_absurd_amounts_are_refused_and_nothing_is_kept(session: Session, shop: Shop, milk: int):
    wish = Wish(item_id=shop.milk, node_id=shop.node_id, quantity=milk)
    with pytest.raises(Unreadable):
        ask(session, basket(shop), basket(shop, "basket/2", wishes=(wish,)))
    assert session.exec(select(Admission)).all() == []


def test_a_hold_that_ran_out_never_makes_an_item_look_sold_out(session: Session, shop: Shop):
    assert ask(session, basket(shop, milk=0, bread=4)) == [True]
    late = basket(shop, "basket/2", bread=4, milk=0, at=shop.opened_at + HOLD)
    assert ask(session, late) == [True]
    assert reserved(session, shop.bread, shop) == 4
    first = session.exec(select(Reservation).order_by(col(Reservation.id))).first()
    assert first is not None
    assert first.state == ReservationState.EXPIRED


def test_a_hold_is_kept_until_its_very_last_moment(session: Session, shop: Shop):
    ask(session, basket(shop, bread=4))
    early = basket(shop, "basket/2", bread=1, at=shop.opened_at + HOLD - timedelta(seconds=1))
    assert ask(session, early) == [False]


def test_the_sweep_lets_go_of_what_ran_out_and_of_nothing_else(session: Session, shop: Shop):
    ask(session, basket(shop), basket(shop, "basket/2", expires_at=shop.opened_at + 2 * HOLD))
    at = shop.opened_at + HOLD
    assert expiry.sweep(session, expiry.run_out(session, at), at=at) == 1
    assert expiry.sweep(session, expiry.run_out(session, at), at=at) == 0
    assert reserved(session, shop.milk, shop) == 1
    assert list(books.unexplained_claims(session)) == []


def test_only_the_counter_goes_below_the_safety_line(session: Session, shop: Shop):
    kept = inventory.balance_of(session, item_id=shop.bread, node_id=shop.node_id)
    assert kept is not None
    kept.safety = 2
    session.flush()
    assert ask(session, basket(shop, milk=0, bread=3)) == [False]
    assert ask(session, basket(shop, "counter/1", milk=0, bread=3, keeps_safety=False)) == [True]


def test_the_ledger_refuses_a_promise_that_was_not_there(session: Session, shop: Shop):
    at = shop.opened_at
    row = {"item_id": shop.milk, "node_id": shop.node_id, "version": 2, "reason": Reason.RESERVED, "document": "x",
           "actor": "x", "occurred_at": at, "recorded_at": at}  # fmt: skip
    too_much = row | {"reserved": 99, "reserved_after": 99, "on_hand_after": 10, "suppressed_after": 0}
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.insert(Movement), [too_much])


def test_a_balance_written_past_the_lock_stops_the_page(session: Session, shop: Shop):
    page = inventory.open_page(session, [(shop.milk, shop.node_id)])
    session.execute(sa.text("UPDATE balance SET version = version + 1"))
    page.enter(Change(item_id=shop.milk, node_id=shop.node_id, on_hand=1), shop.cause())
    with pytest.raises(inventory.BalanceMoved):
        page.save()


def test_thirty_two_callers_at_one_desk_get_exactly_what_was_there(desk: Desk, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=UNITS)

    with ThreadPoolExecutor(CALLERS) as callers:
        verdicts = list(callers.map(lambda n: desk.ask(basket(shop, f"basket/{n}")), range(3 * CALLERS)))

    assert sum(verdict.is_granted for verdict in verdicts) == UNITS
    with db.reading() as session:
        assert list(books.unexplained_balances(session)) == []
        assert list(books.unexplained_claims(session)) == []


def test_two_desks_and_the_direct_way_never_promise_a_unit_twice(desk: Desk, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=UNITS, bread=UNITS)
    other = Desk()

    def ask_somewhere(number: int) -> bool:
        request = basket(shop, f"basket/{number}", milk=1 + number % 2, bread=number % 3)
        if number % 3:
            return (desk if number % 3 == 1 else other).ask(request).is_granted
        with db.transaction() as session:
            return admission.admit(session, [request])[0].is_granted

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(ask_somewhere, range(3 * CALLERS)))
    other.close()

    with db.reading() as session:
        assert reserved(session, shop.milk, shop) >= UNITS - 1
        assert max(reserved(session, item_id, shop) for item_id in (shop.milk, shop.bread)) <= UNITS
        assert list(books.unexplained_balances(session)) == []
        assert list(books.unexplained_claims(session)) == []


def test_a_bad_request_at_the_desk_takes_no_other_with_it(desk: Desk, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine)
    bad = basket(shop, "bad", wishes=())

    with ThreadPoolExecutor(4) as callers:
        good = [callers.submit(desk.ask, basket(shop, f"basket/{n}")) for n in range(3)]
        wrong = callers.submit(desk.ask, bad)

    assert [each.result().is_granted for each in good] == [True] * 3
    with pytest.raises(Unreadable):
        wrong.result()


def test_the_same_key_at_two_desks_at_once_is_granted_once(desk: Desk, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine)
    other = Desk()

    with ThreadPoolExecutor(2) as callers:
        verdicts = [each.result() for each in [callers.submit(d.ask, basket(shop)) for d in (desk, other)]]
    other.close()

    assert [verdict.is_granted for verdict in verdicts] == [True, True]
    with db.reading() as session:
        assert reserved(session, shop.milk, shop) == 1


def test_whoever_stands_in_line_when_the_desk_closes_is_still_answered(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine)
    desk = Desk()
    with ThreadPoolExecutor(8) as callers:
        asked = [callers.submit(desk.ask, basket(shop, f"basket/{n}")) for n in range(8)]
        answers = [each.result().is_granted for each in asked]
        desk.close()
    assert answers == [True] * 8


def test_nobody_is_left_standing_at_a_closed_desk(desk: Desk, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine)
    desk.close()

    with pytest.raises(DeskClosed):
        desk.ask(basket(shop))


def test_a_process_opens_its_desk_with_the_first_who_asks_and_again_after_a_close(
    database: db.Database, nine: datetime
):
    with db.transaction() as session:
        shop = open_shop(session, nine)

    for key in ("basket/1", "basket/2"):
        assert desks.ask(basket(shop, key)).is_granted
        desks.close()


def test_a_database_that_fails_is_said_to_all_who_wait(desk: Desk, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine)
        session.execute(sa.text("ALTER TABLE admission RENAME TO nowhere"))

    with ThreadPoolExecutor(4) as callers:
        asked = [callers.submit(desk.ask, basket(shop, f"basket/{n}")) for n in range(4)]

    assert all(isinstance(each.exception(), sa.exc.DBAPIError) for each in asked)


def test_an_order_that_is_refused_is_not_enough_stock_in_words(session: Session, shop: Shop):
    with pytest.raises(NotEnoughStock):
        admission.admit(session, [basket(shop, bread=9)])[0].or_refuse()
