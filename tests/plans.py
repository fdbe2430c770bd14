"""How the database would find what a statement asks for: every statement of a block, explained in its own transaction.

A table that only ever grows must be entered by an index that leads to what is wanted. Read from its beginning to its
end, it costs more each day, in silence. SQLite plans by the schema alone; PostgreSQL is told not to read whole tables
while it can help it, so that what still does has no index to go by, however few rows a test has.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from app import db

FEW = frozenset({
    "node", "node_terms", "store", "store_hours", "store_exception", "region", "channel", "channel_node",
    "rule_version", "staging_location", "heard", "stale_node", "source_cursor", "event_stream", "board_tally",
    "touched", "shortfall", "device", "associate", "api_client", "alembic_version",
    "receiver", "duty", "circuit", "node_heartbeat", "policy_version",
})  # fmt: skip
"""Few rows in any shop; `touched` and `shortfall` hold what waits for somebody, not what was."""
ENOUGH_ROWS = 500
"""With fewer, PostgreSQL may well go through all entries of an index in a table it would search in a real shop."""

_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b|\$\d+|%s")


@dataclass
class Plans:
    """Each kind of statement once, and the whole readings in it that grow with the past."""

    seen: dict[str, list[str]] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)

    @property
    def whole_readings(self) -> list[str]:
        return [f"{reading} in: {sql}" for sql, readings in self.seen.items() for reading in readings]

    def is_new(self, sql: str) -> bool:
        kind = _LITERAL.sub("?", sql)
        is_new = kind not in self.seen
        self.seen.setdefault(kind, [])
        return is_new

    def read(self, sql: str, readings: list[str]) -> None:
        self.seen[_LITERAL.sub("?", sql)] = readings


@contextmanager
def explained() -> Iterator[Plans]:
    """Every statement this process sends in the block, through SQLAlchemy or past it."""
    plans, engine = Plans(), db.current().engine
    watch = _watch_sqlite if db.is_sqlite() else _watch_postgresql
    with watch(engine, plans):
        yield plans


@contextmanager
def _watch_sqlite(engine: sa.Engine, plans: Plans) -> Iterator[None]:
    """By the driver's own trace, which fills in what is bound: a partial index is used only for what it holds."""
    traced: set[sqlite3.Connection] = set()

    def note(sql: str) -> None:
        if sql.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")) and plans.is_new(sql):
            plans.waiting[_LITERAL.sub("?", sql)] = sql

    def trace(connection: Any, *_: Any) -> None:
        traced.add(connection)
        connection.set_trace_callback(note)

    sa.event.listen(engine, "checkout", trace)
    try:
        yield
    finally:
        sa.event.remove(engine, "checkout", trace)
        for connection in traced:
            connection.set_trace_callback(None)
    with engine.connect() as look:
        for sql in plans.waiting.values():
            steps = look.connection.cursor().execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
            plans.read(sql, [step[3] for step in steps if _is_whole_on_sqlite(step[3], sql)])


def _is_whole_on_sqlite(step: str, sql: str) -> bool:
    """Of a partial index all that it holds may be read: it holds what waits, not what was."""
    if sql.startswith("INSERT") and "SELECT" not in sql:
        return False  # it names what points at the new row, and looks there only to mend what was broken before
    said = re.fullmatch(r"SCAN (\S+)(?: USING (?:COVERING )?INDEX (\S+))?.*", step)
    if said is None or said[1] in ("CONSTANT", "given") or said[1].isdigit():
        return False
    named = re.search(rf'"?(\w+)"? (?:AS )?"?{re.escape(said[1])}"?(?!\w)', sql)
    table = said[1] if said[1] in _tables() else named[1] if named and named[1] in _tables() else said[1]
    return table not in FEW and said[2] not in _partial() and table in _tables()


@contextmanager
def _watch_postgresql(engine: sa.Engine, plans: Plans) -> Iterator[None]:
    large = _large(engine)

    def explain(connection: Any, _cursor: Any, sql: str, given: Any, _context: Any, is_many: bool) -> None:
        if sql.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")) and plans.is_new(sql):
            cursor = connection.connection.cursor()
            cursor.execute("SET enable_seqscan = off")
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", given[0] if is_many and isinstance(given, list) else given)
            found = cursor.fetchone()[0]
            plan = json.loads(found) if isinstance(found, str) else found
            plans.read(sql, list(_whole_on_postgresql(plan[0]["Plan"], large)))
            cursor.execute("SET enable_seqscan = on")

    sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", explain)


def _whole_on_postgresql(node: dict[str, Any], large: frozenset[str], table: str = "") -> Iterator[str]:
    table, index, kind = node.get("Relation Name", table), node.get("Index Name"), node["Node Type"]
    is_led = "Index Cond" in node or index in _partial()
    has_no_index = kind == "Seq Scan" and table in _tables() - FEW
    if has_no_index or (index is not None and not is_led and table in large):
        yield f"{kind} of {table}" + (f" by {index}" if index else "")
    for below in node.get("Plans", ()):
        yield from _whole_on_postgresql(below, large, table if kind == "Bitmap Heap Scan" else "")


def _large(engine: sa.Engine) -> frozenset[str]:
    told = f"SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= {ENOUGH_ROWS}"
    with engine.connect() as look:
        return frozenset(look.exec_driver_sql(told).scalars()) & _tables() - FEW


def _tables() -> frozenset[str]:
    return frozenset(SQLModel.metadata.tables)


def _partial() -> frozenset[str]:
    indexes = (index for table in SQLModel.metadata.tables.values() for index in table.indexes)
    return frozenset(str(index.name) for index in indexes if index.dialect_options["sqlite"]["where"] is not None)
