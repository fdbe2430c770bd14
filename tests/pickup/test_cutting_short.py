"""A customer who wants less: the card changes at once, and the last missing line may make the bag ready."""

from datetime import datetime

from sqlmodel import Session

from app.oms import books, cancelling, kit
from app.oms.item import Item
from app.oms.order import Order
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest
from app.pickup import card, picking
from app.pickup.task_status import TaskStatus
from tests.notices.counter import Counter
from tests.oms.shop import bread, two_milk


def call_off(session: Session, order: Order, number: int, at: datetime) -> None:
    line = order.lines[number]
    cancelling.cancel_units(session, order, line, None, reason="no longer", actor="channel/web", at=at)


def test_the_bag_is_full_when_what_was_still_to_pick_is_called_off(session: Session, counter: Counter, nine: datetime):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    task = counter.task(session, order)
    for _ in range(2):
        picking.pick(session, task, task.lines[0], associate_id=counter.maya, typed=False, at=nine)
    before = task.version

    call_off(session, order, 1, nine)

    assert (task.status, task.version > before) == (TaskStatus.PICKED, True)
    drawn = card.of_task(session, task.id, at=nine)
    assert drawn is not None
    assert (drawn.left, drawn.picked) == (0, 2)


def test_a_task_nobody_accepted_yet_stays_one(session: Session, counter: Counter, nine: datetime):
    order = counter.place(session, two_milk(), bread(1), at=nine)

    call_off(session, order, 1, nine)

    assert (counter.task(session, order).status, order.status) == (TaskStatus.REQUESTED, OrderStatus.ACCEPTED)


def test_nothing_is_left_to_pick_when_the_rest_is_missing(session: Session, counter: Counter, nine: datetime):
    order = counter.place(session, two_milk(), bread(1), at=nine)
    counter.task(session, order).acknowledge(associate_id=counter.maya, at=nine)
    counter.miss(session, order, 0, at=nine)

    call_off(session, order, 1, nine)

    task = counter.task(session, order)
    assert (task.status, task.promise_due_at, order.status) == (
        TaskStatus.UNFULFILLABLE,
        None,
        OrderStatus.UNFULFILLABLE,
    )


def test_what_was_missing_is_paid_back_when_the_bag_has_gone(session: Session, counter: Counter, nine: datetime):
    order = counter.place(session, two_milk(), bread(1), at=nine, payment_state=PaymentState.CAPTURED, amount_minor=450)
    counter.task(session, order).acknowledge(associate_id=counter.maya, at=nine)
    counter.miss(session, order, 1, at=nine)
    counter.stage(session, order, at=nine)
    before = order.owed_minor

    counter.hand_over(session, order, at=nine)

    assert (before, order.owed_minor) == (450, 300)


def test_a_kit_is_picked_thing_by_thing_beside_the_same_thing_alone(session: Session, counter: Counter, nine: datetime):
    item = Item(sku="SET", name="Set", price_minor=300)
    session.add(item)
    session.flush()
    kit.define(session, item, {counter.shop.milk: 1, counter.shop.bread: 1})
    order = counter.place(session, LineRequest(sku="SET", quantity=1, unit_price_minor=300), two_milk(), at=nine)
    task = counter.task(session, order)
    milk = session.get_one(Item, counter.shop.milk)

    for _ in range(3):
        picking.pick(session, task, picking.line_for(task, milk), associate_id=counter.maya, typed=False, at=nine)

    assert (task.units("picked"), task.units("reserved"), len(task.lines)) == (3, 1, 3)
    counter.stage(session, order, at=nine)
    counter.hand_over(session, order, at=nine)
    assert (order.status, order.kits[0].in_parts) == (OrderStatus.COLLECTED, 1)
    assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
