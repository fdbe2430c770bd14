"""How fast stock events are taken in, once each and onto the ledger, against a bare driver that only writes it down.

Ours has everything on: what was heard before is told apart, sources are numbered and their gaps known, items and nodes
are looked up, balances are locked and moved, the newest count is respected. The bare driver knows all that beforehand:
it writes the very same messages, movements and balances into the same tables of a new shop, in as many transactions;
whole columns at once on PostgreSQL, row by row in one call on SQLite.
"""

import argparse
import gc
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import psycopg
import sqlalchemy as sa

from app import db, migrations
from app.events import inbox
from app.events.inbox import Message
from app.oms import books, inventory, stock_intake, stock_words
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from bench.claims import at_least, at_most, finish
from bench.places import places

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
EVENTS, ALONE, BATCH = 50_000, 2_000, 1_000
QUICK = 20
"""A smoke run takes so many times fewer."""
ITEMS, STORES = 500, 4
TABLES = ("inbox_message", "movement")
Rows = dict[str, list[tuple[Any, ...]]]


def measure(place: Any, *, events: int, batch: int) -> dict[str, float]:
    with _shops(place):
        batches = list(_batches(events, batch))
        gc.freeze()  # what the bench itself holds is nobody's to walk over again and again
        began = perf_counter()
        for messages in batches:
            stock_intake.receive(messages, at=AT, owner="bench")
        ours = perf_counter() - began
        untrue, rows = _untrue(batches, events), _rows(events)
    with _shops(place) as url:
        write = bare_sqlite if url.startswith("sqlite") else bare_postgresql
        bare = write(url, rows, batch)
    return {
        "per_second": round(events / ours),
        "bare_per_second": round(events / bare),
        "share_of_bare": round(bare / ours, 3),
        "untrue": untrue,
    }


@contextmanager
def _shops(place: Any) -> Iterator[str]:
    with place() as url:
        migrations.upgrade(url)
        db.connect(url)
        _open_shops()
        yield url
        db.disconnect()


def _open_shops() -> None:
    with db.transaction() as session:
        nodes = [Node(kind=NodeKind.STORE, code=f"{n:03}", name=f"Store {n}") for n in range(STORES)]
        items = [Item(sku=f"SKU-{n:05}", name="Thing") for n in range(ITEMS)]
        session.add_all([*nodes, *items])
        session.flush()
        cause = Cause(reason=Reason.OPENING, document="opening", actor="bench", occurred_at=AT, recorded_at=AT)
        changes = [Change(item_id=item.id, node_id=node.id, on_hand=1000) for item in items for node in nodes]
        inventory.record(session, changes, cause)


def _batches(events: int, batch: int) -> Iterator[list[Message]]:
    """Sales and returns, numbered by their source, spread over stores and shelves."""
    messages = [
        Message(source=f"/tills/{number % STORES:03}", message_id=f"{number:012}", type=stock_words.ADJUSTED,
                sequence=number // STORES + 1, occurred_at=AT - timedelta(milliseconds=events - number),
                payload=inbox.written(_sale(number)))
        for number in range(events)
    ]  # fmt: skip
    for start in range(0, events, batch):
        yield messages[start : start + batch]


def _sale(number: int) -> dict[str, str]:
    return {"node": f"{number % STORES:03}", "sku": f"SKU-{number * 7919 % ITEMS:05}", "uom": "each",
            "delta": "1" if number % 10 == 0 else "-1", "reason": "return" if number % 10 == 0 else "sale",
            "document_ref": f"receipt/{number}"}  # fmt: skip


def _untrue(batches: Sequence[list[Message]], events: int) -> int:
    """Sent again, all of it is known; and the books add up."""
    again = [arrival.state for messages in batches for arrival in stock_intake.receive(messages, at=AT, owner="bench")]
    with db.reading() as session:
        rows = session.execute(sa.text("SELECT count(*) FROM movement WHERE reason <> 'opening'")).scalar_one()
        wrong = len(list(books.unexplained_balances(session)))
    return int(wrong + abs(rows - events) + sum(state != "duplicate" for state in again))


def _rows(events: int) -> Rows:
    """What was written, as the driver has it, and under "balance" where each movement left its balance."""
    with db.reading() as session:
        found = {
            name: session.execute(sa.text(f"SELECT * FROM {name} ORDER BY id DESC LIMIT {events}")) for name in TABLES
        }
        rows = {name: [tuple(row) for row in reversed(result.all())] for name, result in found.items()}
        left = "SELECT on_hand_after, version, item_id, node_id FROM movement ORDER BY id DESC LIMIT"
        rows["balance"] = [tuple(row) for row in reversed(session.execute(sa.text(f"{left} {events}")).all())]
    return rows


def bare_sqlite(url: str, rows: Rows, batch: int) -> float:
    link = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        link.execute(f"PRAGMA {pragma}")
    inserts = {name: f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[name][0]))})" for name in TABLES}
    parts = {name: _parts(table, batch) for name, table in rows.items()}
    began = perf_counter()
    for turn, balances in enumerate(parts["balance"]):
        link.execute("BEGIN IMMEDIATE")
        for name, insert in inserts.items():
            link.executemany(insert, parts[name][turn])
        link.executemany("UPDATE balance SET on_hand = ?, version = ? WHERE item_id = ? AND node_id = ?", balances)
        link.execute("COMMIT")
    took = perf_counter() - began
    link.close()
    return took


MOVED = """
UPDATE balance SET on_hand = left_at.on_hand, version = left_at.version
FROM unnest(%s::int[], %s::int[], %s::int[], %s::int[]) AS left_at(on_hand, version, item_id, node_id)
WHERE balance.item_id = left_at.item_id AND balance.node_id = left_at.node_id
"""


def bare_postgresql(url: str, rows: Rows, batch: int) -> float:
    with psycopg.connect(url, autocommit=True) as link:
        statements = {**{name: _insert_all(link, name) for name in TABLES}, "balance": MOVED}
        parts = {name: [_columns(part) for part in _parts(table, batch)] for name, table in rows.items()}
        began = perf_counter()
        for turn in range(len(parts["balance"])):
            with link.transaction():
                for name, statement in statements.items():
                    link.execute(statement, parts[name][turn])
        return perf_counter() - began


def _insert_all(link: "psycopg.Connection[Any]", name: str) -> str:
    columns = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
    arrays = ", ".join(f"%s::{kind}[]" for (kind,) in link.execute(f"{columns} ORDER BY attnum", (name,)))
    return f"INSERT INTO {name} SELECT * FROM unnest({arrays})"


def _columns(part: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*part, strict=True)]


def _parts(rows: list[tuple[Any, ...]], size: int) -> list[list[tuple[Any, ...]]]:
    """Of a balance moved several times in one transaction, only where it was left."""
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [list({row[2:]: row for row in part}.values()) if len(part[0]) == 4 else part for part in parts]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"a {QUICK}th of the events")
    is_quick = parser.parse_args().quick
    fewer = QUICK if is_quick else 1
    figures: dict[str, Any] = {}
    goals: dict[str, Any] = {}
    for name, place in places(is_quick=is_quick).items():
        figures[name] = {
            "in_batches": measure(place, events=EVENTS // fewer, batch=BATCH),
            "one_by_one": measure(place, events=ALONE // fewer, batch=1),
        }
        for how, found in figures[name].items():
            speed = f"{found['per_second']:>8,} events/s  bare {found['bare_per_second']:>8,} events/s"
            print(f"{name:<11} {how:<11} {speed}  share {found['share_of_bare']}")
            goals[f"{name}_{how}"] = at_least(found["share_of_bare"], 0.4)
        goals[f"{name}_untrue"] = at_most(sum(found["untrue"] for found in figures[name].values()), 0)
    return finish("ingest", figures, goals)


if __name__ == "__main__":
    sys.exit(main())
