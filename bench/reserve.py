"""How fast promises are given through the public verb, against the least a promise could cost with a bare driver.

Ours has everything on: the key whose answer is kept, the safety floor, the ledger, the claims. The rivals are one
guarded UPDATE, a reservation and a ledger row by psycopg 3 (in three statements, and as one), and by sqlite3. Over
HTTP, of one web process, it is said beside a request that asks for nothing.
"""

import argparse
import itertools
import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from queue import SimpleQueue
from statistics import median, quantiles
from threading import Event, Thread, local
from time import perf_counter
from typing import Any

import psycopg

from app import db, migrations
from app.oms import desk
from app.oms.admission import Request, Wish
from app.oms.reservation import ReservationState
from bench import over_http
from bench.claims import at_least, at_most, finish
from bench.places import PLACES
from tests.oms.shop import Shop, open_shop

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECONDS, QUICK = 6.0, 0.03
TURNS = 3
CALLERS = (1, 8, 32)
ITEMS = 64
PLENTY = 10_000_000
Call = Callable[[int], Any]
"""Reserve one unit for the so-manyth time; raises when it could not."""


def run(call: Call, callers: int, seconds: float) -> dict[str, float]:
    """So many callers, each at once with its next call: calls a second, and how long one waits."""
    numbers, waits, over = itertools.count(), [], Event()

    def work(_: int) -> None:
        mine: list[float] = []
        while not over.is_set() or len(mine) < 2:
            began = perf_counter()
            call(next(numbers))
            mine.append(perf_counter() - began)
        waits.extend(mine)

    began = perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        working = [pool.submit(work, n) for n in range(callers)]
        over.wait(seconds)
        over.set()
        for each in working:
            each.result()
    took = perf_counter() - began
    cuts = quantiles(waits, n=100, method="inclusive")
    return {
        "per_second": round(len(waits) / took),
        "p99_ms": round(cuts[98] * 1000, 2),
        "max_ms": round(max(waits) * 1000, 1),
    }


@contextmanager
def ours(url: str) -> Iterator[Callable[[bool], Call]]:
    migrations.upgrade(url)
    db.connect(url)
    with db.transaction() as session:
        shop = open_shop(session, AT, milk=PLENTY)
        items = _more_items(session, shop)
    series = itertools.count()

    def calls(is_hot: bool) -> Call:
        run_no = next(series)

        def call(number: int) -> None:
            item = shop.milk if is_hot else items[number % ITEMS]
            wish = Wish(item_id=item, node_id=shop.node_id, quantity=1)
            desk.ask(Request(key=f"{run_no}/{number}", wishes=(wish,), state=ReservationState.HARD, document="bench",
                             actor="bench", at=AT)).or_refuse()  # fmt: skip

        return call

    yield calls
    desk.close()
    db.disconnect()


def http(url: str, seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    """In the shop that `ours` has opened."""
    db.connect(url)
    with over_http.asking(url) as ask:
        calls = over_http.reservations(ask, ["MILK", *(f"S{n}" for n in range(ITEMS))])
        empty = {f"empty_{callers}": run(over_http.nothing(ask), callers, seconds) for callers in CALLERS}
        return {"http": measured(calls, seconds), "http_floor": empty}


def _more_items(session: Any, shop: Shop) -> list[int]:
    from app.oms import inventory
    from app.oms.item import Item

    items = [Item(sku=f"S{n}", name="Thing") for n in range(ITEMS)]
    session.add_all(items)
    session.flush()
    inventory.record(session, [shop.stock(item.id, PLENTY) for item in items], shop.cause())
    return [item.id for item in items]


BARE = (
    """CREATE TABLE IF NOT EXISTS bare_level (item int PRIMARY KEY, on_hand int NOT NULL, reserved int NOT NULL,
                                              version int NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS bare_reservation (key text PRIMARY KEY, item int NOT NULL, qty int NOT NULL)",
    """CREATE TABLE IF NOT EXISTS bare_ledger (item int NOT NULL, version int NOT NULL, d int NOT NULL,
                                               after int NOT NULL, at text NOT NULL, UNIQUE (item, version))""",
)
GUARDED = (
    "UPDATE bare_level SET reserved = reserved + 1, version = version + 1 WHERE item = {m} AND on_hand - reserved >= 1"
)
CLAIM, ROW = (
    "INSERT INTO bare_reservation VALUES ({m}, {m}, 1)",
    "INSERT INTO bare_ledger VALUES ({m}, {m}, 1, {m}, 'now')",
)
AT_ONCE = f"""
WITH level AS ({GUARDED.format(m="%(item)s")} RETURNING version, reserved),
     claim AS (INSERT INTO bare_reservation SELECT %(key)s, %(item)s, 1 FROM level),
     entry AS (INSERT INTO bare_ledger SELECT %(item)s, version, 1, reserved, 'now' FROM level)
SELECT count(*) FROM level
"""


@contextmanager
def bare_postgresql(url: str, *, in_one: bool) -> Iterator[Callable[[bool], Call]]:
    with psycopg.connect(url, autocommit=True) as setup:
        for sql in BARE:
            setup.execute(sql)
        setup.cursor().executemany(
            "INSERT INTO bare_level VALUES (%s, %s, 0, 0) ON CONFLICT DO NOTHING",
            [(n, PLENTY) for n in range(ITEMS + 1)],
        )
    kept, series = local(), itertools.count()

    def connection() -> "psycopg.Connection[Any]":
        if not hasattr(kept, "connection"):
            kept.connection = psycopg.connect(url, autocommit=in_one)
        return kept.connection  # type: ignore[no-any-return]

    def calls(is_hot: bool) -> Call:
        run_no = next(series)

        def call(number: int) -> None:
            item, key, link = 0 if is_hot else 1 + number % ITEMS, f"{in_one}/{run_no}/{number}", connection()
            if in_one:
                link.execute(AT_ONCE, {"item": item, "key": key})
                return
            version, reserved = link.execute(
                GUARDED.format(m="%s") + " RETURNING version, reserved", (item,)
            ).fetchone()  # type: ignore[misc]
            link.execute(CLAIM.format(m="%s"), (key, item))
            link.execute(ROW.format(m="%s"), (item, version, reserved))
            link.commit()

        return call

    yield calls
    with psycopg.connect(url, autocommit=True) as setup:
        setup.execute("DROP TABLE IF EXISTS bare_level, bare_reservation, bare_ledger")


@contextmanager
def bare_sqlite(url: str) -> Iterator[Callable[[bool], Call]]:
    """One writer with group commit, three statements for each of those who wait."""
    link = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    for sql in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", *BARE):
        link.execute(sql)
    link.executemany("INSERT INTO bare_level VALUES (?, ?, 0, 0)", [(n, PLENTY) for n in range(ITEMS + 1)])
    waiting: SimpleQueue[Any] = SimpleQueue()
    writer = Thread(target=_write, args=(link, waiting), daemon=True)
    writer.start()
    series = itertools.count()

    def calls(is_hot: bool) -> Call:
        run_no = next(series)

        def call(number: int) -> None:
            done = Event()
            waiting.put((0 if is_hot else 1 + number % ITEMS, f"{run_no}/{number}", done))
            done.wait()

        return call

    yield calls
    waiting.put(None)
    writer.join()
    link.close()


def _write(link: sqlite3.Connection, waiting: "SimpleQueue[Any]") -> None:
    while (first := waiting.get()) is not None:
        link.execute("BEGIN IMMEDIATE")
        batch = [first]
        while not waiting.empty() and len(batch) < 512 and (following := waiting.get()) is not None:
            batch.append(following)
        for item, key, _ in batch:
            version, reserved = link.execute(GUARDED.format(m="?") + " RETURNING version, reserved", (item,)).fetchone()
            link.execute(CLAIM.format(m="?"), (key, item))
            link.execute(ROW.format(m="?"), (item, version, reserved))
        link.execute("COMMIT")
        for _, _, done in batch:
            done.set()


def in_turn(rivals: dict[str, Any], seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    """Each of them several times, one after the other: a machine that slows down slows all, and the usual counts."""
    with ExitStack() as opened:
        rounds: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in rivals}
        calls = {name: opened.enter_context(rival) for name, rival in rivals.items()}
        for turn in range(TURNS):
            for name in sorted(calls, reverse=bool(turn % 2)):
                rounds[name].append(measured(calls[name], seconds / TURNS))
        return {name: usual(each) for name, each in rounds.items()}


def usual(rounds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The median of each figure; of the longest waits the longest."""
    return {case: {what: (max if what == "max_ms" else median)(each[case][what] for each in rounds)
                   for what in rounds[0][case]} for case in rounds[0]}  # fmt: skip


def measured(calls: Callable[[bool], Call], seconds: float) -> dict[str, dict[str, float]]:
    return {
        f"{'hot' if is_hot else 'spread'}_{callers}": run(calls(is_hot), callers, seconds)
        for is_hot in (True, False) for callers in CALLERS
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.reserve", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} seconds each")
    seconds = QUICK if parser.parse_args().quick else SECONDS
    figures: dict[str, Any] = {}
    with PLACES["postgresql"]() as url:
        rivals = {"bare_three": bare_postgresql(url, in_one=False), "bare_one": bare_postgresql(url, in_one=True)}
        figures |= in_turn({"postgresql": ours(url)} | rivals, seconds)
        figures |= {f"postgresql_{name}": found for name, found in http(url, seconds).items()}
    with PLACES["sqlite"]() as url:
        figures |= in_turn(
            {"sqlite": ours(url), "bare_sqlite": bare_sqlite(url.replace("shop.db", "bare.db"))}, seconds
        )
        figures |= {f"sqlite_{name}": found for name, found in http(url, seconds).items()}
    for who, found in figures.items():
        print(
            f"{who:<21}"
            + "  ".join(f"{case} {each['per_second']:>6,}/s p99 {each['p99_ms']:>6} ms" for case, each in found.items())
        )
    return finish("reserve", figures, _goals(figures))


def _goals(figures: dict[str, Any]) -> dict[str, dict[str, Any]]:
    def ratio(ours: str, bare: str, case: str, what: str = "per_second") -> float:
        return float(round(figures[ours][case][what] / figures[bare][case][what], 3))

    return {
        "postgresql_hot_32": at_least(ratio("postgresql", "bare_three", "hot_32"), 5),
        "postgresql_hot_32_p99": at_most(ratio("postgresql", "bare_three", "hot_32", "p99_ms"), 0.1),
        "postgresql_spread_32": at_least(ratio("postgresql", "bare_one", "spread_32"), 1),
        "postgresql_one_caller": at_least(ratio("postgresql", "bare_three", "hot_1"), 0.6),
        "sqlite_8": at_least(ratio("sqlite", "bare_sqlite", "hot_8"), 0.6),
        "sqlite_longest_wait_ms": at_most(max(each["max_ms"] for each in figures["sqlite"].values()), 100),
    }


if __name__ == "__main__":
    sys.exit(main())
