from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlmodel import Session, select

from app import db
from app.people.associate import Associate
from app.pickup import task as tasks
from app.pickup.task import Acknowledgement, AlreadyAcknowledged, MovedOn
from app.pickup.task_events import TaskAcknowledged
from app.pickup.task_status import TaskStatus
from tests.notices.counter import Counter

MINUTE = timedelta(minutes=1)
TAPS = 8


def test_the_first_to_say_mine_owns_the_task_and_stops_its_clock(
    session: Session, nine: datetime, counter: Counter, recorded: Callable[..., list[TaskAcknowledged]]
):
    task = counter.task(session, counter.place(session, at=nine))

    task.acknowledge(associate_id=counter.maya, at=nine + 2 * MINUTE)

    assert (task.status, task.owner_id, task.step_due_at) == (TaskStatus.ACCEPTED, counter.maya, None)
    assert [(event.on_time, event.waited_s) for event in recorded(TaskAcknowledged)] == [(True, 120)]


def test_the_second_reads_who_was_first(session: Session, nine: datetime, counter: Counter):
    task = counter.task(session, counter.place(session, at=nine))
    jonas = Associate(name="Jonas Tan", pin_hash="-")
    session.add(jonas)
    session.flush()
    task.acknowledge(associate_id=counter.maya, at=nine)

    with pytest.raises(AlreadyAcknowledged, match="already being picked by Maya R"):
        task.acknowledge(associate_id=jonas.id, at=nine)


def test_a_task_given_back_gets_a_window_of_its_own(session: Session, nine: datetime, counter: Counter):
    task = counter.task(session, counter.place(session, at=nine))
    task.acknowledge(associate_id=counter.maya, at=nine)

    task.give_back(session, associate_id=counter.maya, at=nine + 3 * MINUTE)

    assert (task.status, task.owner_id, task.cycle) == (TaskStatus.REQUESTED, None, 2)
    assert task.step_due_at == nine + 8 * MINUTE


def test_a_task_with_something_in_the_bag_is_not_given_back(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    task = counter.pick(session, order, at=nine)

    with pytest.raises(MovedOn):
        task.give_back(session, associate_id=counter.maya, at=nine)


def test_of_eight_taps_in_the_same_moment_one_wins(committed: Counter, nine: datetime):
    with db.transaction() as session:
        order = committed.place(session, at=nine)
        task_id = committed.task(session, order).id
    together = Barrier(TAPS)

    def tap(_: int) -> bool:
        together.wait()
        try:
            with db.transaction() as session:
                tasks.locked(session, task_id).acknowledge(associate_id=committed.maya, at=nine)
        except AlreadyAcknowledged:
            return False
        return True

    with ThreadPoolExecutor(TAPS) as pool:
        won = list(pool.map(tap, range(TAPS)))

    with db.reading() as session:
        assert sum(won) == len(session.exec(select(Acknowledgement)).all()) == 1
