from datetime import UTC, datetime, timedelta

from app.events.log import Event
from app.measures import figures

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def event(kind: str, task: int, **said: object) -> Event:
    data = {"task_id": task, **said}
    return Event(uid="", stream="store/1", seq=1, kind=kind, at=AT, actor="system", subject="", data=data, hash="")


def staged(task: int, *, on_time: bool = True, is_move: bool = False, after_s: int = 600) -> Event:
    return event("TaskStaged", task, on_time=on_time, is_move=is_move, since_placed_s=after_s)


def test_nothing_recorded_is_not_a_hundred_percent():
    told = figures.fold([])

    assert told.ready.percent is None
    assert told.acknowledged.percent is None
    assert (told.wait, told.to_shelf) == (None, None)


def test_an_order_that_never_came_counts_as_not_ready_on_time():
    told = figures.fold([staged(1), event("TaskLate", 2), event("TaskUnfulfillable", 3), staged(4)])

    assert told.ready.percent == 50


def test_a_move_to_another_shelf_changes_no_figure_and_a_taking_back_counts_for_nothing():
    told = figures.fold([
        staged(1, after_s=60),
        staged(1, on_time=False, is_move=True, after_s=9000),
        staged(2),
        event("StagingTakenBack", 2),
    ])  # fmt: skip

    assert (told.ready.kept, told.ready.of) == (1, 1)
    assert told.to_shelf == timedelta(minutes=1)


def test_an_escalated_task_was_not_acknowledged_in_time():
    told = figures.fold([event("TaskAcknowledged", 1, on_time=True), event("TaskEscalated", 2)])

    assert told.acknowledged.percent == 50


def test_the_typical_wait_is_the_middle_one_of_those_who_said_they_were_here():
    waits = [event("TaskHandedOver", n, waited_s=s) for n, s in enumerate([60, None, 240, 3600])]

    assert figures.fold(waits).wait == timedelta(minutes=4)


def test_a_share_is_never_rounded_up_to_all():
    assert figures.Share(kept=9999, of=10000).percent == 99.9
