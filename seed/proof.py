"""The race for the last units of one item, run for whoever doubts it: several processes, many clients, one shelf.

It runs in a database of its own, made for the race and thrown away: a new file beside the shop's, or a new database on
the same PostgreSQL server. Some units are promised before the race begins, because that is where others oversold.
"""

import multiprocessing
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from app import db, migrations
from app.oms import admission, books, inventory
from app.oms.admission import Request, Wish
from app.oms.desk import Desk
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.reservation import ReservationState
from app.people import api_client
from seed import proof_over_http

TRIES = 3
"""Clients ask for so many times the units that are left."""
START_LIMIT_S = 120.0  # whoever is not at the line by then never comes


@dataclass(frozen=True)
class Race:
    """Who runs, for what."""

    clients: int = 32
    processes: int = 4
    units: int = 100
    is_over_http: bool = False

    @property
    def promised_before(self) -> int:
        return self.units // 10


@dataclass(frozen=True)
class Outcome:
    """What came of it; it holds when every unit was promised once and the books add up."""

    units: int
    promised_before: int
    asked: int
    granted: int
    wrong: tuple[str, ...]
    seconds: float

    @property
    def oversold(self) -> int:
        return self.promised_before + self.granted - self.units

    @property
    def holds(self) -> bool:
        return self.oversold == 0 and not self.wrong

    @property
    def figures(self) -> dict[str, Any]:
        return asdict(self) | {"oversold": self.oversold, "holds": self.holds}

    def lines(self) -> Iterator[str]:
        yield f"{self.units} units, {self.promised_before} of them promised before the race."
        refused = self.asked - self.granted
        yield f"{self.asked} requests in {self.seconds:.1f} s: {self.granted} granted, {refused} refused."
        yield from self.wrong
        wrong = f"Oversold by {self.oversold}." if self.oversold >= 0 else f"Promised to nobody: {-self.oversold}."
        yield "Never oversold: every unit was promised exactly once." if self.holds else wrong


def run(url: str, race: Race, *, at: datetime | None = None) -> Outcome:
    """The race on a database like the shop's."""
    with _database_like(url) as own:
        migrations.upgrade(own)
        began_at = at or datetime(2026, 1, 1, tzinfo=UTC)
        shelf = _shelf(own, race, began_at)
        key = _key(own, began_at)
        began = perf_counter()
        granted = _race(_Work(own, race, shelf, began_at, key))
        took = perf_counter() - began
        return Outcome(race.units, race.promised_before, _asked(race), granted, _wrong(own), round(took, 2))


def _asked(race: Race) -> int:
    return race.processes * -(-TRIES * race.units // race.processes)


@contextmanager
def _database_like(url: str) -> Iterator[str]:
    if url.startswith("sqlite"):
        beside = Path(url.removeprefix("sqlite:///")).parent
        beside.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="readyshelf-proof-", dir=beside) as folder:
            yield f"sqlite:///{folder}/proof.db"
        return
    name = f"readyshelf_proof_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _shelf(url: str, race: Race, at: datetime) -> tuple[int, int]:
    """The hot item and where it stands, a tenth of it promised already."""
    db.connect(url)
    with db.transaction() as session:
        node, item = Node(kind=NodeKind.STORE, code="PROOF", name="Proof"), Item(sku="HOT", name="Hot item")
        session.add_all([node, item])
        session.flush()
        cause = Cause(reason=Reason.OPENING, document="opening/proof", actor="proof", occurred_at=at, recorded_at=at)
        inventory.record(session, [Change(item_id=item.id, node_id=node.id, on_hand=race.units)], cause)
        shelf = (item.id, node.id)
        admission.admit(session, [_request(shelf, f"before/{n}", at) for n in range(race.promised_before)])
    db.disconnect()
    return shelf


def _key(url: str, at: datetime) -> str:
    """For who asks over HTTP."""
    db.connect(url)
    with db.transaction() as session:
        key = api_client.issue_key(session, name="proof", at=at)
    db.disconnect()
    return key


def _request(shelf: tuple[int, int], key: str, at: datetime) -> Request:
    wish = Wish(item_id=shelf[0], node_id=shelf[1], quantity=1)
    return Request(key=key, wishes=(wish,), state=ReservationState.HARD, document=key, actor="proof", at=at)


def _race(work: "_Work") -> int:
    """Each process in an interpreter of its own, all held at the line until everybody is there."""
    spawn, processes = multiprocessing.get_context("spawn"), work.race.processes
    line = spawn.Barrier(processes, timeout=START_LIMIT_S)
    with ProcessPoolExecutor(processes, spawn, _take_place, (line,)) as pool:
        return sum(pool.map(_clients, [replace(work, number=number) for number in range(processes)]))


_line: list[Any] = []


def _take_place(line: Any) -> None:
    _line[:] = [line]


@dataclass(frozen=True)
class _Work:
    """What one process is told."""

    url: str
    race: Race
    shelf: tuple[int, int]
    at: datetime
    key: str
    number: int = 0


def _clients(work: _Work) -> int:
    tries = [f"client/{work.number}/{n}" for n in range(_asked(work.race) // work.race.processes)]
    way = proof_over_http.door(work.url, work.key) if work.race.is_over_http else _desk(work)
    with way as ask, ThreadPoolExecutor(max(1, work.race.clients // work.race.processes)) as clients:
        _line[0].wait()
        granted = sum(clients.map(ask, tries))
    db.disconnect()
    return granted


@contextmanager
def _desk(work: _Work) -> Iterator[Callable[[str], bool]]:
    db.connect(work.url)
    desk = Desk()
    yield lambda key: desk.ask(_request(work.shelf, key, work.at)).is_granted
    desk.close()


def _wrong(url: str) -> tuple[str, ...]:
    db.connect(url)
    with db.reading() as session:
        wrong = (*books.unexplained_balances(session), *books.unexplained_claims(session))
    db.disconnect()
    return wrong
