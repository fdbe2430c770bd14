"""How fast real baskets become orders and stock events, against the same rows written by the bare driver.

The shop does all its work for a basket: guarded reservation, ledger, hash-chained event, projection, outbox. The bare
driver writes the very rows that came out of it, in as many transactions, on the same machine in the same run.
"""

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from time import perf_counter
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlmodel import SQLModel

from app import db, migrations
from app.events import log
from app.oms import books
from app.pickup import tally
from app.reactions import REACTIONS
from bench.claims import at_most, finish
from bench.places import places
from seed import replay
from seed.replay_report import Report
from seed.streams import Happening, Stream, World, open_stream

DAY = date(2017, 6, 17)
QUICK = 150
WRITTEN = ("customer", "order", "order_line", "fulfilment", "reservation", "movement", "event", "outbox_message",
           "pickup_task", "pickup_link", "notice", "exception_case")  # fmt: skip
SLOWEST = {"sqlite": 250.0, "postgresql": 120.0}
"""The shop may take so many times as long as the bare driver does for the same rows; some noise is allowed for."""


@dataclass
class Slice:
    """The first so many happenings of a stream, in the world of all of it."""

    stream: Stream
    total: int

    @property
    def title(self) -> str:
        return self.stream.title

    def world(self) -> World:
        return self.stream.world()

    def events(self) -> Iterator[Happening]:
        return islice(self.stream.events(), self.total)


def measure(url: str, stream: Any) -> dict[str, Any]:
    migrations.upgrade(url)
    db.connect(url)
    log.react_with(REACTIONS)
    report = Report(stream.title)
    replay.replay(stream, replay.MAX, datetime(2017, 6, 17, tzinfo=UTC), report, channel="bench")
    rows = _rows_written()
    untrue = _untrue()
    db.disconnect()
    transactions = -(-stream.total // replay.GROUP)
    bare = (
        _bare_sqlite(url, rows, transactions) if url.startswith("sqlite") else _bare_postgresql(url, rows, transactions)
    )
    return report.figures | {
        "rows": sum(len(table) for table in rows.values()), "bare_seconds": round(bare, 4),
        "times_the_bare_driver": round(report.seconds / bare, 1), "untrue": untrue,
    }  # fmt: skip


def _rows_written() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tables a basket writes, as the driver has them; opening stock is left out."""
    found = {}
    with db.reading() as session:
        for name in WRITTEN:
            table = SQLModel.metadata.tables[name]
            query = 'SELECT * FROM "%s"' % name + (" WHERE reason <> 'opening'" if name == "movement" else "")  # noqa: UP031
            found[table.name] = [tuple(_plain(value) for value in row) for row in session.execute(sa.text(query))]
    return {name: rows for name, rows in found.items() if rows}


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _parts(rows: list[tuple[Any, ...]], number: int) -> list[list[tuple[Any, ...]]]:
    size = -(-len(rows) // number)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _bare_sqlite(url: str, rows: dict[str, list[tuple[Any, ...]]], transactions: int) -> float:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    for name in rows:
        connection.execute(f'CREATE TABLE "bare_{name}" AS SELECT * FROM "{name}" WHERE 0')
    parts = {name: _parts(table, transactions) for name, table in rows.items()}
    began = perf_counter()
    for turn in range(transactions):
        connection.execute("BEGIN IMMEDIATE")
        for name, chunks in parts.items():
            if turn < len(chunks):
                marks = ", ".join("?" * len(chunks[turn][0]))
                connection.executemany(f'INSERT INTO "bare_{name}" VALUES ({marks})', chunks[turn])
        connection.execute("COMMIT")
    took = perf_counter() - began
    connection.close()
    return took


def _bare_postgresql(url: str, rows: dict[str, list[tuple[Any, ...]]], transactions: int) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        for name in rows:
            names = sql.Identifier(f"bare_{name}"), sql.Identifier(name)
            connection.execute(sql.SQL("CREATE TABLE {} (LIKE {})").format(*names))
        parts = {name: _parts(table, transactions) for name, table in rows.items()}
        began = perf_counter()
        for turn in range(transactions):
            with connection.transaction(), connection.cursor() as cursor:
                for name, chunks in parts.items():
                    if turn < len(chunks):
                        marks = sql.SQL(", ").join(sql.Placeholder() * len(chunks[turn][0]))
                        insert = sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(f"bare_{name}"), marks)
                        cursor.executemany(insert, chunks[turn])
        return perf_counter() - began


def _untrue() -> int:
    with db.reading() as session:
        checks = (books.unexplained_balances, books.unexplained_claims, log.broken_links, tally.untrue)
        return sum(1 for check in checks for _ in check(session))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"the first {QUICK} baskets only")
    is_quick = parser.parse_args().quick
    stream = open_stream("completejourney", first=DAY, last=DAY)
    played = Slice(stream, min(QUICK, stream.total) if is_quick else stream.total)
    figures = {}
    for name, place in places(is_quick=is_quick).items():
        with place() as url:
            figures[name] = measure(url, played)
    goals: dict[str, Any] = {}
    for name, found in figures.items():
        print(
            f"{name:<11} {found['orders_per_second']:>8,.1f} orders/s  {found['stock_events_per_second']:>9,.1f} stock "
            f"events/s  {found['rows']:>8,} rows  {found['times_the_bare_driver']:>6.1f} × the bare driver"
        )
        goals[f"{name}_ratio"] = at_most(found["times_the_bare_driver"], SLOWEST[name])
        goals[f"{name}_untrue"] = at_most(found["untrue"], 0)
    return finish("replay", figures, goals)


if __name__ == "__main__":
    sys.exit(main())
