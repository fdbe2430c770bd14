"""Admission's short way: it writes what the long way would have written, or nothing, and in a crowd too."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, col, select

from app import db
from app.oms import admission, books, inventory
from app.oms.admission import Request, Wish
from app.oms.balance import Balance
from app.oms.desk import Desk
from app.oms.granting import Line
from app.oms.inventory import Movement, Reason
from app.oms.reservation import Reservation, ReservationState
from app.oms.touched import Touched
from app.oms.verdict import Admission
from app.refusals import Unreadable
from tests.oms.shop import Shop, open_shop

WRITTEN: tuple[type[SQLModel], ...] = (Admission, Reservation, Movement, Balance, Touched)
ANY_TRIES = count(1)

wishes = st.lists(st.tuples(st.booleans(), st.integers(1, 4)), min_size=1, max_size=3)
baskets = st.lists(st.tuples(wishes, st.booleans()), min_size=1, max_size=4)


@pytest.fixture
def shop(database: db.Database, nine: datetime) -> Shop:
    with db.transaction() as session:
        opened = open_shop(session, nine, milk=0, bread=0)
        session.execute(sa.update(Balance).values(safety=1))
    return opened


@pytest.fixture
def line(shop: Shop) -> Iterator[Line]:
    opened = Line()
    yield opened
    opened.close()


def basket(shop: Shop, key: str, *lines: tuple[bool, int], **other: Any) -> Request:
    wanted = [Wish(item_id=shop.milk if is_milk else shop.bread, node_id=shop.node_id, quantity=quantity)
              for is_milk, quantity in lines or [(True, 1)]]  # fmt: skip
    request = Request(key=key, wishes=tuple(wanted), state=ReservationState.SOFT, document=f"order/{key}", actor="web",
                      at=shop.opened_at, channel="web", expires_at=shop.opened_at + timedelta(minutes=9))  # fmt: skip
    return replace(request, **other)


def stock(shop: Shop, milk: int, bread: int) -> None:
    """So much is free from now on, beside what is promised and what the shop keeps."""
    with db.transaction() as session:
        for item_id, units in ((shop.milk, milk), (shop.bread, bread)):
            kept = inventory.balance_of(session, item_id=item_id, node_id=shop.node_id)
            assert kept is not None
            more = units + 1 - (kept.on_hand - kept.reserved)
            inventory.record(session, [shop.stock(item_id, more)], shop.cause(Reason.RECEIPT))


def kept(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of what an admission writes, but for their numbers."""
    found = {}
    for model in WRITTEN:
        table = model.__table__  # type: ignore[attr-defined]
        columns = [column for column in table.c if column.name != "id"]
        found[table.name] = sorted(map(tuple, session.execute(sa.select(*columns))), key=repr)
    return found


def decided_in_turn(*requests: Request) -> tuple[list[bool], dict[str, list[tuple[Any, ...]]]]:
    """What the long way makes of them, all of it undone again."""
    with db.transaction() as session:
        answers = [verdict.is_granted for verdict in admission.admit(session, requests)]
        session.flush()
        written = kept(session)
        session.rollback()
    return answers, written


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=baskets, milk=st.integers(0, 12), bread=st.integers(0, 12))
def test_what_is_granted_at_once_is_what_would_have_been_granted_in_turn(
    shop: Shop, line: Line, asked: list[tuple[list[tuple[bool, int]], bool]], milk: int, bread: int
):
    stock(shop, milk, bread)
    requests = [basket(shop, f"basket/{next(ANY_TRIES)}", *lines, keeps_safety=keeps) for lines, keeps in asked]
    with db.reading() as session:
        before = kept(session)
    answers, in_turn = decided_in_turn(*requests)

    granted = line.grant_all(requests)

    with db.reading() as session:
        after = kept(session)
        assert list(books.unexplained_balances(session)) == []
    assert after == (in_turn if granted else before)
    assert all(answers) if granted else not all(answers) or len({keeps for _, keeps in asked}) == 2


def test_a_key_that_has_its_answer_is_left_to_the_long_way(shop: Shop, line: Line):
    stock(shop, 5, 5)
    assert line.grant_all([basket(shop, "once")])
    assert line.grant_all([basket(shop, "new"), basket(shop, "once")]) == []
    assert line.grant_all([basket(shop, "next")])
    with db.reading() as session:
        assert sorted(session.exec(select(Admission.key))) == ["next", "once"]


@pytest.mark.parametrize("other", [{"takes_over": "hold/1"}, {"key": "twice"}])
def test_what_is_not_plain_is_left_to_the_long_way(shop: Shop, line: Line, other: dict[str, Any]):
    stock(shop, 5, 5)
    assert line.grant_all([basket(shop, "twice"), replace(basket(shop, "another"), **other)]) == []


def test_an_instant_of_another_zone_is_kept_as_that_instant(shop: Shop, line: Line):
    stock(shop, 5, 5)
    there = shop.opened_at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert line.grant_all([basket(shop, "there", at=there)])
    with db.reading() as session:
        assert session.get_one(Admission, "there").decided_at == shop.opened_at


@pytest.mark.parametrize("other", [{"at": datetime(2026, 11, 23, 9)}, {"wishes": ()}])  # noqa: DTZ001 - that's the point
def test_what_can_not_be_written_is_refused_and_leaves_nothing(shop: Shop, line: Line, other: dict[str, Any]):
    stock(shop, 5, 5)
    with pytest.raises((ValueError, Unreadable)):
        line.grant_all([basket(shop, "good"), basket(shop, "bad", **other)])
    with db.reading() as session:
        assert session.exec(select(Admission.key)).all() == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_line_that_was_cut_finds_the_database_again(shop: Shop, line: Line):
    stock(shop, 5, 5)
    assert line.grant_all([basket(shop, "before")])
    with db.transaction() as session:
        others = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                         " WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
        session.execute(others)

    assert line.grant_all([basket(shop, "cut")]) == []
    assert line.grant_all([basket(shop, "after")])


def test_a_crowd_at_eight_desks_gets_exactly_what_is_there(shop: Shop):
    stock(shop, 60, 60)
    desks = [Desk() for _ in range(8)]

    def buy(number: int) -> int:
        lines = [(bool(number % 2), 1), (not number % 2, 1)]
        request = basket(shop, f"crowd/{number}", *lines)
        return sum(quantity for _, quantity in lines) * desks[number % 8].ask(request).is_granted

    with ThreadPoolExecutor(32) as crowd:
        sold = sum(crowd.map(buy, range(160)))
    for desk in desks:
        desk.close()

    assert sold == 120
    with db.reading() as session:
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
        entries = session.exec(select(Movement).where(col(Movement.document).startswith("order/crowd/"))).all()
        assert len(entries) == sold
