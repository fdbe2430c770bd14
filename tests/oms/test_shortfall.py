"""Where less is there than was promised: said at once, kept as the balance says it, and gone when it comes right."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from app.oms import books, endangered, inventory, placing, reservation, shortfall
from app.oms.inventory import Change, Reason
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.payment import PaymentState
from app.oms.shortfall import Shortfall, ShortfallEased, StockFellShort
from tests.oms.shop import Shop, open_shop, order_form, two_milk

Recorded = Callable[..., list[Any]]
MINUTE = timedelta(minutes=1)


def owing(session: Session, shop: Shop) -> tuple[int, int] | None:
    kept = shortfall.of(session, item_id=shop.milk, node_id=shop.node_id)
    assert list(shortfall.untrue(session)) == []
    return (kept.units, kept.below_zero) if kept else None


def sell(session: Session, shop: Shop, quantity: int) -> None:
    inventory.record(session, [shop.stock(shop.milk, -quantity)], shop.cause(Reason.SALE, "till/1"))


def place(session: Session, shop: Shop, number: int, **other: object) -> Order:
    at = shop.opened_at + number * MINUTE
    return placing.place(session, order_form(shop, two_milk(), external_id=f"A-{number}", **other), actor="w", at=at)


def in_danger(session: Session, shop: Shop, units: int) -> list[tuple[int, int]]:
    found = endangered.at(session, item_id=shop.milk, node_id=shop.node_id, units=units)
    return [(each.order_id, each.units) for each in found]


def test_a_sale_of_what_was_promised_is_taken_in_and_said_at_once(session: Session, shop: Shop, recorded: Recorded):
    place(session, shop, 1)

    sell(session, shop, 9)

    assert owing(session, shop) == (1, 0)
    (said,) = recorded(StockFellShort)
    assert (said.item_id, said.node_id, said.store_id, said.units) == (shop.milk, shop.node_id, shop.node_id, 1)


def test_only_what_makes_it_worse_is_news(session: Session, shop: Shop, recorded: Recorded):
    place(session, shop, 1)
    for _ in range(4):
        sell(session, shop, 5)

    assert owing(session, shop) == (2, 10)
    assert [(said.units, said.below_zero) for said in recorded(StockFellShort)] == [(2, 0), (2, 5)]


def test_below_nothing_is_news_though_nobody_was_promised_anything(session: Session, shop: Shop, recorded: Recorded):
    sell(session, shop, 11)
    sell(session, shop, 1)

    assert owing(session, shop) == (0, 2)
    assert [(said.units, said.below_zero) for said in recorded(StockFellShort)] == [(0, 1)]
    assert shortfall.due(session, shop.opened_at + MINUTE) == []


def test_a_late_delivery_puts_it_right(session: Session, shop: Shop, recorded: Recorded):
    place(session, shop, 1)
    sell(session, shop, 9)

    inventory.record(session, [shop.stock(shop.milk, 5)], shop.cause(Reason.RECEIPT, "receipt/1"))

    assert owing(session, shop) is None
    assert [said.units for said in recorded(ShortfallEased)] == [0]


def test_it_is_due_at_once_and_again_when_it_grows(session: Session, shop: Shop):
    place(session, shop, 1)
    sell(session, shop, 9)
    (number,) = shortfall.due(session, shop.opened_at)
    session.get_one(Shortfall, number).rest(at=shop.opened_at)
    session.flush()
    assert shortfall.due(session, shop.opened_at) == []

    sell(session, shop, 1)

    session.expire_all()
    assert shortfall.due(session, shop.opened_at) == [number]
    assert session.get_one(Shortfall, number).tries == 0


def test_the_pauses_between_two_looks_grow_to_an_hour(nine: datetime):
    short = Shortfall(item_id=1, node_id=1, units=1, below_zero=0, since=nine)
    pauses = []
    for _ in range(7):
        short.rest(at=nine)
        assert short.resource_due_at is not None
        pauses.append((short.resource_due_at - nine) // MINUTE)

    assert pauses == [1, 2, 4, 8, 16, 32, 60]


def test_the_newest_promise_is_in_danger_first(session: Session, shop: Shop):
    first, second = (place(session, shop, number) for number in (1, 2))

    assert in_danger(session, shop, 1) == [(second.id, 1)]
    assert in_danger(session, shop, 3) == [(second.id, 2), (first.id, 1)]


def test_an_unpaid_order_makes_room_for_a_paid_one(session: Session, shop: Shop):
    unpaid = place(session, shop, 1, payment_state=PaymentState.PENDING)
    place(session, shop, 2)

    assert in_danger(session, shop, 2) == [(unpaid.id, 2)]


def test_what_is_in_a_bag_is_in_no_danger(session: Session, shop: Shop):
    first, second = (place(session, shop, number) for number in (1, 2))
    second.lines[0].move("reserved", "picked", 1)

    assert in_danger(session, shop, 2) == [(second.id, 1), (first.id, 1)]


def test_a_fact_of_a_depot_belongs_to_no_store(session: Session, shop: Shop, recorded: Recorded):
    depot = Node(kind=NodeKind.DC, code="DC1", name="North depot")
    session.add(depot)
    session.flush()

    inventory.record(session, [Change(item_id=shop.milk, node_id=depot.id, on_hand=-1)], shop.cause(Reason.SALE))

    assert [said.store_id for said in recorded(StockFellShort)] == [None]


def test_a_shortfall_that_is_not_its_balances_is_found(session: Session, shop: Shop):
    place(session, shop, 1)
    sell(session, shop, 9)
    session.execute(sa.update(Shortfall).values(units=7))

    (sentence,) = shortfall.untrue(session)

    assert "1 are short" in sentence


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.sampled_from(["place", "stock", "damage", "miss", "cancel", "collect"]),
                               st.integers(-6, 6)), max_size=20))  # fmt: skip
def test_whatever_happens_a_shortfall_is_what_its_balance_says(
    session: Session, nine: datetime, acts: list[tuple[str, int]]
):
    undo = session.begin_nested()
    session.info.pop("pending_events", None)
    shop = open_shop(session, nine, milk=6)
    orders: list[Order] = []
    for number, (act, amount) in enumerate(acts):
        if act == "place":
            orders.append(place(session, shop, number))
        elif act in ("stock", "damage"):
            change = {"on_hand" if act == "stock" else "unavailable": amount}
            inventory.record(session, [Change(item_id=shop.milk, node_id=shop.node_id, **change)], shop.cause())
        elif orders:
            _end(session, orders.pop(amount % len(orders)), act, shop)
        _agrees(session, shop)
    undo.rollback()
    session.expunge_all()


def _end(session: Session, order: Order, act: str, shop: Shop) -> None:
    line = order.lines[0]
    if not line.reserved or act == "cancel":
        order.cancel(session, reason="-", actor="w", at=shop.opened_at)
        return
    claim, cause = reservation.of_line(session, line.id), shop.cause(Reason.NOT_FOUND)
    if act == "miss":
        reservation.suppress(session, claim, line.reserved, cause)
    else:
        reservation.consume(session, [(claim, line.reserved)], cause)
    line.move("reserved", "short" if act == "miss" else "collected", line.reserved)


def _agrees(session: Session, shop: Shop) -> None:
    kept = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
    assert kept is not None
    expected = (kept.shortfall, max(0, -kept.on_hand))
    assert owing(session, shop) == (expected if any(expected) else None)
    said = session.info.get("pending_events", [])
    newest = next((e for _, e in reversed(said) if isinstance(e, shortfall.ShortfallEvent)), None)
    assert (newest.units if newest else 0) == kept.shortfall
    in_danger_units = sum(units for _, units in in_danger(session, shop, kept.shortfall))
    assert in_danger_units == min(kept.shortfall, _unfetched(session))
    assert list(books.unexplained_claims(session)) == []


def _unfetched(session: Session) -> int:
    return sum(line.reserved for order in session.exec(select(Order)) for line in order.lines)
