"""Opening time across clock changes, holidays and midnights: known cases, and any case against a slow count."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.people.hours import DayRule, NeverOpen, OpeningHours

NEW_YORK, LONDON, LORD_HOWE = "America/New_York", "Europe/London", "Australia/Lord_Howe"
ROUND_THE_CLOCK = (0, 0)
HORIZON_DAYS = 5


def instant(words: str) -> datetime:
    return datetime.fromisoformat(words)


def daily(
    zone: str, *clocks: tuple[int, int], exceptions: Mapping[date, Sequence[DayRule]] | None = None
) -> OpeningHours:
    """The same openings every day, in minutes after midnight."""
    return OpeningHours.of(zone, {day: [DayRule(*clock) for clock in clocks] for day in range(7)}, exceptions)


DAY, LATE, TO_HALF_PAST_ONE = (8 * 60, 22 * 60), (8 * 60, 2 * 60), (8 * 60, 90)
VECTORS = [
    pytest.param(NEW_YORK, ROUND_THE_CLOCK, "2026-03-08T06:50Z", 15, "2026-03-08T07:05Z", id="over the spring gap"),
    pytest.param(NEW_YORK, ROUND_THE_CLOCK, "2026-11-01T05:50Z", 15, "2026-11-01T06:05Z", id="first 01:50 of autumn"),
    pytest.param(NEW_YORK, ROUND_THE_CLOCK, "2026-11-01T06:50Z", 15, "2026-11-01T07:05Z", id="second 01:50 of autumn"),
    pytest.param(NEW_YORK, LATE, "2026-03-08T06:50Z", 15, "2026-03-08T12:05Z", id="closing inside the gap"),
    pytest.param(NEW_YORK, (150, 600), "2026-03-08T06:00Z", 15, "2026-03-08T07:15Z", id="opening inside the gap"),
    pytest.param(
        NEW_YORK, TO_HALF_PAST_ONE, "2026-11-01T06:20Z", 15, "2026-11-01T13:05Z", id="closing at the second fold"
    ),
    pytest.param(NEW_YORK, (90, 600), "2026-11-01T04:00Z", 15, "2026-11-01T05:45Z", id="opening at the first fold"),
    pytest.param(NEW_YORK, DAY, "2026-03-08T02:50Z", 15, "2026-03-08T12:05Z", id="a short night is 555 minutes"),
    pytest.param(NEW_YORK, DAY, "2026-11-01T01:50Z", 15, "2026-11-01T13:05Z", id="a long night is 675 minutes"),
    pytest.param(LONDON, ROUND_THE_CLOCK, "2026-10-25T00:50Z", 15, "2026-10-25T01:05Z", id="London in autumn"),
    pytest.param(
        LORD_HOWE, ROUND_THE_CLOCK, "2026-04-04T14:55Z", 15, "2026-04-04T15:10Z", id="Lord Howe, half an hour"
    ),
    pytest.param(LORD_HOWE, (480, 105), "2026-04-04T15:10Z", 10, "2026-04-04T21:35Z", id="Lord Howe, closing twice"),
    pytest.param("America/Phoenix", DAY, "2026-03-08T04:50Z", 15, "2026-03-08T15:05Z", id="Phoenix changes nothing"),
    pytest.param(
        "America/Havana", ROUND_THE_CLOCK, "2026-03-08T04:50Z", 15, "2026-03-08T05:05Z", id="no midnight in Havana"
    ),
    pytest.param(LONDON, (600, 120), "2026-11-24T01:30Z", 120, "2026-11-24T11:30Z", id="open past midnight"),
    pytest.param(LONDON, ROUND_THE_CLOCK, "2026-11-20T22:00Z", 30 * 60, "2026-11-22T04:00Z", id="never closed"),
    pytest.param(LONDON, DAY, "2026-11-23T21:45Z", 15, "2026-11-23T22:00Z", id="due at the closing minute"),
    pytest.param(LONDON, DAY, "2026-11-23T22:00Z", 5, "2026-11-24T08:05Z", id="asked at the closing minute"),
    pytest.param(LONDON, DAY, "2026-11-23T23:00Z", 5, "2026-11-24T08:05Z", id="asked while closed"),
    pytest.param(LONDON, DAY, "2026-11-23T23:00Z", 0, "2026-11-24T08:00Z", id="no time at all while closed"),
]


@pytest.mark.parametrize(("zone", "clock", "at", "minutes", "due"), VECTORS)
def test_a_window_counts_only_the_minutes_the_store_is_open(
    zone: str, clock: tuple[int, int], at: str, minutes: int, due: str
):
    assert daily(zone, clock).add_open(instant(at), timedelta(minutes=minutes)) == instant(due)


def test_an_early_closing_and_a_holiday_are_stepped_over():
    christmas = {date(2026, 12, 24): [DayRule(480, 1080)], date(2026, 12, 25): []}
    hours = daily(LONDON, DAY, exceptions=christmas)
    assert hours.add_open(instant("2026-12-24T17:55Z"), timedelta(minutes=15)) == instant("2026-12-26T08:10Z")


def test_a_lunch_break_does_not_count():
    hours = daily(LONDON, (480, 720), (780, 1080))
    assert hours.add_open(instant("2026-11-23T11:50Z"), timedelta(minutes=20)) == instant("2026-11-23T13:10Z")


def test_the_order_in_which_openings_were_written_down_does_not_matter():
    hours = daily(LONDON, (780, 1080), (480, 720))
    assert hours.add_open(instant("2026-11-23T11:50Z"), timedelta(minutes=20)) == instant("2026-11-23T13:10Z")


def test_an_instant_given_in_local_time_is_reckoned_like_the_same_instant_in_utc():
    hours = daily(NEW_YORK, ROUND_THE_CLOCK)
    start, end = instant("2026-11-01T05:50Z"), instant("2026-11-01T07:50Z")
    local = [moment.astimezone(hours.zone) for moment in (start, end)]
    assert hours.open_between(*local) == timedelta(hours=2)
    assert hours.add_open(local[0], timedelta(hours=2)) == end


def test_a_store_that_never_opens_is_refused():
    with pytest.raises(NeverOpen):
        OpeningHours.of(LONDON, {}).add_open(instant("2026-11-23T09:00Z"), timedelta(minutes=5))


def test_doors_are_open_from_the_opening_minute_until_the_closing_minute():
    hours = daily(LONDON, DAY)
    clock = ["07:59", "08:00", "21:59", "22:00"]
    assert [hours.is_open(instant(f"2026-11-23T{c}Z")) for c in clock] == [False, True, True, False]


def test_a_hold_of_two_days_skips_the_closed_sunday():
    hours = OpeningHours.of(LONDON, {day: [DayRule(*DAY)] for day in range(6)})
    assert hours.closing_day(instant("2026-11-21T10:00Z"), 2) == instant("2026-11-24T22:00Z")


class SlowCount:
    """The same question answered by looking at every minute of some days, with nothing but local clocks to go by."""

    def __init__(self, hours: OpeningHours, at: datetime) -> None:
        start = at.replace(hour=0, minute=0) - timedelta(days=3)
        self.minutes = [start + timedelta(minutes=n) for n in range((HORIZON_DAYS + 4) * 1440)]
        self.clocks = [minute.astimezone(hours.zone).replace(tzinfo=None) for minute in self.minutes]
        self.open: set[datetime] = set()
        first = at.astimezone(hours.zone).date() - timedelta(days=1)
        for day in (first + timedelta(days=n) for n in range(HORIZON_DAYS + 1)):
            for rule in hours.exceptions.get(day, hours.weekly[day.weekday()]):
                self._open_doors(datetime.combine(day, datetime.min.time()), rule)

    def _open_doors(self, midnight: datetime, rule: DayRule) -> None:
        opens = midnight + timedelta(minutes=rule.opens_min)
        closes = midnight + timedelta(minutes=rule.last_min)
        first = next(n for n, clock in enumerate(self.clocks) if clock >= opens)
        last = max(n for n, clock in enumerate(self.clocks) if clock < closes)
        self.open.update(self.minutes[first : last + 1])

    def due(self, at: datetime, left: int) -> datetime | None:
        for minute in self.minutes:
            if minute >= at and minute in self.open:
                left -= 1
                if left == 0:
                    return minute + timedelta(minutes=1)
        return None


quarters = st.integers(0, 95).map(lambda n: n * 15)
rules = st.lists(st.builds(DayRule, quarters, quarters), max_size=2)
changes = [instant(f"{day}T00:00Z") for day in ("2026-03-07", "2026-03-28", "2026-04-04", "2026-10-24", "2026-10-31")]
moments = st.builds(lambda day, n: day + timedelta(minutes=n), st.sampled_from(changes), st.integers(0, 2 * 1440))
zones = st.sampled_from([NEW_YORK, LONDON, LORD_HOWE, "America/Phoenix", "Pacific/Apia", "Asia/Kathmandu"])


@given(zone=zones, weekly=st.lists(rules, min_size=7, max_size=7), at=moments, minutes=st.integers(1, 1200))
def test_any_window_in_any_week_ends_where_a_slow_count_of_open_minutes_ends(
    zone: str, weekly: list[list[DayRule]], at: datetime, minutes: int
):
    hours = OpeningHours.of(zone, dict(enumerate(weekly)), {at.date(): weekly[0]})
    due = SlowCount(hours, at).due(at, minutes)
    assume(due is not None and due < at + timedelta(days=HORIZON_DAYS - 2))
    assert due is not None
    assert hours.add_open(at, timedelta(minutes=minutes)) == due
    assert hours.open_between(at, due) == timedelta(minutes=minutes)
    assert at.tzinfo == UTC
