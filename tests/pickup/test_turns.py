"""The ladder's instants: what falls due when, in a task's window, and what is passed over."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.people.hours import DayRule, OpeningHours
from app.pickup import turns
from app.pickup.policy import Policy, Runs, Step, Target, TurnKind, WindowKind
from app.pickup.turns import Timed

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ALWAYS = OpeningHours.of("Europe/London", {day: [DayRule(0, 1440)] for day in range(7)})
EIGHT_TO_TEN = OpeningHours.of("Europe/London", {day: [DayRule(480, 1320)] for day in range(7)})
LEAD = Step(number=1, target=Target.LEAD, delay=10 * MINUTE)
REGION = Step(number=2, target=Target.REGION, delay=10 * MINUTE)
PLAIN = Policy(steps=(LEAD, REGION), hold_days=5, ack=5 * MINUTE)
FULL = replace(PLAIN, reminders=(0.8, 0.5), unseen=2 * MINUTE, repeats=2, repeat_every=4 * MINUTE)


def begun(policy: Policy, at: datetime, hours: OpeningHours = ALWAYS) -> Timed:
    return turns.begin(Timed(), WindowKind.ACK, policy, hours, at=at)


def whole_story(policy: Policy, start: datetime, late: timedelta = timedelta(0)) -> list[tuple[str, int, float]]:
    """Each turn taken `late` after it was due: its kind, its step, and after how many minutes it was due."""
    timed, told = begun(policy, start), []
    while timed.step_due_at is not None:
        turn, timed = turns.after(timed, policy, ALWAYS, at=timed.step_due_at + late)
        told.append((turn.kind.value, turn.step, (turn.at - start) / MINUTE))
    return told


def test_nobody_answers_and_each_level_is_told_when_the_one_below_had_its_time(nine: datetime):
    assert whole_story(PLAIN, nine) == [("climb", 1, 5), ("climb", 2, 15), ("exhaust", 0, 25)]


def test_reminders_come_before_and_repeats_after_the_ladder(nine: datetime):
    assert whole_story(FULL, nine) == [
        ("unseen", 0, 2), ("remind", 1, 2.5), ("remind", 2, 4), ("climb", 1, 5), ("climb", 2, 15),
        ("repeat", 3, 25), ("repeat", 4, 29), ("exhaust", 0, 33),
    ]  # fmt: skip


def test_seconds_of_lateness_never_add_up(nine: datetime):
    assert whole_story(FULL, nine, late=29 * SECOND) == whole_story(FULL, nine)


def test_who_was_away_for_long_gives_each_level_its_time_from_then_on(nine: datetime):
    _, timed = turns.after(begun(PLAIN, nine), PLAIN, ALWAYS, at=nine + 60 * MINUTE)

    assert (timed.step, timed.level, timed.step_due_at) == (1, 1, nine + 70 * MINUTE)


def test_a_reminder_overtaken_by_a_climb_is_not_said_any_more(nine: datetime):
    turn, timed = turns.after(begun(FULL, nine), FULL, ALWAYS, at=nine + 5 * MINUTE)

    assert (turn.kind, turn.at, timed.step) == (TurnKind.CLIMB, nine + 5 * MINUTE, 1)


def test_of_reminders_due_together_the_last_is_said(nine: datetime):
    turn, timed = turns.after(begun(FULL, nine), FULL, ALWAYS, at=nine + 4.5 * MINUTE)

    assert (turn.kind, turn.step, timed.step_due_at) == (TurnKind.REMIND, 2, nine + 5 * MINUTE)


def test_one_pass_takes_one_step_however_long_it_was_away(nine: datetime):
    _, timed = turns.after(begun(FULL, nine), FULL, ALWAYS, at=nine + 72 * HOUR)

    assert (timed.step, timed.step_due_at) == (1, nine + 72 * HOUR + 10 * MINUTE)


def test_steps_closer_than_the_tolerance_still_rise_in_time(nine: datetime):
    quick = replace(PLAIN, steps=(replace(LEAD, delay=5 * SECOND), REGION))
    late = nine + 5 * MINUTE + 20 * SECOND

    _, timed = turns.after(begun(quick, nine), quick, ALWAYS, at=late)

    assert timed.step_due_at == late + quick.min_gap


def test_the_window_runs_while_the_store_is_open_or_by_the_wall_clock(nine: datetime):
    evening = nine.replace(hour=21, minute=58)

    assert begun(PLAIN, evening, EIGHT_TO_TEN).step_due_at == (evening + timedelta(days=1)).replace(hour=8, minute=3)
    assert begun(replace(PLAIN, clock=Runs.WALL), evening, EIGHT_TO_TEN).step_due_at == evening + 5 * MINUTE


def test_every_instant_can_be_reckoned_again_from_what_is_kept_with_it(nine: datetime):
    timed = begun(FULL, nine.replace(hour=21, minute=57, microsecond=123), EIGHT_TO_TEN)
    while timed.step_due_at is not None:
        assert timed.plan_basis is not None
        assert timed.open_left_us is not None
        assert EIGHT_TO_TEN.add_open(timed.plan_basis, timed.open_left_us * turns.MICROSECOND) == timed.step_due_at
        _, timed = turns.after(timed, FULL, EIGHT_TO_TEN, at=timed.step_due_at + 3 * SECOND)


def test_a_window_without_a_length_does_not_run_and_the_promise_is_watched_all_the_same(nine: datetime):
    promised = turns.promise(begun(PLAIN, nine), nine + HOUR)

    timed = turns.begin(promised, WindowKind.PICK, PLAIN, ALWAYS, at=nine)

    assert (timed.window_kind, turns.next_of(timed)) == (None, (nine + HOUR, TurnKind.LATE))


@pytest.mark.parametrize(("minutes", "first"), [(4, TurnKind.LATE), (5, TurnKind.CLIMB), (6, TurnKind.CLIMB)])
def test_the_one_timer_is_whichever_comes_first(nine: datetime, minutes: int, first: TurnKind):
    timed = turns.promise(begun(PLAIN, nine), nine + minutes * MINUTE)

    assert turns.next_of(timed) == (nine + min(minutes, 5) * MINUTE, first)
    assert turns.next_of(turns.promise(turns.end_window(timed), None)) is None


def test_other_hours_leave_as_much_open_time_as_was_left(nine: datetime):
    evening = nine.replace(hour=21, minute=58)
    tomorrow = evening + timedelta(days=1)
    from_seven = OpeningHours.of("Europe/London", {day: [DayRule(420, 1320)] for day in range(7)})

    night = turns.replan(begun(PLAIN, evening, EIGHT_TO_TEN), PLAIN, EIGHT_TO_TEN, from_seven, at=evening + HOUR)

    assert night.step_due_at == night.window_due_at == tomorrow.replace(hour=7, minute=3)


def test_what_was_due_when_the_hours_changed_stays_due(nine: datetime):
    timed = begun(PLAIN, nine)

    assert turns.replan(timed, PLAIN, ALWAYS, EIGHT_TO_TEN, at=nine + 5 * MINUTE) == timed


def test_a_picker_who_does_not_begin_is_told_apart_from_one_who_does_not_finish(nine: datetime):
    slow = replace(PLAIN, pick=30 * MINUTE, ack_expires=20 * MINUTE, pick_expires=60 * MINUTE)

    kinds = [(turn.kind, turn.after / MINUTE) for turn in slow.turns(WindowKind.PICK)]

    assert kinds == [("ack expire", 20), ("climb", 30), ("climb", 40), ("exhaust", 50), ("pick expire", 60)]
