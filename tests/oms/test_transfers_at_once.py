"""A transfer that several people handle in the same moment: it leaves once, arrives once, or is called off."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlmodel import Session

from app import db
from app.oms import books, transfer, transfer_moves
from app.oms.transfer import Transfer, TransferOver, TransferState
from tests.oms.shop import Shop, open_shop
from tests.oms.test_transfers import ACTOR, asked, at_node, open_depot

HANDS = 6
Act = Callable[[Session, Transfer, datetime], None]


def send(session: Session, going: Transfer, at: datetime) -> None:
    transfer_moves.ship(session, going, actor=ACTOR, at=at)


def call_off(session: Session, going: Transfer, at: datetime) -> None:
    transfer_moves.cancel(session, going, reason="not needed", actor=ACTOR, at=at)


def take_in(session: Session, going: Transfer, at: datetime) -> None:
    transfer.count_in(going, [(line.item, line.shipped) for line in going.lines])
    transfer_moves.receive(session, going, actor=ACTOR, at=at)


@pytest.fixture
def travelling(database: db.Database, nine: datetime) -> tuple[Shop, int, int]:
    with db.transaction() as session:
        shop = open_shop(session, nine)
        depot = open_depot(session, shop)
        return shop, depot, asked(session, shop, depot, milk=8, bread=3).id


def all_at_once(transfer_id: int, acts: list[Act], at: datetime) -> int:
    """How many of them came to do it; the others read that it was done."""
    together = Barrier(len(acts))

    def one(act: Act) -> bool:
        together.wait()
        try:
            with db.transaction() as session:
                going = transfer.locked(session, transfer_id)
                assert going is not None
                act(session, going, at)
        except TransferOver:
            return False
        return True

    with ThreadPoolExecutor(len(acts)) as pool:
        return sum(pool.map(one, acts))


def test_it_leaves_once_and_arrives_once(travelling: tuple[Shop, int, int], nine: datetime):
    shop, depot, number = travelling

    assert all_at_once(number, [send] * HANDS, nine) == 1
    assert all_at_once(number, [take_in] * HANDS, nine) == 1

    with db.reading() as session:
        assert at_node(session, shop.milk, depot) == (12, 0, 0)
        assert at_node(session, shop.milk, shop.node_id) == (18, 0, 0)
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []


def test_it_leaves_or_is_called_off_and_never_both(travelling: tuple[Shop, int, int], nine: datetime):
    shop, depot, number = travelling

    assert all_at_once(number, [send, call_off] * (HANDS // 2), nine) == 1

    with db.reading() as session:
        has_left = session.get_one(Transfer, number).state == TransferState.SHIPPED
        assert at_node(session, shop.milk, depot) == ((12, 0, 0) if has_left else (20, 0, 0))
        assert at_node(session, shop.milk, shop.node_id) == (10, 0, 8 if has_left else 0)
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
