"""Counting: blind, by one person at a time, and what it proves is put right everywhere."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from app.oms import books, correction, inventory
from app.oms.balance import Balance
from app.oms.inventory import Cause, Change, Movement, Reason
from app.oms.item import Item, Place
from app.people.associate import Associate
from app.people.store import Store
from app.pickup import count as counts
from app.pickup import count_cause, count_posting, count_scan, exception_case, short_picks
from app.pickup.count import CountCause, CountOver, CountStatus, CountTaken, NotTheSamePerson, StockCount
from app.pickup.task_status import TaskStatus
from tests.notices.counter import Counter
from tests.oms.shop import bread, two_milk
from tests.pickup.sending import order_sent, pack, task_at

MINUTE = timedelta(minutes=1)


@pytest.fixture
def jonas(session: Session, counter: Counter) -> int:
    person = Associate(name="Jonas Tan", pin_hash="-")
    session.add(person)
    session.flush()
    return person.id


def started(session: Session, counter: Counter, at: datetime) -> StockCount:
    return counts.open_for(session, store_id=counter.shop.node_id, item_id=counter.shop.milk,
                           cause=CountCause.STARTED, actor=f"associate/{counter.maya}", at=at)  # fmt: skip


def count_out(session: Session, count: StockCount, quantity: int, *, by: int, at: datetime) -> None:
    if quantity:
        count_scan.scan(session, count, quantity, associate_id=by, typed=True, at=at)
    count_posting.finish(session, count, associate_id=by, at=at)


def milk(session: Session, counter: Counter) -> Balance:
    found = inventory.balance_of(session, item_id=counter.shop.milk, node_id=counter.shop.node_id)
    assert found is not None
    return found


def sell(session: Session, counter: Counter, quantity: int, *, at: datetime) -> None:
    sold = Cause(reason=Reason.SALE, document="till/1", actor="till", occurred_at=at, recorded_at=at)
    inventory.record(session, [counter.shop.stock(counter.shop.milk, -quantity)], sold)


def test_what_was_counted_is_in_the_books_with_its_reason(session: Session, nine: datetime, counter: Counter):
    count = started(session, counter, nine)

    count_out(session, count, 97, by=counter.maya, at=nine + MINUTE)

    assert (count.status, count.counted, count.wrong_by) == (CountStatus.POSTED, 97, -3)
    newest = session.exec(select(Movement).where(Movement.item_id == counter.shop.milk)).all()[-1]
    assert (newest.reason, newest.on_hand, newest.document) == (Reason.COUNT, -3, f"count/{count.id}")
    assert list(books.unexplained_balances(session)) == []


def test_what_is_sold_between_the_last_scan_and_the_end_is_not_counted_away(
    session: Session, nine: datetime, counter: Counter
):
    count = started(session, counter, nine)
    count_scan.scan(session, count, 98, associate_id=counter.maya, typed=True, at=nine + MINUTE)

    sell(session, counter, 4, at=nine + 2 * MINUTE)
    count_posting.finish(session, count, associate_id=counter.maya, at=nine + 3 * MINUTE)

    assert (count.wrong_by, milk(session, counter).on_hand) == (-2, 94)


def test_what_stands_in_bags_is_not_missing_from_the_shelf(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), at=nine)
    counter.stage(session, order, at=nine)
    count = started(session, counter, nine)
    count_scan.scan(session, count, 98, associate_id=counter.maya, typed=True, at=nine + MINUTE)

    counter.hand_over(session, order, at=nine + 2 * MINUTE)
    count_posting.finish(session, count, associate_id=counter.maya, at=nine + 3 * MINUTE)

    assert (count.wrong_by, milk(session, counter).on_hand) == (0, 98)


def test_what_is_packed_is_not_missing_from_the_shelf(session: Session, nine: datetime, counter: Counter):
    order = order_sent(session, (counter.shop.node_id, {counter.shop.milk: 2}), at=nine)
    pack(session, task_at(session, order, counter.shop.node_id), counter.maya, at=nine)
    count = started(session, counter, nine)

    count_out(session, count, 98, by=counter.maya, at=nine + MINUTE)

    assert (count.wrong_by, milk(session, counter).on_hand) == (0, 100)


def test_a_bag_that_waits_for_the_rest_of_its_delivery_is_not_missing_from_the_shelf(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, two_milk(), at=nine)
    task = counter.pick(session, order, at=nine)
    task.status = TaskStatus.IN_TRANSIT  # one box of two has come
    count = started(session, counter, nine)

    count_out(session, count, 98, by=counter.maya, at=nine + MINUTE)

    assert count.wrong_by == 0


def test_a_bag_that_waits_to_be_put_back_is_not_missing_from_the_shelf(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, two_milk(), at=nine)
    counter.pick(session, order, at=nine)
    counter.cancel(session, order, at=nine)
    count = started(session, counter, nine)

    count_out(session, count, 98, by=counter.maya, at=nine + MINUTE)

    assert count.wrong_by == 0


def test_damaged_units_put_aside_are_not_missing_either(session: Session, nine: datetime, counter: Counter):
    aside = Change(item_id=counter.shop.milk, node_id=counter.shop.node_id, unavailable=3)
    inventory.record(session, [aside], counter.shop.cause(Reason.DAMAGE))
    count = started(session, counter, nine)

    count_out(session, count, 97, by=counter.maya, at=nine + MINUTE)

    assert count.wrong_by == 0


def test_a_large_difference_is_counted_again_by_somebody_else_and_that_count_stands(
    session: Session, nine: datetime, counter: Counter, jonas: int
):
    count = started(session, counter, nine)
    count_out(session, count, 80, by=counter.maya, at=nine + MINUTE)
    assert (count.status, milk(session, counter).on_hand) == (CountStatus.RECOUNT, 100)

    with pytest.raises(NotTheSamePerson):
        count_scan.scan(session, count, 1, associate_id=counter.maya, typed=False, at=nine + 2 * MINUTE)
    count_out(session, count, 90, by=jonas, at=nine + 3 * MINUTE)

    assert (count.status, count.counted, milk(session, counter).on_hand) == (CountStatus.POSTED, 90, 90)


def test_a_small_number_of_something_dear_is_counted_again_too(session: Session, nine: datetime, counter: Counter):
    session.get_one(Item, counter.shop.milk).price_minor = 5_000
    count = started(session, counter, nine)

    count_out(session, count, 98, by=counter.maya, at=nine + MINUTE)

    assert count.status == CountStatus.RECOUNT


def test_the_schema_refuses_a_recount_by_the_same_person(session: Session, nine: datetime, counter: Counter):
    count = started(session, counter, nine)
    count_out(session, count, 80, by=counter.maya, at=nine + MINUTE)
    session.flush()

    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.update(StockCount).values(counter_id=counter.maya))


def test_two_people_do_not_count_one_shelf_at_once(session: Session, nine: datetime, counter: Counter, jonas: int):
    count = started(session, counter, nine)
    count_scan.scan(session, count, 1, associate_id=counter.maya, typed=False, at=nine)

    with pytest.raises(CountTaken, match=r"Maya R\. is counting this"):
        count_scan.scan(session, count, 1, associate_id=jonas, typed=False, at=nine)

    count_scan.begin_again(session, count, associate_id=jonas, at=nine + MINUTE)
    count_scan.scan(session, count, 100, associate_id=jonas, typed=True, at=nine + MINUTE)
    assert [each.associate_id for each in count_scan.scans(session, count)] == [jonas]


def test_a_scan_too_many_is_taken_back(session: Session, nine: datetime, counter: Counter):
    count = started(session, counter, nine)
    for _ in range(2):
        count_scan.scan(session, count, 50, associate_id=counter.maya, typed=True, at=nine)

    count_scan.take_back(session, count, associate_id=counter.maya, at=nine)

    assert [each.quantity for each in count_scan.scans(session, count)] == [50]


def test_a_count_is_over_once(session: Session, nine: datetime, counter: Counter):
    count = started(session, counter, nine)
    count_out(session, count, 100, by=counter.maya, at=nine)

    with pytest.raises(CountOver):
        count_posting.finish(session, count, associate_id=counter.maya, at=nine + MINUTE)


def test_an_item_has_one_living_count(session: Session, nine: datetime, counter: Counter):
    first = started(session, counter, nine)
    assert started(session, counter, nine + MINUTE).id == first.id

    count_out(session, first, 100, by=counter.maya, at=nine + MINUTE)

    assert started(session, counter, nine + 2 * MINUTE).id != first.id


def test_a_unit_nobody_finds_asks_for_a_count_that_frees_or_writes_off(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    counter.miss(session, order, 0, at=nine)
    (count,) = counts.living(session, counter.shop.node_id)
    assert (count.cause, count.item_id) == (CountCause.SHORT_PICK, counter.shop.milk)

    count_out(session, count, 0, by=counter.maya, at=nine + MINUTE)
    assert count.status == CountStatus.RECOUNT
    assert milk(session, counter).suppressed == 2


def test_a_count_that_proves_the_units_gives_them_to_the_order_that_missed_them(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    counter.miss(session, order, 0, at=nine)
    (count,) = counts.living(session, counter.shop.node_id)

    count_out(session, count, 100, by=counter.maya, at=nine + MINUTE)

    assert order.lines[0].reserved == 2
    assert exception_case.living(session, order.pickup_store_id) == []
    kept = milk(session, counter)
    assert (kept.on_hand, kept.reserved, kept.suppressed) == (100, 2, 0)
    assert list(books.unexplained_claims(session)) == []


def test_a_count_that_finds_too_few_leaves_the_customers_problem_open(
    session: Session, nine: datetime, counter: Counter
):
    sell(session, counter, 96, at=nine - MINUTE)
    order = counter.place(session, two_milk(), at=nine)
    counter.miss(session, order, 0, at=nine)
    (count,) = counts.living(session, counter.shop.node_id)

    count_out(session, count, 1, by=counter.maya, at=nine + MINUTE)

    assert (milk(session, counter).on_hand, milk(session, counter).suppressed) == (1, 0)
    assert (counter.task(session, order).status, order.lines[0].short) == (TaskStatus.UNFULFILLABLE, 2)
    assert len(exception_case.living(session, order.pickup_store_id)) == 1


def test_found_before_anybody_counted_needs_no_count(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    counter.miss(session, order, 0, at=nine)

    short_picks.take_short_back(session, counter.task(session, order), associate_id=counter.maya, at=nine + MINUTE)

    assert counts.living(session, counter.shop.node_id) == []


def test_less_than_nothing_on_a_shelf_asks_for_a_count_once(session: Session, nine: datetime, counter: Counter):
    sell(session, counter, 101, at=nine)
    sell(session, counter, 1, at=nine)

    assert count_cause.open_impossible(session, at=nine) == 0

    (count,) = counts.living(session, counter.shop.node_id)
    assert count.cause == CountCause.NEGATIVE
    count_out(session, count, 3, by=counter.maya, at=nine + MINUTE)
    assert milk(session, counter).on_hand == 3


def test_the_days_plan_is_opened_once_with_what_was_longest_uncounted(
    session: Session, nine: datetime, counter: Counter
):
    store = session.get_one(Store, counter.shop.node_id)
    for item_id in (counter.shop.milk, counter.shop.bread):
        session.add(Place(node_id=store.id, item_id=item_id, aisle="A", bin="A1"))
    count_out(session, started(session, counter, nine), 100, by=counter.maya, at=nine)
    assert count_cause.open_plan(session, at=nine) == 0

    store.daily_counts = 1
    tomorrow = nine + timedelta(days=1)
    assert [count_cause.open_plan(session, at=tomorrow) for _ in range(2)] == [1, 0]

    (count,) = counts.living(session, store.id)
    assert (count.cause, count.item_id) == (CountCause.PLAN, counter.shop.bread)


@pytest.mark.parametrize(("said", "asked"), [(91, [CountCause.DISCREPANCY]), (95, [])])
def test_another_systems_different_word_asks_for_a_count_when_it_is_far_off(
    session: Session, nine: datetime, counter: Counter, said: int, asked: list[CountCause]
):
    key, at = (counter.shop.milk, counter.shop.node_id), nine + MINUTE
    told = Cause(reason=Reason.CORRECTION, document="message/1", actor="erp", occurred_at=at, recorded_at=at)
    reckoning = correction.open_reckoning(session, [], [(key, at)])

    reckoning.correct_to(key, said, at, told)
    reckoning.save()

    assert [count.cause for count in counts.living(session, counter.shop.node_id)] == asked
    assert milk(session, counter).on_hand == said


def test_the_first_word_on_something_new_asks_nobody(session: Session, nine: datetime, counter: Counter):
    item = Item(sku="JAM", name="Jam")
    session.add(item)
    session.flush()
    key, at = (item.id, counter.shop.node_id), nine + MINUTE
    told = Cause(reason=Reason.CORRECTION, document="message/1", actor="erp", occurred_at=at, recorded_at=at)
    reckoning = correction.open_reckoning(session, [], [(key, at)])

    reckoning.correct_to(key, 60, at, told)
    reckoning.save()

    assert counts.living(session, counter.shop.node_id) == []
