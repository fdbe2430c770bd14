"""An order is taken once, whole or not at all; what can't be reserved is kept and says so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from threading import Barrier

import pytest
from sqlmodel import Session, SQLModel, select

from app import db
from app.events.log import DomainEvent, Event
from app.oms import books, inventory, placing
from app.oms.customer import Customer
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_events import OrderPlaced, OrderReleased, OrderUnfulfillable
from app.oms.order_line import Fulfilment, OrderLine
from app.oms.order_status import OrderStatus
from app.oms.placing import ExternalIdTaken, LineRequest, OrderRequest
from app.refusals import Unreadable
from tests.oms.shop import Shop, bread, open_shop, order_form, two_milk

Recorded = Callable[..., list[DomainEvent]]


def count(session: Session, model: type[SQLModel]) -> int:
    return len(session.exec(select(model)).all())


def place(session: Session, request: OrderRequest) -> Order:
    return placing.place(session, request, actor="web", at=request.placed_at)


def test_an_order_that_is_paid_for_and_in_stock_goes_to_the_store(session: Session, shop: Shop, recorded: Recorded):
    order = place(session, order_form(shop, two_milk(), bread(4)))
    assert order.status == OrderStatus.ACCEPTED
    assert [line.reserved for line in order.lines] == [2, 4]
    assert [type(event) for event in recorded()] == [OrderPlaced, OrderReleased]
    assert list(books.unexplained_claims(session)) == []


def test_the_same_order_sent_twice_is_one_order(session: Session, shop: Shop, recorded: Recorded):
    first = place(session, order_form(shop))
    assert place(session, order_form(shop)).id == first.id
    assert len(recorded(OrderPlaced)) == count(session, Customer) == count(session, OrderLine) == 1


def test_the_same_instant_written_in_another_time_zone_is_the_same_order(session: Session, shop: Shop):
    form = order_form(shop)
    elsewhere = replace(form, placed_at=form.placed_at.astimezone(timezone(timedelta(hours=1))))
    assert place(session, form).id == place(session, elsewhere).id


def test_another_order_under_a_used_number_is_refused(session: Session, shop: Shop):
    place(session, order_form(shop))
    with pytest.raises(ExternalIdTaken):
        place(session, order_form(shop, bread(1)))
    assert count(session, Order) == 1


def test_two_channels_may_use_the_same_number(session: Session, shop: Shop):
    first = place(session, order_form(shop))
    assert place(session, order_form(shop, channel="app")).id != first.id


@pytest.mark.parametrize(
    "mistake",
    [
        {"lines": (LineRequest(sku="CAVIAR", quantity=1, unit_price_minor=1),)},
        {"store_code": "999"},
        {"store_code": "DC1"},
        {"currency": "EUR"},
        {"lines": (two_milk(), two_milk())},
        {"lines": (bread(0),)},
        {"lines": (bread(-1),)},
        {"lines": (LineRequest(sku="BREAD", quantity=1, unit_price_minor=-1),)},
        {"lines": ()},
    ],
    ids=[
        "sku",
        "store",
        "warehouse",
        "currency",
        "same sku twice",
        "none of it",
        "less than none",
        "price",
        "no lines",
    ],
)
def test_an_order_that_makes_no_sense_leaves_nothing(
    session: Session, shop: Shop, recorded: Recorded, mistake: dict[str, object]
):
    session.add(Node(kind=NodeKind.DC, code="DC1", name="Warehouse"))
    session.flush()
    with pytest.raises(Unreadable):
        place(session, replace(order_form(shop), **mistake))  # type: ignore[arg-type]
    assert recorded() == []
    assert [count(session, kept) for kept in (Order, OrderLine, Customer, Fulfilment)] == [0, 0, 0, 0]
    assert list(books.unexplained_balances(session)) == []


def test_an_order_without_stock_is_kept_and_says_so(session: Session, shop: Shop, recorded: Recorded):
    order = place(session, order_form(shop, two_milk(), bread(5)))
    assert order.status == OrderStatus.UNFULFILLABLE
    assert [line.unfilled for line in order.lines] == [2, 5]
    assert [type(event) for event in recorded()] == [OrderPlaced, OrderUnfulfillable]
    milk = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
    assert milk is not None
    assert milk.reserved == 0


def test_an_order_sent_by_eight_threads_at_once_is_one_order(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine)
    together = Barrier(8)

    def send(_: int) -> int:
        together.wait()
        with db.transaction() as session:
            return place(session, order_form(shop)).id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(8)))) == 1
    with db.reading() as session:
        kinds = session.exec(select(Event.kind).order_by(Event.seq)).all()  # type: ignore[arg-type]
        assert kinds == ["OrderPlaced", "OrderReleased"]
        assert count(session, Customer) == 1
        assert list(books.unexplained_balances(session)) == []
        assert list(books.unexplained_claims(session)) == []


def test_no_event_carries_the_customers_name_or_address(session: Session, shop: Shop, recorded: Recorded):
    place(session, order_form(shop))
    assert not any(word in str(event.data) for event in recorded() for word in ("Priya", "priya@"))
