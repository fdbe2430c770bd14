"""The schedule finds another way for what a shelf can't keep, beside tills, customers and a second scheduler."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlmodel import Session, select
from structlog.testing import capture_logs

from app import db
from app.events import log
from app.oms import books, shortfall, transfer
from app.oms import order as orders
from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.order_line import OrderLine
from app.oms.shortfall import Shortfall
from app.pickup import escalation, exception_case
from app.pickup.exception_case import CaseKind, ExceptionCase
from app.pickup.task import PickupTask
from app.pickup.task_status import TaskStatus
from app.reactions import REACTIONS
from app.refusals import Refusal
from jobs.resource import resource
from tests.notices.counter import Counter, open_counter
from tests.oms.shop import bread, open_shop, two_milk
from tests.oms.test_resourcing import Chain, open_chain

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def everything_follows() -> Iterator[None]:
    log.react_with(REACTIONS)
    yield
    log.react_with({})


@pytest.fixture
def chain(database: db.Database, nine: datetime) -> Chain:
    with db.transaction() as session:
        counter: Counter = open_counter(session, open_shop(session, nine, milk=10, bread=10))
        return open_chain(session, counter.shop, near=20, far=20)


def tell(chain: Chain, node_id: int, quantity: int) -> None:
    with db.transaction() as session:
        chain.tell(session, node_id, quantity)


def cases(session: Session) -> list[CaseKind]:
    return [case.kind for case in session.exec(select(ExceptionCase).where(ExceptionCase.ended_at == None))]  # noqa: E711


def test_the_order_in_danger_comes_from_elsewhere_and_its_problem_ends(chain: Chain, nine: datetime):
    with db.transaction() as session:
        order_id = chain.collect(session, 1).id
    tell(chain, chain.shop.node_id, -10)
    with db.reading() as session:
        assert cases(session) == [CaseKind.OVERSOLD]

    resource(nine)

    with db.reading() as session:
        assert cases(session) == []
        task = session.exec(select(PickupTask)).one()
        assert (task.status, task.step_due_at) == (TaskStatus.AWAITING_TRANSFER, None)
        assert [each.from_id for each in transfer.living_for(session, order_id)] == [chain.near]
        assert escalation.due(session, nine + HOUR) == []
        assert list(session.exec(select(Shortfall))) == []


def test_a_store_that_was_to_send_it_has_nothing_to_do_for_it_any_more(chain: Chain, nine: datetime):
    with db.transaction() as session:
        session.get_one(NodeTerms, chain.shop.node_id).does_ship = True
        session.flush()
        for node_id in (chain.near, chain.far):
            chain.tell(session, node_id, -20, chain.shop.bread)
        chain.ship(session, 1, bread(2))
        chain.tell(session, chain.near, 20, chain.shop.bread)
        chain.tell(session, chain.shop.node_id, -9, chain.shop.bread)
        assert cases(session) == [CaseKind.OVERSOLD]
        assert session.exec(select(PickupTask.status)).one() == TaskStatus.REQUESTED

    resource(nine)

    with db.reading() as session:
        assert cases(session) == []
        assert list(session.exec(select(Shortfall))) == []
        assert session.exec(select(PickupTask)).one().units("reserved") == 1

    with db.transaction() as session:
        chain.tell(session, chain.shop.node_id, -1, chain.shop.bread)
    resource(nine)

    with db.reading() as session:
        assert session.exec(select(PickupTask.status)).one() == TaskStatus.MOVED
        assert (cases(session), list(session.exec(select(Shortfall)))) == ([], [])


def test_whom_nobody_can_help_stays_a_problem_and_the_shelf_rests(chain: Chain, nine: datetime):
    with db.transaction() as session:
        chain.collect(session, 1)
    for node_id, quantity in ((chain.near, -20), (chain.far, -20), (chain.shop.node_id, -10)):
        tell(chain, node_id, quantity)

    for _ in range(2):
        resource(nine)

    with db.reading() as session:
        assert cases(session) == [CaseKind.OVERSOLD]
        assert shortfall.due(session, nine) == []
        assert len(shortfall.due(session, nine + HOUR)) == 1


def test_a_bag_that_was_filled_makes_another_order_the_one_in_danger(chain: Chain, nine: datetime):
    with db.transaction() as session:
        first, second = (chain.collect(session, number) for number in (1, 2))
        first_id, line_id = first.id, second.lines[0].id
        chain.tell(session, chain.near, -20)
        chain.tell(session, chain.far, -20)
    tell(chain, chain.shop.node_id, -8)
    with db.transaction() as session:
        session.get_one(OrderLine, line_id).move("reserved", "picked", 2)

    resource(nine)

    with db.reading() as session:
        (case,) = exception_case.living(session, chain.shop.node_id)
        assert (case.order_id, case.quantity) == (first_id, 2)


def test_two_schedulers_tills_and_customers_at_once_leave_the_books_right(chain: Chain, nine: datetime):
    def turn(number: int) -> None:
        dice = Random(number)
        for step in range(6):
            try:
                _one(chain, dice, number * 100 + step, nine)
            except Refusal:
                continue

    with capture_logs() as logs:
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(turn, range(5)))
        for step in range(1, 3):
            resource(nine + step * HOUR)

    assert [line for line in logs if line["log_level"] == "error"] == []
    with db.reading() as session:
        assert list(books.unexplained_balances(session)) == list(books.unexplained_claims(session)) == []
        assert list(shortfall.untrue(session)) == []
        assert list(log.broken_links(session)) == []


def _one(chain: Chain, dice: Random, number: int, at: datetime) -> None:
    act = dice.choice(["ship", "collect", "sale", "sale", "cancel", "resource", "resource"])
    if act == "resource":
        resource(at + timedelta(minutes=number % 100))
        return
    with db.transaction() as session:
        if act in ("ship", "collect"):
            place = chain.ship if act == "ship" else chain.collect
            place(session, number, *dice.sample([two_milk(), bread(1)], dice.randint(1, 2)))
        elif act == "sale":
            item_id = dice.choice([chain.shop.milk, chain.shop.bread])
            chain.tell(session, dice.choice([chain.shop.node_id, chain.near, chain.far]), dice.randint(-6, 2), item_id)
        else:
            _cancel(session, dice, at)


def _cancel(session: Session, dice: Random, at: datetime) -> None:

    ids = session.exec(select(Order.id)).all()
    if ids:
        orders.locked(session, dice.choice(ids)).cancel(session, reason="-", actor="w", at=at)
