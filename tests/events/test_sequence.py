"""Numbers that never came: what is reported missing is what is missing, in whatever order the others arrive."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from app import rows
from app.events import sequence
from app.events.sequence import SourceGap

TILL = "/tills/014"


def hear(session: Session, *numbers: int, at: datetime) -> None:
    cursor = sequence.lock(session, [TILL], owner="till")[TILL]
    for write in list(sequence.hear(session, cursor, numbers, at=at)):
        assert rows.write(session, write) == (1,)
    session.flush()


def missing(session: Session) -> set[int]:
    return {number for gap in sequence.open_gaps(session, TILL) for number in range(gap.first, gap.last + 1)}


def test_a_number_that_is_skipped_is_missed_from_then_on(session: Session, nine: datetime):
    hear(session, 1, 2, at=nine)
    hear(session, 5, at=nine + timedelta(minutes=1))
    hear(session, 6, at=nine + timedelta(minutes=2))

    assert missing(session) == {3, 4}
    assert sequence.oldest_gap(session) == nine + timedelta(minutes=1)


def test_a_gap_is_closed_when_its_last_number_was_heard(session: Session, nine: datetime):
    hear(session, 1, 5, at=nine)
    later = nine + timedelta(minutes=3)

    hear(session, 3, at=later)
    assert missing(session) == {2, 4}
    assert sequence.oldest_gap(session) == nine
    hear(session, 2, 4, at=later)

    assert missing(session) == set()
    assert sequence.oldest_gap(session) is None
    assert set(session.exec(select(SourceGap.closed_at))) == {later}


def test_where_a_source_began_is_not_known_so_what_came_before_is_no_gap(session: Session, nine: datetime):
    hear(session, 48_223_112, at=nine)
    assert missing(session) == set()

    hear(session, 48_223_110, at=nine)
    assert missing(session) == {48_223_111}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=st.lists(st.lists(st.integers(0, 25), min_size=1, max_size=6), min_size=1, max_size=8))
def test_what_is_reported_missing_is_what_is_missing_after_each_delivery(
    session: Session, nine: datetime, deliveries: list[list[int]]
):
    heard: set[int] = set()
    with session.begin_nested() as example:
        for minute, delivery in enumerate(deliveries):
            hear(session, *(number for number in delivery if number not in heard), at=nine + timedelta(minutes=minute))
            heard |= set(delivery)
            closed = session.exec(select(SourceGap.first, SourceGap.last).where(SourceGap.closed_at.is_not(None))).all()  # type: ignore[union-attr]

            assert missing(session) == set(range(min(heard), max(heard) + 1)) - heard
            assert all(set(range(first, last + 1)) <= heard for first, last in closed), "a closed gap never reopens"
        example.rollback()


@pytest.mark.parametrize("number", [2**53 + 1, 10**18 - 1])
def test_numbers_larger_than_a_browser_can_count_are_told_apart(session: Session, nine: datetime, number: int):
    hear(session, number - 2, number, at=nine)
    assert missing(session) == {number - 1}
