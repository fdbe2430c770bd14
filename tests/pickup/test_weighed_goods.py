"""What is weighed is one thing to the people who pick it: one scan, one place in the bag, one scan to put it back."""

from datetime import datetime

import pytest
from sqlmodel import Session

from app.oms import books, inventory
from app.oms.inventory import Reason
from app.oms.item import Item
from app.oms.order_line import OrderLine
from app.oms.order_status import OrderStatus
from app.oms.placing import LineRequest
from app.pickup import card, picking, put_back
from app.pickup.task_status import TaskStatus
from tests.notices.counter import Counter
from tests.oms.shop import two_milk

CHEESE = LineRequest(sku="CHEESE", quantity=350, unit_price_minor=1299)


@pytest.fixture
def cheese(session: Session, counter: Counter) -> int:
    item = Item(sku="CHEESE", name="Cheese", unit="kg", decimals=3, price_minor=1299)
    session.add(item)
    session.flush()
    inventory.record(session, [counter.shop.stock(item.id, 1000)], counter.shop.cause(Reason.OPENING))
    return item.id


def test_one_scan_takes_all_of_it_and_one_step_back_returns_all(
    session: Session, counter: Counter, cheese: int, nine: datetime
):
    order = counter.place(session, CHEESE, two_milk(), at=nine)
    task = counter.task(session, order)
    line = task.lines[0]

    picking.pick(session, task, line, associate_id=counter.maya, typed=False, at=nine)
    picked = (line.picked, task.units("picked"))
    picking.take_pick_back(session, task, associate_id=counter.maya, at=nine)

    assert picked == (350, 1)
    assert (line.picked, line.reserved) == (0, 350)


def test_a_card_counts_it_as_one_thing(session: Session, counter: Counter, cheese: int, nine: datetime):
    task = counter.task(session, counter.place(session, CHEESE, two_milk(), at=nine))

    drawn = card.of_task(session, task.id, at=nine)

    assert drawn is not None
    assert (drawn.total, drawn.left) == (3, 3)


def test_it_is_put_back_whole(session: Session, counter: Counter, cheese: int, nine: datetime):
    order = counter.place(session, CHEESE, at=nine)
    counter.stage(session, order, at=nine)
    counter.cancel(session, order, at=nine)
    task = counter.task(session, order)

    line: OrderLine = task.lines[0]
    put_back.put_back(session, task, line, associate_id=counter.maya, at=nine)

    assert (task.status, line.cancelled, order.status) == (TaskStatus.PUT_BACK, 350, OrderStatus.CANCELLED)
    assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
