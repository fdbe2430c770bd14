"""A line of the schedule that takes its time."""

import logging
from datetime import datetime
from pathlib import Path
from threading import Event, Lock

import pytest

from app import db
from app.config import Settings
from jobs import schedule

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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

    assert (len(turns), caplog.messages) == (1, [])


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


def test_a_line_that_fails_is_tried_again(nine: datetime, database: db.Database):
    lock = Lock()

    def broken(at: datetime) -> None:
        raise ValueError("today")

    schedule._tick("a line", broken, lock)

    assert lock.acquire(blocking=False)
