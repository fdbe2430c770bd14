"""A line of the schedule that takes its time."""

import logging
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from app import clock, db
from app.config import Settings
from jobs import pace, schedule
from jobs.pace import Every

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

YEAR = timedelta(days=365)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url="sqlite://", secret_key="k" * 32, var=tmp_path, environment="production")


def test_a_slow_line_keeps_its_own_pace_and_nobody_warns(
    database: db.Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    turns, other, enough, may_end = [], [], Event(), Event()

    def slow(at: datetime) -> None:
        turns.append(at)
        may_end.wait(10)

    def quick(at: datetime) -> None:
        other.append(at)
        if len(other) >= 3:
            enough.set()

    monkeypatch.setattr(schedule, "SCHEDULE", [("a slow line", 1, slow), ("a quick line", 1, quick)])
    with caplog.at_level(logging.WARNING, "apscheduler"):
        scheduler = schedule.start(settings)
        assert enough.wait(15)
        may_end.set()
        assert schedule.stop(scheduler)

    warned = [record.message for record in caplog.records if record.name.startswith("apscheduler")]
    assert (len(turns), warned) == (1, [])


def test_a_stop_does_not_wait_for_ever(database: db.Database, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    begun, may_end = Event(), Event()

    def silent(at: datetime) -> None:
        begun.set()
        may_end.wait(60)

    monkeypatch.setattr(schedule, "SCHEDULE", [("a silent mail server", 1, silent)])
    monkeypatch.setattr(schedule, "GRACE_S", 0.05)
    scheduler = schedule.start(settings)
    assert begun.wait(10)

    assert not schedule.stop(scheduler)
    may_end.set()


def test_a_line_that_fails_has_its_next_turn(
    database: db.Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    turns, again = [], Event()

    def broken(at: datetime) -> None:
        turns.append(at)
        if len(turns) == 2:
            again.set()
        raise ValueError("today")

    monkeypatch.setattr(schedule, "SCHEDULE", [("a line", 1, broken)])
    scheduler = schedule.start(settings)

    assert again.wait(10)
    schedule.stop(scheduler)


def test_a_clock_set_a_year_on_is_one_late_turn(nine: datetime, database_url: str):
    every = Every(1)

    assert every.get_next_fire_time(None, nine) == nine
    assert every.get_next_fire_time(nine, nine + YEAR) == nine + YEAR + timedelta(seconds=1)


def test_a_clock_set_back_does_not_put_the_schedule_to_sleep(
    database: db.Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    had_its_turn = Event()
    monkeypatch.setattr(schedule, "SCHEDULE", [("a line", 1, lambda at: had_its_turn.set())])
    monkeypatch.setattr(pace, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(pace, "TOO_LONG_S", 2.0)
    scheduler = schedule.start(settings)
    assert had_its_turn.wait(10)

    scheduler.modify_job("a line", next_run_time=clock.now() + YEAR)  # what the plan looks like to an earlier clock
    had_its_turn.clear()

    assert had_its_turn.wait(10)
    schedule.stop(scheduler)
