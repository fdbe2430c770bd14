"""Transfers: what leaves one place is on its way to the other, and what does not arrive has a name."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from app.oms import books, inventory, transfer, transfer_moves, transfer_request
from app.oms.balance import Balance
from app.oms.inventory import Change, Movement, NotEnoughStock, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.transfer import NotForTransfer, NotOnTransfer, Transfer, TransferOver, TransferState
from app.oms.transfer_request import Wanted
from tests.oms.shop import Shop, open_shop

ACTOR = "api/1"


@pytest.fixture
def depot(session: Session, shop: Shop) -> int:
    return open_depot(session, shop)


def open_depot(session: Session, shop: Shop) -> int:
    """A distribution centre with twenty of each."""
    node = Node(kind=NodeKind.DC, code="DC1", name="North depot")
    session.add(node)
    session.flush()
    stock = [Change(item_id=item_id, node_id=node.id, on_hand=20) for item_id in (shop.milk, shop.bread)]
    inventory.record(session, stock, shop.cause(Reason.OPENING, "opening"))
    return node.id


def asked(session: Session, shop: Shop, depot: int, **units: int) -> Transfer:
    wanted = Wanted(from_id=depot, to_id=shop.node_id, quantities={getattr(shop, n): q for n, q in units.items()})
    return transfer_request.request(session, wanted, actor=ACTOR, at=shop.opened_at)


def shipped(session: Session, shop: Shop, depot: int, **units: int) -> Transfer:
    sent = asked(session, shop, depot, **units)
    transfer_moves.ship(session, sent, actor=ACTOR, at=shop.opened_at)
    return sent


def arrive(session: Session, shop: Shop, sent: Transfer, **units: int) -> None:
    for name, quantity in units.items():
        if quantity:
            transfer.scan(sent, session.get_one(Item, getattr(shop, name)), quantity)
    transfer_moves.receive(session, sent, actor="associate/1", at=shop.opened_at)


def at_node(session: Session, item_id: int, node_id: int) -> tuple[int, int, int]:
    found = inventory.balance_of(session, item_id=item_id, node_id=node_id)
    return (found.on_hand, found.reserved, found.in_transit) if found else (0, 0, 0)


def total(session: Session) -> int:
    units = sa.func.coalesce(sa.func.sum(col(Balance.on_hand) + col(Balance.in_transit)), 0)
    session.flush()
    return int(session.execute(sa.select(units)).scalar_one())


def test_what_is_asked_for_is_kept_where_it_is_until_it_leaves(session: Session, shop: Shop, depot: int):
    asked(session, shop, depot, milk=8)

    assert at_node(session, shop.milk, depot) == (20, 8, 0)
    with pytest.raises(NotEnoughStock):
        asked(session, shop, depot, milk=13)


def test_what_left_is_on_its_way_and_nobody_sells_it_yet(session: Session, shop: Shop, depot: int):
    shipped(session, shop, depot, milk=8)

    assert at_node(session, shop.milk, depot) == (12, 0, 0)
    assert at_node(session, shop.milk, shop.node_id) == (10, 0, 8)


def test_what_arrived_is_on_the_shelf(session: Session, shop: Shop, depot: int):
    sent = shipped(session, shop, depot, milk=8, bread=2)

    arrive(session, shop, sent, milk=8, bread=2)

    assert (sent.state, at_node(session, shop.milk, shop.node_id)) == (TransferState.RECEIVED, (18, 0, 0))
    assert at_node(session, shop.bread, shop.node_id) == (6, 0, 0)


@pytest.mark.parametrize(("arrived", "on_hand", "named"), [(6, 16, (0, -2)), (9, 19, (1, 0)), (0, 10, (0, -8))])
def test_what_differs_on_arrival_has_a_name_in_the_books(
    session: Session, shop: Shop, depot: int, arrived: int, on_hand: int, named: tuple[int, int]
):
    sent = shipped(session, shop, depot, milk=8)

    arrive(session, shop, sent, milk=arrived)

    assert at_node(session, shop.milk, shop.node_id) == (on_hand, 0, 0)
    variance = select(Movement.on_hand, Movement.in_transit).where(Movement.reason == Reason.TRANSFER_VARIANCE)
    assert [tuple(row) for row in session.exec(variance)] == [named]


def test_less_may_leave_than_was_kept_and_the_rest_is_free_again(session: Session, shop: Shop, depot: int):
    sent = asked(session, shop, depot, milk=8)

    transfer_moves.ship(session, sent, actor=ACTOR, at=shop.opened_at, sent={shop.milk: 5})

    assert at_node(session, shop.milk, depot) == (15, 0, 0)
    assert at_node(session, shop.milk, shop.node_id) == (10, 0, 5)


@pytest.mark.parametrize("sent", [{1: 9}, {1: 0}, {1: -1}, {99: 1}])
def test_nothing_moves_when_what_is_sent_makes_no_sense(session: Session, shop: Shop, depot: int, sent: dict[int, int]):
    asked_for = asked(session, shop, depot, milk=8)
    before = total(session)

    with pytest.raises(NotForTransfer), session.begin_nested():
        transfer_moves.ship(session, asked_for, actor=ACTOR, at=shop.opened_at,
                            sent={shop.milk if item == 1 else item: units for item, units in sent.items()})  # fmt: skip

    assert (total(session), at_node(session, shop.milk, depot)) == (before, (20, 8, 0))


@pytest.mark.parametrize("units", [{"milk": 0}, {"milk": -1}, {"milk": 10**9}, {}])
def test_a_transfer_of_nothing_or_of_an_absurd_amount_is_refused(
    session: Session, shop: Shop, depot: int, units: dict[str, int]
):
    with pytest.raises(NotForTransfer):
        asked(session, shop, depot, **units)


def test_a_transfer_goes_somewhere_else(session: Session, shop: Shop):
    with pytest.raises(NotForTransfer):
        asked(session, shop, shop.node_id, milk=1)


def test_what_was_not_sent_is_not_taken_in(session: Session, shop: Shop, depot: int):
    sent = shipped(session, shop, depot, milk=8)

    with pytest.raises(NotOnTransfer, match=r"That's Bread\. It is not on this delivery"):
        transfer.scan(sent, session.get_one(Item, shop.bread), 1)


def test_a_scan_too_many_is_taken_back(session: Session, shop: Shop, depot: int):
    sent = shipped(session, shop, depot, milk=8)
    line = transfer.scan(sent, session.get_one(Item, shop.milk), 1)

    for _ in range(2):
        transfer.take_back(sent, line)

    assert line.received == 0


def test_a_transfer_leaves_once_and_arrives_once(session: Session, shop: Shop, depot: int):
    sent = shipped(session, shop, depot, milk=8)
    with pytest.raises(TransferOver):
        transfer_moves.ship(session, sent, actor=ACTOR, at=shop.opened_at)
    arrive(session, shop, sent, milk=8)

    with pytest.raises(TransferOver):
        transfer_moves.receive(session, sent, actor=ACTOR, at=shop.opened_at)
    with pytest.raises(TransferOver):
        transfer.scan(sent, session.get_one(Item, shop.milk), 1)
    with pytest.raises(TransferOver):
        transfer_moves.cancel(session, sent, reason="not needed", actor=ACTOR, at=shop.opened_at)


def test_called_off_before_it_left_it_is_for_sale_where_it_was(session: Session, shop: Shop, depot: int):
    kept = asked(session, shop, depot, milk=8)

    transfer_moves.cancel(session, kept, reason="not needed", actor=ACTOR, at=shop.opened_at)

    assert at_node(session, shop.milk, depot) == (20, 0, 0)
    assert list(books.unexplained_claims(session)) == []


trips = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 12), st.booleans()), max_size=5)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trips=trips)
def test_whatever_travels_nothing_is_made_or_lost_but_what_has_a_name(
    session: Session, nine: datetime, trips: list[tuple[int, int, int, bool]]
):
    with session.begin_nested() as example:
        shop = open_shop(session, nine)
        depot, before = open_depot(session, shop), total(session)
        for wanted, less, arrived, is_received in trips:
            _travel(session, shop, depot, wanted=wanted, less=less, arrived=arrived, is_received=is_received)

        assert total(session) == before + _named(session)
        assert list(books.unexplained_balances(session)) == []
        assert list(books.unexplained_claims(session)) == []
        example.rollback()


def _travel(
    session: Session, shop: Shop, depot: int, *, wanted: int, less: int, arrived: int, is_received: bool
) -> None:
    kept = inventory.balance_of(session, item_id=shop.milk, node_id=depot)
    if kept is None or kept.free < wanted:
        return
    going = asked(session, shop, depot, milk=wanted)
    if less >= wanted:
        transfer_moves.cancel(session, going, reason="not needed", actor=ACTOR, at=shop.opened_at)
        return
    transfer_moves.ship(session, going, actor=ACTOR, at=shop.opened_at, sent={shop.milk: wanted - less})
    if is_received:
        arrive(session, shop, going, milk=arrived)


def _named(session: Session) -> int:
    variance = sa.func.coalesce(sa.func.sum(col(Movement.on_hand) + col(Movement.in_transit)), 0)
    named = sa.select(variance).where(col(Movement.reason) == Reason.TRANSFER_VARIANCE)
    return int(session.execute(named).scalar_one())
