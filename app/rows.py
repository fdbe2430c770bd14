"""Many rows at once: whole columns go to the database together, because the mapper is thirty times slower.

How they are said to each database stands in `rows_postgresql` and `rows_sqlite`.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, UTCDateTime

from app import rows_postgresql, rows_sqlite
from app.rows_postgresql import Statement

Columns = Mapping[str, Sequence[Any]]
Names = tuple[str, ...]


@dataclass(frozen=True)
class Insert:
    """Rows to add; `skip_taken` leaves out those whose unique key is there already."""

    model: type[SQLModel]
    columns: Columns
    skip_taken: bool = False

    def on_sqlite(self) -> str:
        return rows_sqlite.insert(_table(self.model), tuple(self.columns), self.skip_taken)

    def on_postgresql(self) -> Statement:
        return rows_postgresql.insert(_table(self.model), tuple(self.columns), self.skip_taken)

    def bound(self, dialect: Dialect) -> list[list[Any]]:
        return _bound(self.model, self.columns, dialect)


@dataclass(frozen=True)
class Add:
    """Amounts to add to the rows that have these very keys."""

    model: type[SQLModel]
    keys: Columns
    amounts: Columns = field(default_factory=dict)

    def on_sqlite(self) -> str:
        return rows_sqlite.add(_table(self.model), tuple(self.keys), tuple(self.amounts))

    def on_postgresql(self) -> Statement:
        return rows_postgresql.add(_table(self.model), tuple(self.keys), tuple(self.amounts))

    def bound(self, dialect: Dialect) -> list[list[Any]]:
        return _bound(self.model, self.keys, dialect) + _bound(self.model, self.amounts, dialect)


@dataclass(frozen=True)
class Raise:
    """Values these rows shall have at least: a row that is not there is made, a greater value stays."""

    model: type[SQLModel]
    keys: Columns
    values: Columns

    def on_sqlite(self) -> str:
        return rows_sqlite.lift(_table(self.model), tuple(self.keys), tuple(self.values))

    def on_postgresql(self) -> Statement:
        return rows_postgresql.lift(_table(self.model), tuple(self.keys), tuple(self.values))

    def bound(self, dialect: Dialect) -> list[list[Any]]:
        return _bound(self.model, self.keys, dialect) + _bound(self.model, self.values, dialect)


@dataclass(frozen=True)
class Set:
    """Values for the rows that have these very keys, each only as long as what is guarded is still as it was seen."""

    model: type[SQLModel]
    keys: Columns
    values: Columns
    guard: Columns = field(default_factory=dict)

    def on_sqlite(self) -> str:
        return rows_sqlite.put(_table(self.model), tuple(self.keys), tuple(self.guard), tuple(self.values))

    def on_postgresql(self) -> Statement:
        return rows_postgresql.put(_table(self.model), tuple(self.keys), tuple(self.guard), tuple(self.values))

    def bound(self, dialect: Dialect) -> list[list[Any]]:
        return [bound for each in (self.keys, self.guard, self.values) for bound in _bound(self.model, each, dialect)]


Write = Insert | Add | Raise | Set


def write(session: Session, *writes: Write) -> tuple[int, ...]:
    """How many rows each of them wrote."""
    session.flush()
    connection = session.connection()
    bound = [each.bound(connection.dialect) for each in writes]
    if connection.dialect.name == "sqlite":
        said = zip(writes, bound, strict=True)
        return tuple(_written(connection, each.on_sqlite(), columns) for each, columns in said)
    are_alike = [rows_postgresql.alike(columns) for columns in bound]
    sql = rows_postgresql.at_once(tuple(each.on_postgresql() for each in writes), tuple(are_alike))
    given = [value for each in zip(bound, are_alike, strict=True) for value in rows_postgresql.in_turn(*each)]
    return tuple(connection.exec_driver_sql(sql, tuple(given)).one())


def _written(connection: Connection, sql: str, columns: list[list[Any]]) -> int:
    with _in_our_words(connection, sql):
        return int(connection.connection.cursor().executemany(sql, list(zip(*columns, strict=True))).rowcount)


@contextmanager
def _in_our_words(connection: Connection, sql: str) -> Iterator[None]:
    """SQLite is asked past the mapper, which takes longer than the asking; what goes wrong is said in its words."""
    try:
        yield
    except sqlite3.Error as trouble:
        raise DBAPIError.instance(sql, None, trouble, sqlite3.Error, dialect=connection.dialect) from trouble


def find(session: Session, model: type[SQLModel], wanted: Names, keys: Columns, *, locked: bool = False) -> list[Any]:
    """The wanted columns of the rows with these keys, in the order of the keys; `locked` until the transaction ends.

    Tuples, as the driver has them: on SQLite an instant is text.
    """
    session.flush()
    connection = session.connection()
    bound = _bound(model, keys, connection.dialect)
    if connection.dialect.name == "sqlite":  # its writer is alone: nobody to lock out
        given = list(dict.fromkeys(zip(*bound, strict=True)))
        if not given:
            return []
        sql = rows_sqlite.find(_table(model), wanted, tuple(keys), len(given))
        with _in_our_words(connection, sql):
            return list(connection.connection.cursor().execute(sql, [each for row in given for each in row]))
    sql = rows_postgresql.find(_table(model), wanted, tuple(keys), locked)
    return list(connection.exec_driver_sql(sql, tuple(bound)))


def given(columns: Mapping[str, Sequence[int]]) -> sa.CTE:
    """Keys as a table to join with, for a query of its own: told `(a, b) IN (…)`, SQLite reads the whole table."""
    named = [sa.column(name, sa.Integer) for name in columns]
    return sa.values(*named, name="keys").data(list(zip(*columns.values(), strict=True))).cte("given")


def _table(model: type[SQLModel]) -> sa.Table:
    return model.__table__  # type: ignore[attr-defined, no-any-return]


def _bound(model: type[SQLModel], columns: Columns, dialect: Dialect) -> list[list[Any]]:
    processors = _processors(_table(model), tuple(columns), dialect)
    return [_processed(process, values) if process else list(values)
            for process, values in zip(processors, columns.values(), strict=True)]  # fmt: skip


@cache
def _processors(table: sa.Table, names: Names, dialect: Dialect) -> tuple[Any, ...]:
    return tuple(_processor(table.c[name], dialect) for name in names)


def _processed(process: Any, values: Sequence[Any]) -> list[Any]:
    """Rows written together mostly share their instant: what was just processed need not be again."""
    done, before, last = [], object(), None
    for value in values:
        if value is not before:
            before, last = value, process(value)
        done.append(last)
    return done


def _processor(column: "sa.Column[Any]", dialect: Dialect) -> Any:
    """The type's own, but for instants on SQLite, where it takes six times as long to the very same text."""
    if isinstance(column.type, UTCDateTime) and dialect.name == "sqlite":
        return utc_text
    if isinstance(column.type, sa.Enum):
        words: dict[str | None, str | None] = {None: None, **{word: word for word in column.type.enums}}
        return words.__getitem__
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def utc_text(instant: datetime | None) -> str | None:
    """An instant of any zone as the text in UTC that the mapper would write."""
    if instant is None:
        return None
    if instant.tzinfo is not UTC:
        if instant.tzinfo is None:
            raise ValueError("An instant has its offset.")
        instant = instant.astimezone(UTC)
    return instant.isoformat(" ", "microseconds")[:26]
