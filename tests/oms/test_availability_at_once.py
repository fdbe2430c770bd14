"""Stock, rules and channels at the same time: nothing that moved is forgotten, and nobody waits for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from threading import Event, Thread, current_thread

import sqlalchemy as sa
from sqlmodel import select

from app import db
from app.oms import availability, books, channel, inventory, rule_effects
from app.oms.availability import Ats
from app.oms.channel import Channel
from app.oms.inventory import Change
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.rules import rule_version
from tests.oms.shop import Shop, open_shop

WRITERS, WRITES, PUBLISHERS = 6, 25, 2
A_MOMENT_S, LIMIT_S = 0.5, 10.0


def open_trade(nine: datetime) -> tuple[Shop, list[int], list[int]]:
    with db.transaction() as session:
        shop = open_shop(session, nine)
        nodes = [Node(kind=NodeKind.DC, code=f"DC{n}", name="North") for n in range(3)]
        items = [Item(sku=f"S{n}", name="Thing") for n in range(4)]
        session.add_all([*nodes, *items])
        session.flush()
        channel.open_channel(session, Channel(code="web", name="Web", buffer=1))
        return shop, [shop.node_id, *(node.id for node in nodes)], [shop.milk, *(item.id for item in items)]


def test_what_moves_while_others_work_it_out_is_never_forgotten(database: db.Database, nine: datetime):
    shop, nodes, items = open_trade(nine)
    over, ticks = Event(), count(1)

    def write(writer: int) -> None:
        for turn in range(WRITES):
            changes = [Change(item_id=item_id, node_id=nodes[(writer + turn + n) % 4], on_hand=1 + (turn + n) % 5)
                       for n, item_id in enumerate(items[turn % 3 :])]  # fmt: skip
            with db.transaction() as session:
                inventory.record(session, changes, shop.cause())

    def work_out() -> None:
        while not over.is_set():
            with db.transaction() as session:
                availability.catch_up(session, at=nine)

    def change_rules() -> None:
        while not over.is_set():
            at = nine + next(ticks) * timedelta(seconds=1)
            with db.transaction() as session:
                said = {"units": str(at.second % 4)}
                version = rule_version.publish(session, kind="safety_stock", scope="all", body=said, by="test", at=at)
                rule_effects.take_effect(session, version.id, at=at)

    with ThreadPoolExecutor(WRITERS + PUBLISHERS + 1) as pool:
        working = [pool.submit(work_out) for _ in range(PUBLISHERS)] + [pool.submit(change_rules)]
        for each in [pool.submit(write, n) for n in range(WRITERS)]:
            each.result()
        over.set()
        for each in working:
            each.result()
    at = nine + next(ticks) * timedelta(seconds=1)
    with db.transaction() as session:
        while availability.catch_up(session, at=at):
            pass

    with db.reading() as session:
        assert list(availability.untrue(session, at=at)) == []
        assert list(books.unexplained_balances(session)) == []
        assert all(number.version for number in session.exec(select(Ats).where(Ats.quantity > 0)))


def test_of_two_who_work_out_one_item_the_later_has_seen_more(database: db.Database, nine: datetime):
    """The first is stopped between what it read and what it writes, while stock moves and the second begins."""
    with db.transaction() as session:
        shop = open_shop(session, nine)
        channel.open_channel(session, Channel(code="web", name="Web"))
        availability.catch_up(session, at=nine)
        inventory.record(session, [shop.stock(shop.milk, 5)], shop.cause())

    def sell_and_work_out() -> None:
        with db.transaction() as session:
            inventory.record(session, [shop.stock(shop.milk, -12)], shop.cause())
        work_out(nine)

    _overtake(database, nine, sell_and_work_out, before="UPDATE ats")

    with db.reading() as session:
        assert session.exec(select(Ats.quantity).where(Ats.item_id == shop.milk)).one() == 3


def test_of_two_who_work_out_one_item_the_later_goes_by_the_newest_terms(database: db.Database, nine: datetime):
    """The first is stopped before it holds the number, while the channel is told to sell from nowhere near."""
    with db.transaction() as session:
        shop = open_shop(session, nine)
        session.add(Node(kind=NodeKind.DC, code="DC1", name="North"))
        channel.open_channel(session, Channel(code="web", name="Web"))
        availability.catch_up(session, at=nine)
        inventory.record(session, [shop.stock(shop.milk, 5)], shop.cause())

    def sell_from_the_depot_and_work_out() -> None:
        with db.transaction() as session:
            web = channel.locked(session, "web")
            channel.sell_from(session, web, kinds=[NodeKind.DC], actor="ops", at=nine)
        work_out(nine)

    _overtake(database, nine, sell_from_the_depot_and_work_out, before="SELECT channel.id")

    with db.reading() as session:
        assert session.exec(select(Ats.quantity).where(Ats.item_id == shop.milk)).one() == 0
        assert list(availability.untrue(session, at=nine)) == []


def _overtake(database: db.Database, at: datetime, overtake: Callable[[], None], *, before: str) -> None:
    """Somebody who works numbers out waits before such a statement, as long as others need or may take."""
    has_come_so_far, may_go_on, first = Event(), Event(), Thread(target=work_out, args=[at])

    def stop(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if current_thread() is first and before in statement and not has_come_so_far.is_set():
            has_come_so_far.set()
            may_go_on.wait(LIMIT_S)

    sa.event.listen(database.engine, "before_cursor_execute", stop)
    first.start()
    assert has_come_so_far.wait(LIMIT_S)
    second = Thread(target=overtake)
    second.start()
    second.join(A_MOMENT_S)
    may_go_on.set()
    first.join()
    second.join()


def work_out(at: datetime) -> None:
    with db.transaction() as session:
        availability.catch_up(session, at=at)
