"""Opening time: when a store is open, and when so many open minutes have passed. Pure.

Local time is used only to find when doors open and close; all reckoning is between UTC instants, because adding
minutes to an aware local time across a clock change is wrong by an hour. A local time that does not exist (spring)
means the first instant after the gap; one that exists twice (autumn) means the first for opening, the second for
closing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_MIN = 24 * 60
LOOK_AHEAD = timedelta(days=400)


class NeverOpen(Exception):
    """No opening within 400 days: refuse such hours when they are saved."""


@dataclass(frozen=True, order=True)
class DayRule:
    """Doors open and close, in minutes after local midnight; 0–0 is open round the clock."""

    opens_min: int
    closes_min: int

    @property
    def last_min(self) -> int:
        return self.closes_min if self.closes_min > self.opens_min else self.closes_min + DAY_MIN


@dataclass(frozen=True)
class OpeningHours:
    """A week of rules and the dates that differ, in one time zone."""

    zone: ZoneInfo
    weekly: tuple[tuple[DayRule, ...], ...]
    exceptions: Mapping[date, Sequence[DayRule]]

    @classmethod
    def of(
        cls,
        zone: str,
        weekly: Mapping[int, Sequence[DayRule]],
        exceptions: Mapping[date, Sequence[DayRule]] | None = None,
    ) -> "OpeningHours":
        week = tuple(tuple(sorted(weekly.get(day, ()))) for day in range(7))
        return cls(ZoneInfo(zone), week, {day: sorted(rules) for day, rules in (exceptions or {}).items()})

    def openings(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches the store is open, in order, from the one that holds `at` or comes after it."""
        day = at.astimezone(self.zone).date() - timedelta(days=1)
        last = (at + LOOK_AHEAD).date()
        reached = at.astimezone(UTC)
        while day <= last:
            for rule in self.exceptions.get(day, self.weekly[day.weekday()]):
                opens = max(_instant(self.zone, day, rule.opens_min, 0), reached)
                closes = _instant(self.zone, day, rule.last_min, 1)
                if closes > opens:
                    reached = closes
                    yield opens, closes
            day += timedelta(days=1)

    def add_open(self, at: datetime, span: timedelta) -> datetime:
        """When `span` of open time has passed since `at`; never early, and never a moment when doors are shut."""
        left = span
        for opens, closes in self.openings(at):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        raise NeverOpen("This store has no opening hours in the next 400 days.")

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """How much of the stretch from `start` to `end` the store was open."""
        total = timedelta(0)
        for opens, closes in self.openings(start):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total

    def is_open(self, at: datetime) -> bool:
        first = next(self.openings(at), None)
        return first is not None and first[0] <= at < first[1]

    def closing_day(self, at: datetime, days: int) -> datetime:
        """The end of the day that comes `days` open days after today: closed days don't count."""
        today = at.astimezone(self.zone).date()
        later: date | None = None
        closes_at = at
        for opens, closes in self.openings(at):
            day = opens.astimezone(self.zone).date()
            if day > today and day != later:
                days, later = days - 1, day
            if days < 0:
                break
            closes_at = closes
        return closes_at


@lru_cache(maxsize=65536)
def _instant(zone: ZoneInfo, day: date, minute: int, fold: int) -> datetime:
    local = datetime.combine(day, time()) + timedelta(minutes=minute)
    instant = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    return _first_after_gap(zone, local)


def _first_after_gap(zone: ZoneInfo, skipped: datetime) -> datetime:
    """The instant the clocks jumped over a local time: the two ways of reading it lie on either side."""
    before = skipped.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = skipped.replace(tzinfo=zone, fold=0).astimezone(UTC)
    settled = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == settled:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)
