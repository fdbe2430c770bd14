"""The last units, asked for over HTTP of several processes at once, one of which is killed: none is promised twice.

Some stock is promised before anybody asks, every line of a basket is granted or none, whoever asks again hears the
same from any process, and what was acknowledged is in the database afterwards.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from app import db
from app.clock import now
from app.oms import admission, books, inventory
from app.oms.admission import Request, Wish
from app.oms.balance import Balance
from app.oms.inventory import Movement, Reason
from app.oms.item import Item
from app.oms.reservation import Reservation, ReservationState
from app.people import api_client
from tests.notices.counter import open_counter
from tests.oms.shop import Shop, open_shop
from tests.processes.baskets import Answered, Client
from tests.processes.process import PATIENCE, Process, command, environment, started

HOT, BEFORE = 60, 6
CLIENTS = 12


@pytest.fixture
def shop(database: db.Database) -> tuple[Shop, str]:
    """The shop, and a key to it; a tenth of the hot item is promised already, and so is some bread."""
    with db.transaction() as session:
        shop = open_counter(session, open_shop(session, now(), milk=8, bread=9)).shop
        eggs, hot = Item(sku="EGGS", name="Eggs"), Item(sku="HOT", name="Hot")
        session.add_all([eggs, hot])
        session.flush()
        inventory.record(session, [shop.stock(eggs.id, 7), shop.stock(hot.id, HOT)], shop.cause(Reason.OPENING))
        before = [before_anybody(shop, hot.id, n) for n in range(BEFORE)] + [before_anybody(shop, shop.bread, BEFORE)]
        assert all(verdict.is_granted for verdict in admission.admit(session, before))
        key = api_client.issue_key(session, name="web shop", at=now())
    return shop, key


def before_anybody(shop: Shop, item_id: int, number: int) -> Request:
    wish = Wish(item_id=item_id, node_id=shop.node_id, quantity=1)
    is_soft, key = number % 2, f"before/{number}"
    state = ReservationState.SOFT if is_soft else ReservationState.HARD
    return Request(key=key, wishes=(wish,), state=state, document=key, actor="test", at=now(),
                   expires_at=now() + timedelta(hours=1) if is_soft else None)  # fmt: skip


@contextmanager
def serving(home: Path, url: str, words: Sequence[list[str]]) -> Iterator[list[Process]]:
    settings = environment(DATABASE_URL=url, READYSHELF_VAR=str(home / "var"), LOG_LEVEL="ERROR")
    with ExitStack() as stack:
        running = [stack.enter_context(started(command(*each), home, settings, name=f"web-{number}"))
                   for number, each in enumerate(words)]  # fmt: skip
        yield [process.until_it_listens() for process in running]


def race(processes: list[Process], key: str, *, doomed: Process | None = None) -> list[Answered]:
    """All at once; when the first is halfway, the doomed process is killed under everybody."""
    ports, line, halfway = [process.port for process in processes], Barrier(CLIENTS), Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        shopping = [pool.submit(Client(ports, key, number, halfway).shop, line) for number in range(CLIENTS)]
        if doomed is not None:
            assert halfway.wait(PATIENCE)
            doomed.popen.kill()
        return [each.result() for each in shopping]


def check(shop: Shop, answered: list[Answered]) -> None:
    statuses = sum((each.statuses for each in answered), Counter[int]())
    assert set(statuses) <= {200, 201, 409}, statuses
    assert all(each.refused and each.granted for each in answered)
    with db.reading() as session:
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
        assert promised(session) == []
        kept = {item.sku: balance for item, balance in session.exec(
            select(Item, Balance).where(col(Balance.item_id) == col(Item.id)))}  # fmt: skip
        assert all(balance.reserved <= balance.on_hand for balance in kept.values())
        assert kept["HOT"].reserved == HOT
        skus = {balance.item_id: sku for sku, balance in kept.items()}
        for each in answered:
            for hold_id, lines in each.granted.items():
                claims = session.exec(select(Reservation).where(Reservation.admission_key == f"hold/{hold_id}")).all()
                held = {skus[claim.item_id]: claim.open_quantity for claim in claims}
                assert held == (dict.fromkeys(lines, 0) if hold_id in each.let_go | each.ordered else lines)
        granted = sum(len(each.granted) + len(each.ordered) for each in answered) + BEFORE + 1
        assert session.exec(select(func.count(sa.distinct(col(Reservation.admission_key))))).one() == granted


def promised(session: Session) -> list[Movement]:
    """Ledger rows of promises that took more than was there; the first is one too many."""
    there = col(Movement.on_hand_after) - col(Movement.unavailable_after) - col(Movement.suppressed_after)
    too_many = select(Movement).where(Movement.reason == Reason.RESERVED, col(Movement.reserved_after) > there)
    return list(session.exec(too_many))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_several_processes_promise_each_unit_once_and_one_is_killed(
    shop: tuple[Shop, str], database_url: str, tmp_path: Path
):
    with serving(tmp_path, database_url, [["web", "--host", "127.0.0.1", "--port", "0"]] * 3) as processes:
        check(shop[0], race(processes, shop[1], doomed=processes[1]))

    with db.reading() as session:
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert session.execute(sa.text(deadlocks)).scalar_one() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_one_command_on_its_own_file_promises_each_unit_once(
    shop: tuple[Shop, str], database_url: str, tmp_path: Path
):
    with serving(tmp_path, database_url, [["run", "--no-demo", "--port", "0"]]) as processes:
        check(shop[0], race(processes, shop[1]))
