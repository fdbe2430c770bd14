from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from app.oms import books, inventory
from app.oms.item import Item
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.pickup import exception_case, handover, picking, pickup_link, put_back, short_picks, staging, tally, undo
from app.pickup.handover import CodeBlocked, HandoverMethod, NotOnTheShelf, NotPaid, ReasonMissing
from app.pickup.picking import AllPicked, NotInThisOrder
from app.pickup.staging import LocationKind, NotAShelfHere, StagingLocation, WrongShelf
from app.pickup.task import MovedOn
from app.pickup.task_status import TaskStatus
from app.pickup.undo import Act
from tests.notices.counter import Counter
from tests.oms.shop import bread, two_milk

MINUTE = timedelta(minutes=1)
KEYS = ("k" * 32,)


def test_a_day_of_one_order_from_request_to_collection(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), bread(1), at=nine)

    task = counter.stage(session, order, at=nine + 9 * MINUTE)
    handover.arrive(task, spot="Bay 2", actor="customer", at=nine + 20 * MINUTE)
    counter.hand_over(session, order, at=nine + 24 * MINUTE)

    assert (task.status, order.status) == (TaskStatus.COLLECTED, OrderStatus.COLLECTED)
    milk = inventory.balance_of(session, item_id=counter.shop.milk, node_id=counter.shop.node_id)
    assert milk is not None
    assert (milk.on_hand, milk.reserved) == (98, 0)
    assert list(books.unexplained_claims(session)) == []


def test_a_line_takes_no_more_units_than_were_ordered(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    task = counter.task(session, order)
    line = task.lines[0]
    for _ in range(2):
        picking.pick(session, task, line, associate_id=counter.maya, typed=False, at=nine)

    with pytest.raises(AllPicked, match=r"Maya R\. picked the last one"):
        picking.pick(session, task, line, associate_id=counter.maya, typed=False, at=nine)


def test_the_wrong_item_is_named_and_so_is_the_right_one(session: Session, nine: datetime, counter: Counter):
    task = counter.task(session, counter.place(session, two_milk(), at=nine))

    with pytest.raises(NotInThisOrder, match=r"That's Bread\. You need Milk\."):
        picking.line_for(task, session.exec(select(Item).where(Item.sku == "BREAD")).one())


def test_units_nobody_finds_open_one_problem_and_are_not_for_sale(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), bread(1), at=nine)

    counter.miss(session, order, 0, at=nine)

    milk = inventory.balance_of(session, item_id=counter.shop.milk, node_id=counter.shop.node_id)
    assert milk is not None
    assert (milk.on_hand, milk.reserved, milk.suppressed, milk.free) == (100, 0, 2, 98)
    (case,) = exception_case.living(session, order.pickup_store_id)
    assert (case.kind, case.quantity, case.detail) == ("short pick", 2, "not found")


def test_found_after_all_ends_the_problem_and_gives_the_very_units_back(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    counter.miss(session, order, 0, at=nine)

    short_picks.take_short_back(session, counter.task(session, order), associate_id=counter.maya, at=nine + MINUTE)

    assert exception_case.living(session, order.pickup_store_id) == []
    assert order.lines[0].reserved == 2
    assert list(books.unexplained_claims(session)) == []


def test_an_order_of_which_nothing_is_found_is_unfulfillable(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, two_milk(), at=nine)

    counter.miss(session, order, 0, at=nine)

    assert counter.task(session, order).status == TaskStatus.UNFULFILLABLE
    assert order.status == OrderStatus.UNFULFILLABLE


def test_only_a_shelf_of_this_store_makes_an_order_ready(session: Session, nine: datetime, counter: Counter):
    counter.pick(session, counter.place(session, at=nine), at=nine)

    with pytest.raises(NotAShelfHere):
        staging.location_for(session, counter.shop.node_id, "LOC-X-99")


def test_an_unfinished_pick_cannot_be_staged(session: Session, nine: datetime, counter: Counter):
    task = counter.task(session, counter.place(session, two_milk(), at=nine))
    shelf = staging.location_for(session, task.store_id, "S-01")

    with pytest.raises(MovedOn, match="2 items are still to be picked"):
        staging.stage(session, task, shelf, associate_id=counter.maya, typed=False, at=nine)


def test_cold_goods_go_on_a_cold_shelf_and_a_full_shelf_takes_no_more(
    session: Session, nine: datetime, counter: Counter
):
    session.get_one(Item, counter.shop.milk).is_cold = True
    cold = StagingLocation(store_id=counter.shop.node_id, code="F-01", kind=LocationKind.COLD, capacity=1)
    session.add(cold)
    first = counter.pick(session, counter.place(session, two_milk(), at=nine, external_id="1"), at=nine)
    second = counter.pick(session, counter.place(session, two_milk(), at=nine, external_id="2"), at=nine)
    warm = staging.location_for(session, first.store_id, "S-01")

    with pytest.raises(WrongShelf, match="isn't cold"):
        staging.stage(session, first, warm, associate_id=counter.maya, typed=False, at=nine)
    staging.stage(session, first, cold, associate_id=counter.maya, typed=False, at=nine)
    with pytest.raises(WrongShelf, match="full"):
        staging.stage(session, second, cold, associate_id=counter.maya, typed=False, at=nine)


def test_who_comes_again_reads_that_it_was_collected(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    task = counter.stage(session, order, at=nine)
    counter.hand_over(session, order, at=nine)

    with pytest.raises(NotOnTheShelf, match="already collected"):
        handover.arrive(task, spot="Desk", actor="customer", at=nine)


def test_only_what_is_on_the_shelf_is_handed_over(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    counter.pick(session, order, at=nine)

    with pytest.raises(NotOnTheShelf):
        counter.hand_over(session, order, at=nine)


def test_an_order_whose_payment_fell_through_is_not_handed_over(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    counter.stage(session, order, at=nine)
    order.payment_state = PaymentState.FAILED

    with pytest.raises(NotPaid):
        counter.hand_over(session, order, at=nine)


def test_a_code_is_right_however_it_is_said_and_five_wrong_ones_call_the_lead(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, at=nine)
    task = counter.stage(session, order, at=nine)
    code = pickup_link.code(pickup_link.link_for(session, order.id), order.number, KEYS[0])

    assert handover.is_right_code(session, task, f"PU-{code}", KEYS)
    assert handover.is_right_code(session, task, code.lower().replace("-", " "), KEYS)
    assert not any(handover.is_right_code(session, task, "1000-AAAA", KEYS) for _ in range(5))
    with pytest.raises(CodeBlocked):
        handover.is_right_code(session, task, code, KEYS)


def test_a_lead_hands_over_without_a_code_only_with_a_reason(session: Session, nine: datetime, counter: Counter):
    task = counter.stage(session, counter.place(session, at=nine), at=nine)

    with pytest.raises(ReasonMissing):
        handover.hand_over(session, task, method=HandoverMethod.LEAD, associate_id=counter.maya, at=nine, reason=" ")


def test_a_hand_off_is_taken_back_within_ten_minutes_and_not_later(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    task = counter.stage(session, order, at=nine)
    counter.hand_over(session, order, at=nine)
    counter.take_handover_back(session, order, at=nine + 10 * MINUTE)

    assert task.status == TaskStatus.STAGED
    assert task.location_id is not None
    counter.hand_over(session, order, at=nine + 11 * MINUTE)
    with pytest.raises(MovedOn):
        counter.take_handover_back(session, order, at=nine + 22 * MINUTE)


def test_a_cancelled_bag_keeps_its_claim_until_each_unit_is_put_back(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, two_milk(), at=nine)
    task = counter.stage(session, order, at=nine)
    counter.cancel(session, order, at=nine + MINUTE)
    milk = inventory.balance_of(session, item_id=counter.shop.milk, node_id=counter.shop.node_id)
    assert milk is not None

    assert (task.status, milk.reserved) == (TaskStatus.CANCELLED, 2)
    for _ in range(2):
        put_back.put_back(session, task, task.lines[0], associate_id=counter.maya, at=nine + 2 * MINUTE)

    session.refresh(milk)
    assert (task.status, milk.reserved, milk.free) == (TaskStatus.PUT_BACK, 0, 100)
    with pytest.raises(MovedOn):
        put_back.put_back(session, task, task.lines[0], associate_id=counter.maya, at=nine + 2 * MINUTE)


def test_the_undo_slot_takes_back_the_last_act_and_refuses_when_the_task_moved_on(
    session: Session, nine: datetime, counter: Counter
):
    order = counter.place(session, at=nine)
    task = counter.stage(session, order, at=nine)
    undo.remember(session, [task], Act.STAGING, "1001 staged on S-01", associate_id=counter.maya, at=nine)
    handover.arrive(task, spot="", actor="customer", at=nine)

    with pytest.raises(MovedOn, match="moved on"):
        undo.undo(session, _newest(session, counter), associate_id=counter.maya, at=nine)
    handover.take_arrival_back(task, actor="customer", at=nine)
    undo.remember(session, [task], Act.STAGING, "1001 staged on S-01", associate_id=counter.maya, at=nine)

    undo.undo(session, _newest(session, counter), associate_id=counter.maya, at=nine)
    assert task.status == TaskStatus.PICKED
    with pytest.raises(MovedOn, match="taken back already"):
        undo.undo(session, _newest(session, counter), associate_id=counter.maya, at=nine)


def test_the_last_twenty_deeds_are_remembered(session: Session, nine: datetime, counter: Counter):
    task = counter.task(session, counter.place(session, at=nine))
    for number in range(25):
        undo.remember(session, [task], Act.PICK, f"deed {number}", associate_id=counter.maya, at=nine)

    kept = undo.last(session, task.store_id, associate_id=counter.maya, most=100)

    assert [deed.words for deed in kept] == [f"deed {number}" for number in range(24, 4, -1)]


def _newest(session: Session, counter: Counter) -> undo.Deed:
    return undo.last(session, counter.shop.node_id, associate_id=counter.maya, most=1)[0]


def test_the_boards_numbers_follow_every_step(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    numbers = [_numbers(session, order.pickup_store_id)]
    counter.pick(session, order, at=nine)
    numbers.append(_numbers(session, order.pickup_store_id))
    counter.stage(session, order, at=nine)
    numbers.append(_numbers(session, order.pickup_store_id))
    counter.hand_over(session, order, at=nine)
    numbers.append(_numbers(session, order.pickup_store_id))

    assert numbers == [(1, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 0, 0, 0)]


def _numbers(session: Session, store_id: int) -> tuple[int, int, int, int]:
    session.expire_all()
    row = tally.of(session, store_id)
    return row.new, row.pick, row.stage, row.hand_off
