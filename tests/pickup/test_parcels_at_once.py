"""Several people with one parcel: it leaves once, or is put back, and never both."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from threading import Barrier, BrokenBarrierError

from sqlmodel import Session

from app import db
from app.events import log
from app.oms import books, inventory, shipment
from app.oms import order as orders
from app.oms.order_status import OrderStatus
from app.pickup import carrier, packing, tally
from app.pickup import task as tasks
from app.pickup.task import PickupTask
from app.pickup.task_events import TaskCancelled
from app.pickup.task_status import TaskStatus
from app.reactions import REACTIONS
from app.refusals import Refusal
from tests.notices.counter import Counter
from tests.pickup.sending import DPD, order_sent, pack, pick_all, second_store, task_at


def at_once(*acts: Callable[[Session], object]) -> list[bool]:
    """Each in a transaction of its own; which of them were done, and not refused."""

    def done(act: Callable[[Session], object]) -> bool:
        try:
            with db.transaction() as session:
                act(session)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(len(acts)) as hands:
        return list(hands.map(done, acts))


def a_parcel(counter: Counter, at: datetime, *, is_packed: bool) -> tuple[int, int]:
    """Two milk and a bread, picked or packed; the ids of the order and its task."""
    shop = counter.shop
    with db.transaction() as session:
        order = order_sent(session, (shop.node_id, {shop.milk: 2, shop.bread: 1}), at=at)
        task = task_at(session, order, shop.node_id)
        (pack if is_packed else pick_all)(session, task, counter.maya, at=at)
        return order.id, task.id


def is_true() -> bool:
    with db.reading() as session:
        return not [*tally.untrue(session), *books.unexplained_claims(session), *books.unexplained_balances(session)]


def test_a_parcel_is_packed_once_and_leaves_once(committed: Counter, nine: datetime):
    order_id, task_id = a_parcel(committed, nine, is_packed=False)
    who = committed.maya

    def close(session: Session) -> None:
        task = tasks.locked(session, task_id)
        packing.pack(session, task, parcels=1, weight_g=None, associate_id=who, at=nine)

    def leave(session: Session) -> None:
        carrier.hand_to_carrier(session, tasks.locked(session, task_id), DPD, associate_id=who, at=nine)

    assert sum(at_once(*[close] * 4)) == 1
    assert sum(at_once(*[leave] * 4)) == 1

    with db.reading() as session:
        assert len(shipment.standing(session, order_id)) == 1
        milk = inventory.balance_of(session, item_id=committed.shop.milk, node_id=committed.shop.node_id)
        assert milk is not None
        assert (milk.on_hand, milk.reserved) == (98, 0)
    assert is_true()


def test_what_is_called_off_while_it_leaves_has_left_or_is_put_back(committed: Counter, nine: datetime):
    parcels = [a_parcel(committed, nine, is_packed=True) for _ in range(6)]
    who = committed.maya

    for order_id, task_id in parcels:

        def leave(session: Session, task_id: int = task_id) -> None:
            carrier.hand_to_carrier(session, tasks.locked(session, task_id), DPD, associate_id=who, at=nine)

        def call_off(session: Session, order_id: int = order_id) -> None:
            orders.locked(session, order_id).cancel(session, reason="no", actor="channel/web", at=nine)

        assert sum(at_once(leave, call_off)) == 1

    with db.reading() as session:
        ends = {(session.get_one(PickupTask, task_id).status, session.get_one(orders.Order, order_id).status)
                for order_id, task_id in parcels}  # fmt: skip
    assert ends <= {(TaskStatus.SHIPPED, OrderStatus.SHIPPED), (TaskStatus.CANCELLED, OrderStatus.CANCELLED)}
    assert is_true()


def test_orders_sent_from_two_stores_wait_for_no_other_in_a_circle(committed: Counter, nine: datetime):
    """Each tells both boards of its end, and one begins with the board the other ends with."""
    with db.transaction() as session:
        shop, here, there = committed.shop, committed.shop.node_id, second_store(session, committed)
        one = order_sent(session, (here, {shop.milk: 1}), (there, {shop.bread: 1}), at=nine)
        other = order_sent(session, (there, {shop.milk: 1}), (here, {shop.bread: 1}), at=nine)
        ids = [one.id, other.id]
    half_way = Barrier(2)

    def wait(*_: object) -> None:
        with suppress(BrokenBarrierError):
            half_way.wait(timeout=0.5)

    log.react_with({**REACTIONS, TaskCancelled: [*REACTIONS[TaskCancelled], wait]})

    def call_off(order_id: int) -> Callable[[Session], object]:
        return lambda session: orders.locked(session, order_id).cancel(session, reason="no", actor="web", at=nine)

    assert at_once(*map(call_off, ids)) == [True, True]
    assert is_true()
