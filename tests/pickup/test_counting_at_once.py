"""Two people at one count or one delivery, in the same second: it is posted once."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

from sqlmodel import Session, select

from app import db
from app.oms import books, inventory, transfer, transfer_moves, transfer_request
from app.oms.inventory import Change, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.transfer_request import Wanted
from app.pickup import count as counts
from app.pickup import count_posting, count_scan, short_picks
from app.pickup import task as tasks
from app.pickup.count import CountCause, StockCount
from app.pickup.task import PickupTask
from app.refusals import Refusal
from tests.notices.counter import Counter
from tests.oms.shop import bread, two_milk

AT_ONCE = 6


def all_at_once(act: Callable[[Session], object]) -> int:
    """How many of so many got through; the others were told no."""
    together = Barrier(AT_ONCE)

    def one(_: int) -> bool:
        together.wait()
        try:
            with db.transaction() as session:
                act(session)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(one, range(AT_ONCE)))


def on_hand(counter: Counter) -> int:
    with db.reading() as session:
        assert list(books.unexplained_balances(session)) == []
        assert list(books.unexplained_claims(session)) == []
        kept = inventory.balance_of(session, item_id=counter.shop.milk, node_id=counter.shop.node_id)
        assert kept is not None
        return kept.on_hand


def test_a_count_is_posted_once_whoever_ends_it(committed: Counter, nine: datetime):
    with db.transaction() as session:
        count = counts.open_for(session, store_id=committed.shop.node_id, item_id=committed.shop.milk,
                                cause=CountCause.STARTED, actor="associate/1", at=nine)  # fmt: skip
        count_scan.scan(session, count, 98, associate_id=committed.maya, typed=True, at=nine)
        count_id = count.id

    def end(session: Session) -> None:
        locked = counts.locked(session, count_id)
        assert locked is not None
        count_posting.finish(session, locked, associate_id=committed.maya, at=nine)

    assert all_at_once(end) == 1
    assert on_hand(committed) == 98


def test_an_item_is_asked_to_be_counted_once_however_many_miss_it(committed: Counter, nine: datetime):
    all_at_once(lambda session: counts.open_for(
        session, store_id=committed.shop.node_id, item_id=committed.shop.milk, cause=CountCause.STARTED,
        actor="associate/1", at=nine,
    ))  # fmt: skip

    with db.reading() as session:
        assert len(session.exec(select(StockCount)).all()) == 1


def test_ending_a_count_while_its_order_takes_the_short_back_leaves_the_books_right(committed: Counter, nine: datetime):
    with db.transaction() as session:
        order = committed.place(session, two_milk(), bread(1), at=nine)
        committed.miss(session, order, 0, at=nine)
        session.flush()
        (count_id,) = session.exec(select(StockCount.id)).all()
        task_id = session.exec(select(PickupTask.id)).one()

    turn = itertools.count()

    def end_or_take_back(session: Session) -> None:
        if next(turn) % 2:
            short_picks.take_short_back(session, tasks.locked(session, task_id), associate_id=committed.maya, at=nine)
            return
        locked = counts.locked(session, count_id)
        assert locked is not None
        if not locked.ended_at and not count_scan.scans(session, locked):
            count_scan.scan(session, locked, 100, associate_id=committed.maya, typed=True, at=nine)
        count_posting.finish(session, locked, associate_id=committed.maya, at=nine)

    assert all_at_once(end_or_take_back) >= 1
    assert on_hand(committed) == 100


def test_a_delivery_is_taken_in_once(committed: Counter, nine: datetime):
    with db.transaction() as session:
        depot = Node(kind=NodeKind.DC, code="DC1", name="North depot")
        session.add(depot)
        session.flush()
        stock = Change(item_id=committed.shop.milk, node_id=depot.id, on_hand=9)
        inventory.record(session, [stock], committed.shop.cause(Reason.OPENING))
        wanted = Wanted(from_id=depot.id, to_id=committed.shop.node_id, quantities={committed.shop.milk: 5})
        going = transfer_request.request(session, wanted, actor="api/1", at=nine)
        transfer_moves.ship(session, going, actor="api/1", at=nine)
        transfer.scan(going, session.get_one(Item, committed.shop.milk), 5)
        transfer_id = going.id

    def take_in(session: Session) -> None:
        locked = transfer.locked(session, transfer_id)
        assert locked is not None
        transfer_moves.receive(session, locked, actor="associate/1", at=nine)

    assert all_at_once(take_in) == 1
    assert on_hand(committed) == 105
