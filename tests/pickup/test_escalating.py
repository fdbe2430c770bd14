from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlmodel import Session, col, select

from app import db
from app.people.store import StoreHours
from app.pickup import escalation, short_picks, undo
from app.pickup.escalation import AlreadyOwned, Escalation
from app.pickup.task import PickupTask
from app.pickup.undo import Act, Deed
from app.rules import rule_version
from tests.notices.counter import Counter

MINUTE = timedelta(minutes=1)
SWEEPERS = 6


def test_an_unanswered_task_climbs_one_rung_per_window_and_stops_at_the_region(
    session: Session, nine: datetime, counter: Counter
):
    task = counter.task(session, counter.place(session, at=nine))

    at = nine + 5 * MINUTE
    while escalation.due(session, at):
        escalation.escalate(session, task.id, at=at)
        escalation.escalate(session, task.id, at=at)
        at += 10 * MINUTE

    assert [(e.level, e.at) for e in session.exec(select(Escalation).order_by(col(Escalation.id)))] == [
        (1, nine + 5 * MINUTE),
        (2, nine + 15 * MINUTE),
    ]


def test_a_rule_decides_how_long_the_store_and_each_rung_have(session: Session, nine: datetime, counter: Counter):
    rule_version.publish(session, kind="windows", scope="all", body={"ack_s": 120, "answer_s": 60}, by="test", at=nine)
    task = counter.task(session, counter.place(session, at=nine))

    escalation.escalate(session, task.id, at=nine + 2 * MINUTE)

    assert escalation.due(session, nine + 3 * MINUTE) == [task.id]


def test_a_task_is_never_early(session: Session, nine: datetime, counter: Counter):
    task = counter.task(session, counter.place(session, at=nine))
    just_before = nine + 5 * MINUTE - timedelta(microseconds=1)

    assert escalation.due(session, just_before) == []
    escalation.escalate(session, task.id, at=just_before)

    assert session.exec(select(Escalation)).all() == []


def test_an_answered_task_is_left_alone_and_those_who_were_told_stand_down(
    session: Session, nine: datetime, counter: Counter
):
    task = counter.task(session, counter.place(session, at=nine))
    escalation.escalate(session, task.id, at=nine + 5 * MINUTE)

    task.acknowledge(associate_id=counter.maya, at=nine + 6 * MINUTE)

    assert escalation.due(session, nine + 60 * MINUTE) == []
    assert session.exec(select(Escalation.closed_at)).one() == nine + 6 * MINUTE


def test_the_window_runs_while_the_store_is_open(session: Session, nine: datetime, counter: Counter):
    for hours in session.exec(select(StoreHours)):
        hours.opens_min, hours.closes_min = 480, 1080
    session.flush()

    evening = nine.replace(hour=17, minute=58)
    task = counter.task(session, counter.place(session, at=evening))

    assert task.step_due_at == (nine + timedelta(days=1)).replace(hour=8, minute=3)


def test_after_an_hour_of_nobody_sweeping_a_task_climbs_one_rung_not_all(
    session: Session, nine: datetime, counter: Counter
):
    task = counter.task(session, counter.place(session, at=nine))

    escalation.escalate(session, task.id, at=nine + 60 * MINUTE)

    assert (task.level, task.step_due_at) == (1, nine + 70 * MINUTE)


def test_acknowledging_an_escalation_means_owning_it(session: Session, nine: datetime, counter: Counter):
    task = counter.task(session, counter.place(session, at=nine))
    escalation.escalate(session, task.id, at=nine + 5 * MINUTE)
    escalation.escalate(session, task.id, at=nine + 15 * MINUTE)
    (waiting,) = escalation.waiting(session, region_id=1)

    escalation.acknowledge(session, waiting, task, associate_id=counter.maya, at=nine + 20 * MINUTE)

    assert waiting.owner_id == counter.maya
    with pytest.raises(AlreadyOwned):
        escalation.acknowledge(session, waiting, task, associate_id=counter.maya, at=nine + 21 * MINUTE)


def test_six_sweepers_in_the_same_second_climb_each_task_once(committed: Counter, nine: datetime):
    with db.transaction() as session:
        for number in range(10):
            committed.place(session, at=nine, external_id=f"W-{number}")
    at = nine + 5 * MINUTE
    together = Barrier(SWEEPERS)

    def sweep(_: int) -> None:
        together.wait()
        with db.reading() as session:
            due = escalation.due(session, at)
        for task_id in due:
            with db.transaction() as session:
                escalation.escalate(session, task_id, at=at)

    with ThreadPoolExecutor(SWEEPERS) as pool:
        list(pool.map(sweep, range(SWEEPERS)))

    with db.reading() as session:
        assert [row.level for row in session.exec(select(Escalation))] == [1] * 10
        assert {task.level for task in session.exec(select(PickupTask))} == {1}


def test_the_customer_is_told_of_a_delay_once_when_the_promise_passes(
    session: Session, nine: datetime, counter: Counter
):
    task = counter.task(session, counter.place(session, at=nine))
    promised = task.promised_at

    assert escalation.late_due(session, promised - MINUTE) == []
    escalation.tell_late(session, task.id, at=promised)

    assert task.promise_due_at is None
    assert escalation.late_due(session, promised + MINUTE) == []


def test_a_promise_that_passes_leaves_the_last_act_to_be_taken_back(session: Session, nine: datetime, counter: Counter):
    task = counter.pick(session, counter.place(session, at=nine), at=nine)
    undo.remember(session, [task], Act.PICK, "Milk picked", associate_id=counter.maya, at=nine)
    session.flush()

    escalation.tell_late(session, task.id, at=task.promised_at)

    undo.undo(session, session.exec(select(Deed)).one(), associate_id=counter.maya, at=task.promised_at)
    assert task.units("reserved") == 1


def test_off_the_shelf_again_the_promise_is_watched_again(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    task = counter.stage(session, order, at=nine)
    counter.take_back(session, order, at=nine + MINUTE)
    session.flush()

    assert escalation.late_due(session, task.promised_at) == [task.id]


def test_found_after_all_the_promise_is_watched_again(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    counter.miss(session, order, 0, at=nine)
    task = counter.task(session, order)
    short_picks.take_short_back(session, task, associate_id=counter.maya, at=nine + MINUTE)
    session.flush()

    assert escalation.late_due(session, task.promised_at) == [task.id]
