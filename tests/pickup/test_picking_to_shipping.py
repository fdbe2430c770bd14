from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from app.events import log, outbox
from app.notices import delivery, notice
from app.notices.notice import Notice, Stage
from app.notices.telling import CustomerAlreadyTold
from app.oms import books, inventory, payment, shipment
from app.oms.node_terms import NodeTerms
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.pickup import carrier, escalation, handover, packing, picking, put_back, short_picks, staging, tally, undo
from app.pickup import task as tasks
from app.pickup.carrier import NotPacked, OurOwnLabel
from app.pickup.handover import HandoverMethod, NotOnTheShelf, NotPaid
from app.pickup.packing import NotToPack
from app.pickup.task import MovedOn
from app.pickup.task_status import TaskStatus
from app.pickup.undo import Act
from app.refusals import Unreadable
from tests.notices.counter import Counter
from tests.oms.shop import two_milk
from tests.pickup.sending import DPD, depot, order_sent, pack, pick_all, second_store, send, task_at

MINUTE = timedelta(minutes=1)


@pytest.fixture
def order(session: Session, nine: datetime, counter: Counter):
    """Two of the milk and one bread, to be sent from the counter."""
    return order_sent(session, (counter.shop.node_id, {counter.shop.milk: 2, counter.shop.bread: 1}), at=nine)


@pytest.fixture
def task(session: Session, counter: Counter, order):
    return task_at(session, order, counter.shop.node_id)


def stages(session: Session, order) -> set[Stage]:
    return {notice.stage for notice in session.exec(select(Notice).where(Notice.order_id == order.id))}


def test_a_day_of_one_parcel_from_request_to_the_carrier(
    session: Session, nine: datetime, counter: Counter, order, task
):
    seen = [(task.status, order.status)]
    pick_all(session, task, counter.maya, at=nine + 5 * MINUTE)
    seen.append((task.status, order.status))
    packing.pack(session, task, parcels=2, weight_g=1200, associate_id=counter.maya, at=nine + 8 * MINUTE)
    seen.append((task.status, order.status))
    carrier.hand_to_carrier(session, task, DPD, associate_id=counter.maya, at=nine + 60 * MINUTE)

    assert [*seen, (task.status, order.status)] == [
        (TaskStatus.REQUESTED, OrderStatus.ACCEPTED), (TaskStatus.PICKED, OrderStatus.PICKING),
        (TaskStatus.PACKED, OrderStatus.PACKED), (TaskStatus.SHIPPED, OrderStatus.SHIPPED),
    ]  # fmt: skip
    milk = inventory.balance_of(session, item_id=counter.shop.milk, node_id=counter.shop.node_id)
    assert milk is not None
    assert (milk.on_hand, milk.reserved) == (98, 0)
    assert list(books.unexplained_claims(session)) == []
    assert [(row.carrier, row.tracking) for row in shipment.standing(session, order.id)] == [("DPD", "1550293847566")]


def test_it_has_to_leave_when_the_store_says_that_it_can_be_sent(session: Session, nine: datetime, counter: Counter):
    session.add(NodeTerms(node_id=counter.shop.node_id, does_ship=True, handling_s=3 * 3600))
    order = order_sent(session, (counter.shop.node_id, {counter.shop.milk: 1}), at=nine)

    task = task_at(session, order, counter.shop.node_id)

    assert task.promised_at == nine + timedelta(hours=3)
    assert task.promise_due_at == order.promised_at
    assert task.step_due_at == task.window_due_at == nine + 5 * MINUTE


def test_nobody_who_has_it_sent_is_ever_told_that_it_is_ready(
    session: Session, nine: datetime, counter: Counter, order, task
):
    pick_all(session, task, counter.maya, at=nine)
    shelf = staging.location_for(session, task.store_id, "S-01")

    with pytest.raises(MovedOn, match="nobody comes for it"):
        staging.stage(session, task, shelf, associate_id=counter.maya, typed=False, at=nine)
    with pytest.raises(NotOnTheShelf):
        handover.arrive(task, spot="Desk", actor="customer", at=nine)
    with pytest.raises(NotOnTheShelf):
        handover.hand_over(session, task, method=HandoverMethod.CODE, associate_id=counter.maya, at=nine)

    send(session, task, counter.maya, at=nine)
    assert stages(session, order) == {Stage.RECEIVED, Stage.SHIPPED}
    assert delivery.before_staging(session) == 0


def test_what_is_collected_is_never_packed(session: Session, nine: datetime, counter: Counter):
    collected = counter.place(session, two_milk(), at=nine)
    bag = counter.pick(session, collected, at=nine)

    with pytest.raises(NotToPack, match="collected here"):
        packing.pack(session, bag, parcels=1, weight_g=None, associate_id=counter.maya, at=nine)


def test_a_parcel_can_be_packed_unit_by_unit_and_closes_with_the_last(
    session: Session, nine: datetime, counter: Counter, order, task
):
    pick_all(session, task, counter.maya, at=nine)
    milk, loaf = task.lines

    packing.pack_one(session, task, milk, associate_id=counter.maya, at=nine)
    packing.pack_one(session, task, loaf, associate_id=counter.maya, at=nine)
    with pytest.raises(NotToPack, match="Bread is in the parcel already"):
        packing.pack_one(session, task, loaf, associate_id=counter.maya, at=nine)
    assert (task.status, milk.packed, milk.picked) == (TaskStatus.PICKED, 1, 1)
    packing.pack_one(session, task, milk, associate_id=counter.maya, at=nine)

    assert (task.status, task.parcels) == (TaskStatus.PACKED, 1)


def test_what_went_in_last_comes_out_first(session: Session, nine: datetime, counter: Counter, order, task):
    pick_all(session, task, counter.maya, at=nine)
    milk, loaf = task.lines
    packing.pack_one(session, task, milk, associate_id=counter.maya, at=nine)
    packing.pack(session, task, parcels=3, weight_g=None, associate_id=counter.maya, at=nine)

    packing.take_back(session, task, associate_id=counter.maya, at=nine)
    assert (task.status, task.parcels, milk.packed, loaf.packed) == (TaskStatus.PICKED, 0, 1, 0)
    for _ in range(2):
        picking.take_pick_back(session, task, associate_id=counter.maya, at=nine)
    with pytest.raises(MovedOn, match="packed already"):
        picking.take_pick_back(session, task, associate_id=counter.maya, at=nine)
    packing.take_back(session, task, associate_id=counter.maya, at=nine)

    assert (milk.reserved, milk.picked, milk.packed, task.status) == (1, 1, 0, TaskStatus.PICKING)
    with pytest.raises(MovedOn):
        packing.take_back(session, task, associate_id=counter.maya, at=nine)


@pytest.mark.parametrize(("parcels", "weight"), [(0, None), (-1, None), (51, None), (1, 0), (1, 1_000_001)])
def test_parcels_are_some_and_weigh_something(
    session: Session, nine: datetime, counter: Counter, task, parcels, weight
):
    pick_all(session, task, counter.maya, at=nine)

    with pytest.raises(Unreadable):
        packing.pack(session, task, parcels=parcels, weight_g=weight, associate_id=counter.maya, at=nine)

    assert task.status == TaskStatus.PICKED


@pytest.mark.parametrize(
    ("who", "number"),
    [
        ("", "1234567"), ("x" * 41, "1234567"), ("DPD", ""), ("DPD", "12"), ("DPD", "12;34567"),
        ("D\nPD\x07", "1234567"), ("DPD", "1" * 41),
    ],
)  # fmt: skip
def test_a_carrier_has_a_name_and_its_parcel_a_number(who, number):
    with pytest.raises(Unreadable):
        carrier.consignment(who, number)


def test_our_own_slip_is_no_tracking_number():
    with pytest.raises(OurOwnLabel, match="carrier's label"):
        carrier.consignment("DPD", "pcl-7-1")


def test_only_what_is_packed_and_paid_for_leaves_and_only_once(
    session: Session, nine: datetime, counter: Counter, order, task
):
    pick_all(session, task, counter.maya, at=nine)
    with pytest.raises(NotPacked, match="not packed yet"):
        carrier.hand_to_carrier(session, task, DPD, associate_id=counter.maya, at=nine)
    packing.pack(session, task, parcels=1, weight_g=None, associate_id=counter.maya, at=nine)
    order.pay(PaymentState.FAILED, actor="api/1", at=nine)
    with pytest.raises(NotPaid):
        carrier.hand_to_carrier(session, task, DPD, associate_id=counter.maya, at=nine)
    order.pay(PaymentState.AUTHORISED, actor="api/1", at=nine)

    carrier.hand_to_carrier(session, task, DPD, associate_id=counter.maya, at=nine)

    with pytest.raises(NotPacked, match="with the carrier already"):
        carrier.hand_to_carrier(session, task, DPD, associate_id=counter.maya, at=nine)


def test_a_wrong_number_is_taken_back_before_anybody_hears_of_it(
    session: Session, nine: datetime, counter: Counter, order, task
):
    send(session, task, counter.maya, at=nine)

    carrier.take_back(session, task, associate_id=counter.maya, at=nine + timedelta(seconds=20))

    milk = inventory.balance_of(session, item_id=counter.shop.milk, node_id=counter.shop.node_id)
    assert milk is not None
    assert (milk.on_hand, milk.reserved) == (100, 2)
    assert (task.status, order.status) == (TaskStatus.PACKED, OrderStatus.PACKED)
    assert shipment.standing(session, order.id) == []
    assert list(books.unexplained_claims(session)) == []
    again = carrier.consignment("Evri", "H00AA-12345")
    carrier.hand_to_carrier(session, task, again, associate_id=counter.maya, at=nine + MINUTE)
    kept = session.exec(select(Notice).where(Notice.order_id == order.id, Notice.stage == Stage.SHIPPED)).all()
    assert [delivery.is_still_true(session, each) for each in sorted(kept, key=lambda each: each.id)] == [False, True]


def test_a_customer_who_was_told_is_not_untold(session: Session, nine: datetime, counter: Counter, order, task):
    send(session, task, counter.maya, at=nine)
    session.flush()
    due = nine + MINUTE
    assert any(message.topic == notice.TOPIC for message in outbox.claim(session, at=due))

    with pytest.raises(CustomerAlreadyTold, match="Call them"):
        carrier.take_back(session, task, associate_id=counter.maya, at=nine + MINUTE)


def test_nothing_comes_back_after_ten_minutes(session: Session, nine: datetime, counter: Counter, order, task):
    send(session, task, counter.maya, at=nine)

    with pytest.raises(MovedOn, match="has left"):
        carrier.take_back(session, task, associate_id=counter.maya, at=nine + 11 * MINUTE)


def test_a_packed_order_that_is_called_off_is_unpacked_and_put_back(
    session: Session, nine: datetime, counter: Counter, order, task
):
    pick_all(session, task, counter.maya, at=nine)
    packing.pack_one(session, task, task.lines[0], associate_id=counter.maya, at=nine)
    counter.cancel(session, order, at=nine)
    assert task.status == TaskStatus.CANCELLED

    with pytest.raises(MovedOn, match="cancelled"):
        packing.pack(session, task, parcels=1, weight_g=None, associate_id=counter.maya, at=nine)
    for line in (task.lines[0], task.lines[0], task.lines[1]):
        put_back.put_back(session, task, line, associate_id=counter.maya, at=nine)

    milk = inventory.balance_of(session, item_id=counter.shop.milk, node_id=counter.shop.node_id)
    assert milk is not None
    assert (milk.on_hand, milk.reserved) == (100, 0)
    assert task.status == TaskStatus.PUT_BACK
    log.write(session)
    assert list(tally.untrue(session)) == []


def test_what_has_left_stays_with_the_customer_when_the_rest_is_called_off(
    session: Session, nine: datetime, counter: Counter
):
    other = second_store(session, counter)
    order = order_sent(
        session, (counter.shop.node_id, {counter.shop.milk: 2}), (other, {counter.shop.bread: 1}), at=nine
    )
    gone, waits = task_at(session, order, counter.shop.node_id), task_at(session, order, other)
    send(session, gone, counter.maya, at=nine)
    assert order.status == OrderStatus.PARTLY_SHIPPED

    counter.cancel(session, order, at=nine)

    assert (gone.status, waits.status) == (TaskStatus.SHIPPED, TaskStatus.PUT_BACK)
    assert sum(line.shipped for line in order.lines) == 2
    assert list(books.unexplained_claims(session)) == []


def test_what_had_not_left_after_all_when_the_rest_was_called_off_is_put_back_and_paid_back(
    session: Session, nine: datetime, counter: Counter
):
    shop, other = counter.shop, second_store(session, counter)
    order = order_sent(session, (shop.node_id, {shop.milk: 2}), (other, {shop.bread: 1}), at=nine)
    order.pay(PaymentState.CAPTURED, actor="payments", at=nine)
    task = task_at(session, order, shop.node_id)
    send(session, task, counter.maya, at=nine)
    counter.cancel(session, order, at=nine + MINUTE)
    assert order.owed_minor == 300

    carrier.take_back(session, task, associate_id=counter.maya, at=nine + 2 * MINUTE)

    assert (task.status, order.owed_minor) == (TaskStatus.CANCELLED, 0)
    assert payment.account(session, order.id).refund_due == 450
    with pytest.raises(NotPacked):
        carrier.hand_to_carrier(session, task, DPD, associate_id=counter.maya, at=nine + 3 * MINUTE)
    for _ in range(2):
        put_back.put_back(session, task, task.lines[0], associate_id=counter.maya, at=nine + 3 * MINUTE)
    assert task.status == TaskStatus.PUT_BACK
    assert list(books.unexplained_claims(session)) == []
    log.write(session)
    assert list(tally.untrue(session)) == []


def test_each_store_that_sends_a_part_has_its_own_task_and_each_shipment_its_own_message(
    session: Session, nine: datetime, counter: Counter
):
    other = second_store(session, counter)
    order = order_sent(
        session, (counter.shop.node_id, {counter.shop.milk: 2}), (other, {counter.shop.bread: 1}), at=nine
    )

    for node_id in (counter.shop.node_id, other):
        send(session, task_at(session, order, node_id), counter.maya, at=nine)

    told = session.exec(
        select(Notice.shipment_id)
        .where(Notice.order_id == order.id, Notice.stage == Stage.SHIPPED)
        .order_by(col(Notice.id))
    )
    assert list(told) == [row.id for row in shipment.standing(session, order.id)]
    assert order.status == OrderStatus.SHIPPED
    assert tasks.of_order(session, order.id) is None


def test_a_depot_that_sends_has_no_task_on_a_board(session: Session, nine: datetime, counter: Counter):
    node_id = depot(session, counter)

    order = order_sent(session, (node_id, {counter.shop.milk: 2}), at=nine)

    assert tasks.all_of(session, order.id) == []


def test_who_does_not_answer_for_a_parcel_is_climbed_over_like_for_a_bag(session: Session, nine: datetime, task):
    at = nine + 5 * MINUTE

    assert escalation.due(session, at) == [task.id]
    escalation.escalate(session, task.id, at=at)

    assert task.level == 1


def test_its_customer_hears_of_a_delay_while_it_is_packed_but_not_sent(
    session: Session, nine: datetime, counter: Counter, order, task
):
    pack(session, task, counter.maya, at=nine)

    escalation.tell_late(session, task.id, at=order.promised_at)

    assert Stage.DELAYED in stages(session, order)


def test_a_store_that_has_none_of_it_does_not_speak_for_the_others(
    session: Session, nine: datetime, counter: Counter, order, task
):
    for line in task.lines:
        short_picks.short(
            session, task, line, reason=short_picks.ShortReason.NOT_FOUND, associate_id=counter.maya, at=nine
        )

    assert task.status == TaskStatus.UNFULFILLABLE
    assert stages(session, order) == {Stage.RECEIVED}


def test_every_act_on_a_parcel_can_be_taken_back_from_the_slot(
    session: Session, nine: datetime, counter: Counter, order, task
):
    pick_all(session, task, counter.maya, at=nine)
    packing.pack(session, task, parcels=1, weight_g=None, associate_id=counter.maya, at=nine)
    undo.remember(session, [task], Act.PACKING, "packed", associate_id=counter.maya, at=nine)
    carrier.hand_to_carrier(session, task, DPD, associate_id=counter.maya, at=nine)
    undo.remember(session, [task], Act.SHIPMENT, "sent", associate_id=counter.maya, at=nine)
    sent, packed = undo.last(session, task.store_id, associate_id=counter.maya)

    undo.undo(session, sent, associate_id=counter.maya, at=nine)
    assert task.status == TaskStatus.PACKED
    undo.take_back(session, task, Act.PACKING, associate_id=counter.maya, at=nine)

    assert task.status == TaskStatus.PICKED
    log.write(session)
    assert list(tally.untrue(session)) == []
    assert packed.act == Act.PACKING
