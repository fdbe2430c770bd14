"""Orders in danger: a problem each while their shelf owes more than it has, and none for what is in a bag."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.oms import books, inventory, shortfall
from app.oms.inventory import Cause, Reason
from app.oms.shortfall import Shortfall
from app.pickup import card, count_cause, count_posting, count_scan, exception_case, oversold, picking
from app.pickup import count as counts
from app.pickup.count import CountCause
from app.pickup.exception_case import CaseChanged, CaseEnded, CaseKind, CaseOpened, CaseStatus, ExceptionCase
from tests.notices.counter import Counter
from tests.oms.shop import bread, two_milk

MINUTE = timedelta(minutes=1)


def sell(session: Session, counter: Counter, quantity: int, *, at: datetime, item_id: int | None = None) -> None:
    sold = Cause(reason=Reason.SALE, document="till/1", actor="till", occurred_at=at, recorded_at=at)
    inventory.record(session, [counter.shop.stock(item_id or counter.shop.milk, -quantity)], sold)


def in_danger(session: Session, counter: Counter) -> list[tuple[int | None, int]]:
    living = exception_case.living(session, counter.shop.node_id)
    return [(case.order_id, case.quantity) for case in living if case.kind == CaseKind.OVERSOLD]


def owing(session: Session) -> Shortfall:
    return session.exec(select(Shortfall)).one()


def test_a_sale_of_promised_units_opens_a_problem_and_a_count_in_the_same_breath(
    session: Session, nine: datetime, counter: Counter
):
    first = counter.place(session, two_milk(), at=nine)
    second = counter.place(session, two_milk(), at=nine + MINUTE, external_id="A-2")

    sell(session, counter, 97, at=nine + 2 * MINUTE)

    assert in_danger(session, counter) == [(second.id, 1)]
    (count,) = counts.living(session, counter.shop.node_id)
    assert (count.cause, count.item_id) == (CountCause.SHORTFALL, counter.shop.milk)
    sell(session, counter, 2, at=nine + 3 * MINUTE)
    assert sorted(in_danger(session, counter)) == [(first.id, 1), (second.id, 2)]
    assert len(counts.living(session, counter.shop.node_id)) == 1


def test_a_late_delivery_ends_what_it_makes_good_and_the_count_nobody_began(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, two_milk(), at=nine)
    sell(session, counter, 100, at=nine)
    assert in_danger(session, counter) == [(order.id, 2)]

    came = Cause(reason=Reason.RECEIPT, document="receipt/1", actor="erp", occurred_at=nine, recorded_at=nine + MINUTE)
    inventory.record(session, [counter.shop.stock(counter.shop.milk, 1)], came)
    assert in_danger(session, counter) == [(order.id, 1)]
    inventory.record(session, [counter.shop.stock(counter.shop.milk, 1)], came)

    assert in_danger(session, counter) == []
    (case,) = session.exec(select(ExceptionCase)).all()
    assert (case.status, case.reason) == (CaseStatus.RESOLVED, "its cause is gone")
    assert counts.living(session, counter.shop.node_id) == []


def test_what_goes_into_the_bag_is_there(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    sell(session, counter, 100, at=nine)
    task = counter.task(session, order)

    picking.pick(session, task, task.lines[0], associate_id=counter.maya, typed=False, at=nine)
    assert in_danger(session, counter) == [(order.id, 1)]
    picking.pick(session, task, task.lines[0], associate_id=counter.maya, typed=False, at=nine)

    assert in_danger(session, counter) == []


def test_a_bag_that_was_filled_endangers_somebody_else_at_the_next_look(
    session: Session, nine: datetime, counter: Counter
):
    first = counter.place(session, two_milk(), at=nine)
    second = counter.place(session, two_milk(), at=nine + MINUTE, external_id="A-2")
    sell(session, counter, 98, at=nine + MINUTE)
    counter.pick(session, second, at=nine + MINUTE)
    assert in_danger(session, counter) == []

    oversold.look_again(session, owing(session), at=nine + 2 * MINUTE)

    assert in_danger(session, counter) == [(first.id, 2)]


def test_what_nobody_can_find_is_a_problem_once(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    sell(session, counter, 99, at=nine)

    counter.miss(session, order, 0, at=nine + MINUTE)

    living = exception_case.living(session, counter.shop.node_id)
    assert [case.kind for case in living] == [CaseKind.SHORT_PICK]


def test_a_cancelled_order_makes_room(session: Session, nine: datetime, counter: Counter):
    counter.place(session, two_milk(), at=nine)
    newest = counter.place(session, two_milk(), at=nine + MINUTE, external_id="A-2")
    sell(session, counter, 98, at=nine + MINUTE)

    counter.cancel(session, newest, at=nine + 2 * MINUTE)

    assert in_danger(session, counter) == []
    assert session.exec(select(Shortfall)).all() == []


def test_whom_somebody_answered_for_is_not_asked_about_again(session: Session, nine: datetime, counter: Counter):
    counter.place(session, two_milk(), at=nine)
    sell(session, counter, 100, at=nine)
    (case,) = exception_case.living(session, counter.shop.node_id)
    case.end(CaseStatus.DISMISSED, actor="associate/1", at=nine + MINUTE, reason="They stand beside me.")
    session.flush()

    oversold.look_again(session, owing(session), at=nine + 2 * MINUTE)

    assert in_danger(session, counter) == []


def test_what_was_counted_since_is_not_counted_again(session: Session, nine: datetime, counter: Counter):
    counter.place(session, two_milk(), at=nine)
    sell(session, counter, 100, at=nine)
    (count,) = counts.living(session, counter.shop.node_id)
    count.drop(reason="seen", actor="associate/1", at=nine + MINUTE)
    session.flush()

    assert count_cause.open_impossible(session, at=nine + 2 * MINUTE) == 0


def test_a_count_that_finds_too_few_is_believed(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), at=nine)
    sell(session, counter, 96, at=nine)
    count = counts.open_for(session, store_id=counter.shop.node_id, item_id=counter.shop.milk, cause=CountCause.PLAN,
                            actor="system", at=nine)  # fmt: skip
    count_scan.scan(session, count, 1, associate_id=counter.maya, typed=True, at=nine + MINUTE)

    count_posting.finish(session, count, associate_id=counter.maya, at=nine + 2 * MINUTE)

    session.flush()
    assert in_danger(session, counter) == [(order.id, 1)]
    assert counts.living(session, counter.shop.node_id) == []
    assert count_cause.open_impossible(session, at=nine + 3 * MINUTE) == 0


def test_what_fell_short_while_a_count_was_ended_is_counted_again(session: Session, nine: datetime, counter: Counter):
    count = counts.open_for(session, store_id=counter.shop.node_id, item_id=counter.shop.milk, cause=CountCause.PLAN,
                            actor="system", at=nine - MINUTE)  # fmt: skip
    sell(session, counter, 101, at=nine)
    count.drop(reason="seen before", actor="associate/1", at=nine - MINUTE)
    session.flush()

    assert [count_cause.open_impossible(session, at=nine) for _ in range(2)] == [1, 0]


def test_the_card_and_the_log_say_how_much_may_be_gone(session: Session, nine: datetime, counter: Counter, recorded):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    sell(session, counter, 99, at=nine)
    sell(session, counter, 1, at=nine)
    sell(session, counter, 100, at=nine, item_id=counter.shop.bread)

    drawn = card.of_task(session, counter.task(session, order).id, at=nine)

    assert drawn is not None
    assert (drawn.at_risk, drawn.problem_id) == (3, None)
    assert [len(recorded(kind)) for kind in (CaseOpened, CaseChanged, CaseEnded)] == [2, 1, 0]
    assert list(shortfall.untrue(session)) == list(books.unexplained_claims(session)) == []


def test_a_fault_of_the_books_does_not_hold_the_till_up(session: Session, nine: datetime, counter: Counter):
    for number in range(oversold.MOST_AT_ONCE // 2 + 3):
        counter.place(session, bread(1), two_milk(), at=nine, external_id=f"A-{number}")
        counter.place(session, bread(1), at=nine, external_id=f"B-{number}")

    sell(session, counter, 100, at=nine, item_id=counter.shop.bread)
    assert len(in_danger(session, counter)) == oversold.MOST_AT_ONCE
    oversold.look_again(session, owing(session), at=nine)

    about = select(ExceptionCase.line_id).where(col(ExceptionCase.ended_at).is_(None))
    assert len(set(session.exec(about))) == oversold.MOST_AT_ONCE + 6
