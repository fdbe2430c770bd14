"""A task's one timer: what it is for, under which policy it runs, and who is set aside when nothing is due any more."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.oms.payment import PaymentState
from app.pickup import clock_face, escalation
from app.pickup.clock_events import TaskEscalated
from app.pickup.escalation import Escalation
from app.pickup.policy import TurnKind, WindowKind
from app.pickup.policy_version import PolicyVersion
from app.pickup.task import PickupTask
from app.pickup.task_events import TaskAcknowledged, TaskOpened
from app.rules import rule_version
from tests.notices.counter import Counter

MINUTE = timedelta(minutes=1)


@pytest.fixture
def task(session: Session, nine: datetime, counter: Counter) -> PickupTask:
    return counter.task(session, counter.place(session, at=nine))


def publish(session: Session, at: datetime, **said: int) -> None:
    rule_version.publish(session, kind="windows", scope="all", body=said, by="test", at=at)


def test_the_timer_is_for_the_answer_first_and_for_the_promise_once_that_is_there(task: PickupTask, nine: datetime):
    assert (task.next_at, task.next_kind) == (nine + 5 * MINUTE, TurnKind.CLIMB)

    task.acknowledge(associate_id=1, at=nine)

    assert (task.next_at, task.next_kind, task.window_kind) == (task.promised_at, TurnKind.LATE, None)


def test_a_rule_published_meanwhile_is_for_later_tasks(
    session: Session, nine: datetime, counter: Counter, task: PickupTask
):
    publish(session, nine + MINUTE, ack_s=60, answer_s=60)
    escalation.escalate(session, task.id, at=nine + 5 * MINUTE)
    later = counter.task(session, counter.place(session, at=nine + MINUTE, external_id="W-2"))

    assert task.step_due_at == nine + 15 * MINUTE
    assert later.step_due_at == nine + 2 * MINUTE
    task.acknowledge(associate_id=counter.maya, at=nine + 6 * MINUTE)
    task.give_back(session, associate_id=counter.maya, at=nine + 7 * MINUTE)
    assert task.step_due_at == nine + 12 * MINUTE


def test_tasks_that_begin_under_the_same_rules_share_what_is_kept_of_them(
    session: Session, nine: datetime, counter: Counter, task: PickupTask
):
    again = counter.task(session, counter.place(session, at=nine + MINUTE, external_id="W-2"))
    publish(session, nine + 2 * MINUTE, hold_days=9)
    other = counter.task(session, counter.place(session, at=nine + 2 * MINUTE, external_id="W-3"))

    assert task.policy_version_id == again.policy_version_id != other.policy_version_id
    kept = {version.id: version for version in session.exec(select(PolicyVersion))}
    assert len(kept) == 2
    assert kept[other.policy_version_id or 0].policy.hold_days == 9
    assert len(kept[other.policy_version_id or 0].rule_version_ids) == 1


def test_each_window_is_a_cycle_of_its_own_and_its_events_say_which(
    session: Session, nine: datetime, counter: Counter, task: PickupTask, recorded: Callable[..., list]
):
    escalation.escalate(session, task.id, at=nine + 5 * MINUTE)
    task.acknowledge(associate_id=counter.maya, at=nine + 6 * MINUTE)
    task.give_back(session, associate_id=counter.maya, at=nine + 7 * MINUTE)
    escalation.escalate(session, task.id, at=nine + 12 * MINUTE)

    assert [event.policy_version_id for event in recorded(TaskOpened)] == [task.policy_version_id]
    assert [event.cycle for event in recorded(TaskAcknowledged)] == [1]
    assert [(event.cycle, event.step, event.kind) for event in recorded(TaskEscalated)] == [
        (1, 1, "climb"), (2, 1, "climb"),
    ]  # fmt: skip
    assert (task.cycle, task.ack_step) == (2, 1)


def test_at_the_end_of_the_ladder_a_person_has_to_look_and_the_promise_is_still_watched(
    session: Session, nine: datetime, task: PickupTask
):
    for minutes in (5, 15, 25):
        assert task.exhausted_at is None
        escalation.escalate(session, task.id, at=nine + minutes * MINUTE)

    assert (task.exhausted_at, task.level) == (nine + 25 * MINUTE, 2)
    assert (task.next_at, task.next_kind) == (task.promised_at, TurnKind.LATE)
    assert [row.step for row in session.exec(select(Escalation).order_by(col(Escalation.id)))] == [1, 2]
    escalation.tell_late(session, task.id, at=task.promised_at)
    assert (task.next_at, task.next_kind, task.exhausted_at) == (None, None, nine + 25 * MINUTE)


def test_told_late_and_waiting_for_nobody_it_is_set_aside_until_it_is_given_back(
    session: Session, counter: Counter, task: PickupTask, nine: datetime
):
    task.acknowledge(associate_id=counter.maya, at=nine)
    late = task.promised_at
    escalation.tell_late(session, task.id, at=late)

    assert (task.next_at, task.exhausted_at) == (None, late)
    task.give_back(session, associate_id=counter.maya, at=late)
    assert (task.next_at, task.exhausted_at) == (late + 5 * MINUTE, None)


def test_held_its_window_stands_still_and_its_promise_does_not(
    session: Session, counter: Counter, task: PickupTask, nine: datetime
):
    escalation.escalate(session, task.id, at=nine + 5 * MINUTE)
    task.order.pay(PaymentState.FAILED, actor="payments", at=nine + 6 * MINUTE)

    clock_face.hold(task, "payment", at=nine + 6 * MINUTE)
    assert (task.held_at, task.level, task.window_kind) == (nine + 6 * MINUTE, 0, WindowKind.ACK)
    assert (task.next_at, task.next_kind) == (task.promised_at, TurnKind.LATE)

    clock_face.release(session, task, at=nine + 8 * MINUTE)
    assert (task.held_at, task.held_reason, task.cycle) == (None, None, 2)
    assert task.next_at == nine + 13 * MINUTE


def test_ten_minutes_late_by_seconds_each_time_is_not_late_at_all(session: Session, nine: datetime, task: PickupTask):
    escalation.escalate(session, task.id, at=nine + 5 * MINUTE + timedelta(seconds=29))

    climbed = session.exec(select(Escalation)).one()
    assert (climbed.due_at, climbed.lateness_ms) == (nine + 5 * MINUTE, 29_000)
    assert task.next_at == climbed.answer_due_at == nine + 15 * MINUTE


@pytest.mark.parametrize(
    "wrong",
    [
        {"next_kind": None}, {"step_kind": None}, {"promise_kind": None}, {"next_at": None, "next_kind": None},
        {"status": "collected"}, {"status": "accepted"}, {"status": "staged", "window_kind": None},
        {"status": "accepted", "window_kind": None, "next_at": None, "next_kind": None, "step_due_at": None,
         "step_kind": None, "promise_due_at": None, "promise_kind": None},
    ],
)  # fmt: skip
def test_the_schema_itself_keeps_a_clock_whole(session: Session, task: PickupTask, wrong: dict[str, str | None]):
    session.flush()
    row = sa.update(sa.table("pickup_task", *map(sa.column, ("id", *wrong))))

    with pytest.raises(IntegrityError):
        session.execute(row.values(**wrong))
