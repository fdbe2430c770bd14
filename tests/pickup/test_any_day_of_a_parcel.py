"""Whatever is tapped, in whatever order, for an order that is shipped: the books add up, and nobody is called to it."""

from datetime import datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from app.notices.notice import Notice, Stage
from app.oms import books, inventory, looking_again, payment, shipment
from app.oms import order as orders
from app.oms.inventory import Reason
from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.order_line import ALIVE
from app.oms.reservation import Reservation
from app.pickup import carrier, packing
from app.pickup import task as tasks
from app.pickup.put_back import OFF_THE_SHELF, put_back
from app.pickup.task import PickupTask
from tests.notices.counter import Counter
from tests.oms.network import open_network
from tests.pickup.sending import DPD, order_sent, task_at
from tests.pickup.test_any_day import TAPS, Tap, tap_once


def _pack(session: Session, task: PickupTask, maya: int, at: datetime) -> None:
    packing.pack(session, task, parcels=2, weight_g=900, associate_id=maya, at=at)


def _pack_one(session: Session, task: PickupTask, maya: int, at: datetime) -> None:
    packing.pack_one(session, task, _line_in(task, "picked"), associate_id=maya, at=at)


def _send(session: Session, task: PickupTask, maya: int, at: datetime) -> None:
    carrier.hand_to_carrier(session, task, DPD, associate_id=maya, at=at)


def _put_back(session: Session, task: PickupTask, maya: int, at: datetime) -> None:
    put_back(session, task, _line_in(task, *OFF_THE_SHELF), associate_id=maya, at=at)


def _look(session: Session, task: PickupTask, _: int, at: datetime) -> None:
    looking_again.look(session, task.order_id, at=at)


def _line_in(task: PickupTask, *places: str):
    return next((line for line in task.lines if any(getattr(line, place) for place in places)), task.lines[0])


PARCEL_TAPS: dict[str, Tap] = TAPS | {
    "pack": _pack,
    "pack one": _pack_one,
    "unpack": lambda s, task, maya, at: packing.take_back(s, task, associate_id=maya, at=at),
    "send": _send,
    "not sent": lambda s, task, maya, at: carrier.take_back(s, task, associate_id=maya, at=at),
    "put back": _put_back,
    "look elsewhere": _look,
}
LIKELY = ["pick", "pick", "pick", "pack", "pack one", "send"]
numbers = count(1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taps=st.lists(st.sampled_from([*PARCEL_TAPS, *LIKELY]), max_size=26))
def test_the_books_of_a_parcel_add_up_after_any_taps(
    session: Session, nine: datetime, counter: Counter, taps: list[str]
):
    order = _placed(session, counter, nine)
    task = task_at(session, order, counter.shop.node_id)

    for step, tap in enumerate(taps):
        if not task.lines:
            break  # all of it comes from elsewhere
        tap_once(session, task, PARCEL_TAPS[tap], counter.maya, nine + timedelta(minutes=step))
        orders.locked(session, order.id)

        assert payment.account(session, order.id).surplus(order.owed_minor) == 0, "what is too much is asked back"
        _is_where_it_says(session, order)

    assert list(books.unexplained_balances(session)) == []
    assert list(books.unexplained_claims(session)) == []


def _placed(session: Session, counter: Counter, at: datetime) -> Order:
    """From a store with plenty; a depot has some of the bread."""
    if session.get(NodeTerms, counter.shop.node_id) is None:
        open_network(session, counter.shop, milk=0, bread=500)
    shop = counter.shop
    inventory.record(session, [shop.stock(item, 2) for item in (shop.milk, shop.bread)], shop.cause(Reason.RECEIPT))
    return order_sent(session, (shop.node_id, {shop.milk: 2, shop.bread: 1}), at=at, external_id=f"P-{next(numbers)}")


def _is_where_it_says(session: Session, order: Order) -> None:
    lines = {line.id: line for line in order.lines}
    claims = session.exec(select(Reservation).where(col(Reservation.order_line_id).in_(lines)))
    alive = sum(getattr(line, place) for line in lines.values() for place in ALIVE)
    assert sum(claim.open_quantity for claim in claims) == alive
    sent = sum(sum(shipment.contents(session, row.id).values()) for row in shipment.standing(session, order.id))
    assert sent == sum(line.shipped for line in lines.values())
    stages = session.exec(select(Notice.stage).where(Notice.order_id == order.id)).all()
    assert not {Stage.READY, Stage.COLLECTED} & set(stages)
    for task in tasks.all_of(session, order.id):
        assert (task.parcels > 0) == (task.status in ("packed", "shipped")) or task.status in ("cancelled", "put back")
