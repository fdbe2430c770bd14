"""The schedule's pace: counted from now, not from what was planned, and watched by a clock that nobody can set."""

from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from time import monotonic
from typing import Any

import structlog
from apscheduler.triggers.base import BaseTrigger

from app import clock

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
TOO_LONG_S = 5.0


class Every(BaseTrigger):  # type: ignore[misc] # APScheduler carries no types
    """So long after each turn: a clock set a year on is one late turn, not a year of missed ones."""

    def __init__(self, seconds: int) -> None:
        self.period = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """When the next turn is."""
        return now + self.period if previous else now


class Watch:
    """Wakes a schedule that a clock set back has put to sleep: it plans by the wall clock, this looks at another."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._last_turn = monotonic()
        self._stopped = Event()
        self._thread = Thread(target=self._look, name="schedule-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def seen(self) -> None:
        """A line has had its turn."""
        self._last_turn = monotonic()

    def _look(self) -> None:
        while not self._stopped.wait(LOOK_EVERY_S):
            if monotonic() - self._last_turn > TOO_LONG_S:
                log.warning("no line of the schedule had its turn: was the clock set?")
                self.seen()
                self._wake()

    def _wake(self) -> None:
        at = clock.now().astimezone(UTC)
        for job in self._scheduler.get_jobs():
            if job.next_run_time is not None and job.next_run_time > at:
                self._scheduler.modify_job(job.id, next_run_time=at)
