"""Two at once on PostgreSQL, where nothing queues writers for us: nobody waits for somebody who waits for them."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from app import db
from app.events.log import Event
from app.oms import order as orders
from app.pickup import escalation, short_picks, undo
from app.pickup.exception_case import CaseKind, CaseStatus, ExceptionCase, open_case
from app.pickup.short_picks import ShortReason
from app.pickup.undo import Act, Deed
from tests.notices.counter import Counter

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def in_a_thread(act: Callable[[Session], object]) -> Thread:
    def work() -> None:
        with db.transaction() as session:
            act(session)

    thread = Thread(target=work)
    thread.start()
    return thread


@contextmanager
def said() -> Iterator[list[str]]:
    """The statements that are sent meanwhile, shortened to what they lock."""
    heard: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "NO KEY UPDATE" in statement and 'FROM "order"' in statement:
            heard.append("lock an order")
        written = re.findall(r'UPDATE "?(balance|board_tally)\b', statement)
        heard.extend(written)

    engine = db.current().engine
    sa.event.listen(engine, "before_cursor_execute", hear)
    yield heard
    sa.event.remove(engine, "before_cursor_execute", hear)


def wait_until_somebody_waits(session: Session) -> None:
    while not session.execute(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
        pass


@on_postgresql
def test_the_clock_does_not_wait_for_a_tap(committed: Counter, nine: datetime):
    with db.transaction() as session:
        task = committed.task(session, committed.place(session, at=nine))

    with db.transaction() as session:
        orders.locked(session, task.order_id)
        clock = in_a_thread(lambda other: escalation.tell_late(other, task.id, at=task.promised_at))
        clock.join(5)

        assert not clock.is_alive()


@on_postgresql
def test_what_was_not_there_moves_the_stock_before_the_boards_numbers(committed: Counter, nine: datetime):
    with db.transaction() as session, said() as heard:
        task = committed.task(session, committed.place(session, at=nine))
        heard.clear()
        short_picks.short(
            session, task, task.lines[0], reason=ShortReason.NOT_FOUND, associate_id=committed.maya, at=nine
        )

    assert heard[0] == "balance"
    assert "board_tally" in heard


@on_postgresql
def test_who_takes_several_orders_has_them_all_before_changing_the_first(committed: Counter, nine: datetime):
    with db.transaction() as session:
        taken = [committed.task(session, committed.place(session, at=nine, external_id=n)) for n in "12"]
        for task in taken:
            task.acknowledge(associate_id=committed.maya, at=nine)
        undo.remember(session, taken, Act.ACKNOWLEDGEMENT, "2 orders accepted", associate_id=committed.maya, at=nine)

    with db.transaction() as session, said() as heard:
        undo.undo(session, session.exec(select(Deed)).one(), associate_id=committed.maya, at=nine)

    assert heard[:2] == ["lock an order", "lock an order"]
    assert heard.count("lock an order") == 2


@on_postgresql
def test_a_problem_ends_once(committed: Counter, nine: datetime):
    with db.transaction() as session:
        order = committed.place(session, at=nine)
        committed.miss(session, order, 0, at=nine)

    with db.transaction() as session:
        session.exec(select(ExceptionCase).with_for_update()).one().end(CaseStatus.RESOLVED, actor="maya", at=nine)
        session.flush()
        cancelling = in_a_thread(lambda other: committed.cancel(other, order, at=nine))
        wait_until_somebody_waits(session)
    cancelling.join(10)

    with db.reading() as session:
        assert len(session.exec(select(Event).where(Event.kind == "CaseEnded")).all()) == 1


@on_postgresql
def test_a_problem_that_two_find_in_one_moment_is_opened_once(committed: Counter, nine: datetime):
    with db.transaction() as session:
        order = committed.place(session, at=nine)
    found: dict[str, Any] = {"kind": CaseKind.UNDELIVERABLE, "cause": "order/1:undeliverable", "detail": "ready",
                             "store_id": order.store_id, "order_id": order.id, "opened_at": nine}  # fmt: skip

    with db.transaction() as session:
        open_case(session, ExceptionCase(**found), actor="system")
        other = in_a_thread(lambda second: open_case(second, ExceptionCase(**found), actor="system"))
        wait_until_somebody_waits(session)
    other.join(10)

    with db.reading() as session:
        assert len(session.exec(select(ExceptionCase)).all()) == 1
        assert len(session.exec(select(Event).where(Event.kind == "CaseOpened")).all()) == 1
