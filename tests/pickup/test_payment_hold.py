"""A capture that fails after the store has begun: nothing begins, nothing is given out, somebody decides."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from app.events import log
from app.events.outbox import OutboxState
from app.notices.notice import Stage
from app.oms.order import Order
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.pickup import escalation
from app.pickup.exception_case import CaseKind, ExceptionCase
from app.pickup.task import NotPaidFor
from app.pickup.task_status import TaskStatus
from app.reactions import REACTIONS
from app.refusals import Refusal
from tests.notices.counter import Counter, open_counter, state_of
from tests.oms.shop import open_shop

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def everything_follows() -> Iterator[None]:
    before = dict(log._reactions)
    log.react_with(REACTIONS)
    yield
    log.react_with(before)


@pytest.fixture
def counter(session: Session, nine: datetime) -> Counter:
    return open_counter(session, open_shop(session, nine))


@pytest.fixture
def order(session: Session, nine: datetime, counter: Counter) -> Order:
    return counter.place(session, at=nine)


def open_problems(session: Session) -> list[CaseKind]:
    return [case.kind for case in session.exec(select(ExceptionCase)) if case.ended_at is None]


def pay(order: Order, state: PaymentState, at: datetime) -> None:
    order.pay(state, actor="payments", at=at)


def test_an_unpaid_task_is_not_accepted_does_not_climb_and_is_a_problem(
    session: Session, order: Order, counter: Counter, nine: datetime
):
    pay(order, PaymentState.FAILED, nine)
    task = counter.task(session, order)

    with pytest.raises(NotPaidFor, match="The payment for order"):
        task.acknowledge(associate_id=counter.maya, at=nine)
    assert (task.step_due_at, order.status) == (None, OrderStatus.AWAITING_PAYMENT)
    assert open_problems(session) == [CaseKind.PAYMENT_FAILED]


def test_paid_after_all_it_goes_on_with_a_window_of_its_own(
    session: Session, order: Order, counter: Counter, nine: datetime
):
    pay(order, PaymentState.FAILED, nine)
    pay(order, PaymentState.CAPTURED, nine + MINUTE)
    task = counter.task(session, order)

    assert task.step_due_at == task.window_due_at
    assert task.step_due_at is not None
    assert task.step_due_at > nine + MINUTE
    assert open_problems(session) == []
    task.acknowledge(associate_id=counter.maya, at=nine + MINUTE)
    assert task.status == TaskStatus.ACCEPTED


def test_paid_after_all_the_ladder_begins_at_its_foot(session: Session, order: Order, counter: Counter, nine: datetime):
    task = counter.task(session, order)
    for rung in (5, 15):
        escalation.escalate(session, task.id, at=nine + rung * MINUTE)
    pay(order, PaymentState.FAILED, nine + 16 * MINUTE)

    assert escalation.waiting(session, region_id=1) == []
    pay(order, PaymentState.CAPTURED, nine + 17 * MINUTE)
    escalation.escalate(session, task.id, at=nine + 30 * MINUTE)
    assert (task.level, task.cycle) == (1, 2)


def test_a_bag_in_hand_is_put_down_but_nobody_is_called_to_it_and_it_is_not_given_out(
    session: Session, order: Order, counter: Counter, nine: datetime
):
    counter.stage(session, order, at=nine)
    pay(order, PaymentState.FAILED, nine)

    assert state_of(session, order, Stage.READY) == OutboxState.SUPPRESSED
    with pytest.raises(Refusal, match="payment"):
        counter.hand_over(session, order, at=nine)


def test_paid_after_all_the_customer_is_called_to_the_bag(
    session: Session, order: Order, counter: Counter, nine: datetime
):
    counter.stage(session, order, at=nine)
    pay(order, PaymentState.FAILED, nine)
    pay(order, PaymentState.AUTHORISED, nine + MINUTE)

    assert state_of(session, order, Stage.READY) == OutboxState.PENDING
    counter.hand_over(session, order, at=nine + MINUTE)
    assert order.status == OrderStatus.COLLECTED


def test_what_was_given_out_stays_collected_and_the_money_is_a_problem(
    session: Session, order: Order, counter: Counter, nine: datetime
):
    counter.stage(session, order, at=nine)
    counter.hand_over(session, order, at=nine)

    pay(order, PaymentState.FAILED, nine)

    assert order.status == OrderStatus.COLLECTED
    assert open_problems(session) == [CaseKind.PAYMENT_FAILED]


def test_before_the_store_has_begun_a_failed_payment_is_the_channels_matter(
    session: Session, counter: Counter, nine: datetime
):
    unpaid = counter.place(session, at=nine, payment_state=PaymentState.PENDING)

    pay(unpaid, PaymentState.FAILED, nine)

    assert open_problems(session) == []
    assert unpaid.payment_due_at is not None


def test_called_off_its_problem_is_gone(session: Session, order: Order, counter: Counter, nine: datetime):
    pay(order, PaymentState.FAILED, nine)

    counter.cancel(session, order, at=nine)

    assert open_problems(session) == []
