"""Many rows at once: whole columns go to the database together, because the mapper is thirty times slower.

PostgreSQL takes all writes of a call as one statement, each column as one array, or once when all its values are the
same: a single trip. SQLite has no trips to save and runs each write row by row within one call of its driver.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlmodel import Session, SQLModel, UTCDateTime

Columns = Mapping[str, Sequence[Any]]
Names = tuple[str, ...]

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Insert:
    """Rows to add; `skip_taken` leaves out those whose unique key is there already."""

    model: type[SQLModel]
    columns: Columns
    skip_taken: bool = False

    def statement(self, *, is_sqlite: bool) -> str:
        write = _insert_each if is_sqlite else _insert_all
        return write(_table(self.model), tuple(self.columns), self.skip_taken)

    def bound(self, dialect: Dialect) -> list[list[Any]]:
        return _bound(self.model, self.columns, dialect)


@dataclass(frozen=True)
class Add:
    """Amounts to add to the rows that have these very keys."""

    model: type[SQLModel]
    keys: Columns
    amounts: Columns = field(default_factory=dict)

    def statement(self, *, is_sqlite: bool) -> str:
        write = _add_each if is_sqlite else _add_all
        return write(_table(self.model), tuple(self.keys), tuple(self.amounts))

    def bound(self, dialect: Dialect) -> list[list[Any]]:
        return _bound(self.model, self.keys, dialect) + _bound(self.model, self.amounts, dialect)


@dataclass(frozen=True)
class Raise:
    """Values these rows shall have at least: a row that is not there is made, a greater value stays."""

    model: type[SQLModel]
    keys: Columns
    values: Columns

    def statement(self, *, is_sqlite: bool) -> str:
        names = tuple(self.keys) + tuple(self.values)
        insert = (_insert_each if is_sqlite else _insert_all)(_table(self.model), names, False)
        return insert + _raised(_table(self.model), tuple(self.keys), tuple(self.values), is_sqlite)

    def bound(self, dialect: Dialect) -> list[list[Any]]:
        return _bound(self.model, self.keys, dialect) + _bound(self.model, self.values, dialect)


Write = Insert | Add | Raise


def write(session: Session, *writes: Write) -> tuple[int, ...]:
    """How many rows each of them wrote."""
    session.flush()
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    said = [(each.statement(is_sqlite=is_sqlite), each.bound(connection.dialect)) for each in writes]
    if is_sqlite:
        cursor = connection.connection.cursor()
        return tuple(cursor.executemany(sql, list(zip(*bound, strict=True))).rowcount for sql, bound in said)
    are_same = [_are_same(bound) for _, bound in said]
    sql = _all_at_once(tuple(sql for sql, _ in said), tuple(are_same))
    given = [value for (_, bound), same in zip(said, are_same, strict=True) for value in _in_turn(bound, same)]
    return tuple(connection.exec_driver_sql(sql, tuple(given)).one())


def find(session: Session, model: type[SQLModel], wanted: Names, keys: Columns, *, locked: bool = False) -> list[Any]:
    """The wanted columns of the rows with these keys, in the order of the keys; `locked` until the transaction ends."""
    session.flush()
    connection = session.connection()
    bound = _bound(model, keys, connection.dialect)
    if connection.dialect.name == "sqlite":  # its writer is alone: nobody to lock out
        given = list(dict.fromkeys(zip(*bound, strict=True)))
        if not given:
            return []
        sql = _find_each(_table(model), wanted, tuple(keys), len(given))
        return list(connection.exec_driver_sql(sql, tuple(value for row in given for value in row)))
    return list(connection.exec_driver_sql(_find_all(_table(model), wanted, tuple(keys), locked), tuple(bound)))


def given(columns: Mapping[str, Sequence[int]]) -> sa.CTE:
    """Keys as a table to join with, for a query of its own: told `(a, b) IN (…)`, SQLite reads the whole table."""
    named = [sa.column(name, sa.Integer) for name in columns]
    return sa.values(*named, name="keys").data(list(zip(*columns.values(), strict=True))).cte("given")


def _table(model: type[SQLModel]) -> sa.Table:
    return model.__table__  # type: ignore[attr-defined, no-any-return]


def _bound(model: type[SQLModel], columns: Columns, dialect: Dialect) -> list[list[Any]]:
    bound = []
    for name, values in columns.items():
        process = _processor(_table(model).c[name], dialect)
        bound.append(_processed(process, values) if process else list(values))
    return bound


def _processed(process: Any, values: Sequence[Any]) -> list[Any]:
    """Rows written together mostly share their instant: what was just processed need not be again."""
    done, before, last = [], object(), None
    for value in values:
        if value is not before:
            before, last = value, process(value)
        done.append(last)
    return done


@cache
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


@lru_cache(maxsize=1024)
def _find_each(table: sa.Table, wanted: Names, keys: Names, number: int) -> str:
    """A join, led by the keys: told `(a, b) IN (…)`, SQLite reads the whole table."""
    marks = ", ".join([f"({', '.join('?' * len(keys))})"] * number)
    names = ", ".join(f"k_{name}" for name in keys)
    same = " AND ".join(f'kept."{name}" = k_{name}' for name in keys)
    columns, order = (", ".join(f'kept."{name}"' for name in each) for each in (wanted, keys))
    given = f"WITH given({names}) AS (VALUES {marks})"
    return f'{given} SELECT {columns} FROM given CROSS JOIN "{table.name}" AS kept ON {same} ORDER BY {order}'


@cache
def _find_all(table: sa.Table, wanted: Names, keys: Names, locked: bool) -> str:
    given = f"(SELECT * FROM unnest({_arrays(table, keys)}))"
    end = " FOR UPDATE" if locked else ""
    return (
        f'SELECT {_listed(wanted)} FROM "{table.name}" WHERE ({_listed(keys)}) IN {given} ORDER BY {_listed(keys)}{end}'
    )


@cache
def _insert_each(table: sa.Table, names: Names, skip_taken: bool) -> str:
    marks = ", ".join("?" * len(names))
    return f'INSERT INTO "{table.name}" ({_listed(names)}) VALUES ({marks}){_end(skip_taken)}'


@cache
def _insert_all(table: sa.Table, names: Names, skip_taken: bool) -> str:
    return f'INSERT INTO "{table.name}" ({_listed(names)}) SELECT * FROM {_types(table, names)}{_end(skip_taken)}'


@cache
def _add_each(table: sa.Table, keys: Names, amounts: Names) -> str:
    """Numbered, because the statement names its amounts before its keys."""
    plus = ", ".join(f'"{name}" = "{name}" + ?{n}' for n, name in enumerate(amounts, len(keys) + 1))
    same = " AND ".join(f'"{name}" = ?{n}' for n, name in enumerate(keys, 1))
    return f'UPDATE "{table.name}" SET {plus} WHERE {same}'


@cache
def _add_all(table: sa.Table, keys: Names, amounts: Names) -> str:
    plus = ", ".join(f'"{name}" = kept."{name}" + c{n}' for n, name in enumerate(amounts, len(keys)))
    same = " AND ".join(f'kept."{name}" = c{n}' for n, name in enumerate(keys))
    return f'UPDATE "{table.name}" AS kept SET {plus} FROM {_types(table, keys + amounts)} WHERE {same}'


@cache
def _raised(table: sa.Table, keys: Names, values: Names, is_sqlite: bool) -> str:
    greater = "max" if is_sqlite else "greatest"
    up = ", ".join(f'"{name}" = {greater}("{table.name}"."{name}", excluded."{name}")' for name in values)
    return f" ON CONFLICT ({_listed(keys)}) DO UPDATE SET {up}"


def _types(table: sa.Table, names: Names) -> str:
    """Where a statement names its rows: their types are known by then, which columns are the same is not."""
    return "{" + ";".join(table.c[name].type.compile(_POSTGRESQL) for name in names) + "}"


@lru_cache(maxsize=1024)
def _all_at_once(statements: tuple[str, ...], are_same: tuple[tuple[bool, ...], ...]) -> str:
    said = []
    for sql, same in zip(statements, are_same, strict=True):
        before, types, after = _split(sql)
        said.append(f"{before}{_given(types, same)}{after}")
    parts = ", ".join(f"w{n} AS ({sql} RETURNING 1)" for n, sql in enumerate(said))
    counts = ", ".join(f"(SELECT count(*) FROM w{n})" for n in range(len(said)))
    return f"WITH {parts} SELECT {counts}"


def _split(sql: str) -> tuple[str, Names, str]:
    before, _, rest = sql.partition("{")
    types, _, after = rest.partition("}")
    return before, tuple(types.split(";")), after


def _given(types: Names, same: tuple[bool, ...]) -> str:
    """Rows with the columns c0, c1 …: of one row each value by itself, of many a column's one value, or its array."""
    columns = [f"%s::{kind} AS c{n}" if is_same else f"u{n} AS c{n}"
               for n, (kind, is_same) in enumerate(zip(types, same, strict=True))]  # fmt: skip
    arrays = [(n, kind) for n, (kind, is_same) in enumerate(zip(types, same, strict=True)) if not is_same]
    if not arrays:
        return f"(SELECT {', '.join(columns)}) AS given"
    source = f"unnest({', '.join(f'%s::{kind}[]' for _, kind in arrays)}) AS u({', '.join(f'u{n}' for n, _ in arrays)})"
    return f"(SELECT {', '.join(columns)} FROM {source}) AS given"


def _are_same(bound: Sequence[list[Any]]) -> tuple[bool, ...]:
    """Which columns have one value only; of several rows that are all alike one column still says how many they are."""
    same = [bool(values) and values.count(values[0]) == len(values) for values in bound]
    if all(same) and len(bound[0]) > 1:
        same[0] = False
    return tuple(same)


def _in_turn(bound: Sequence[list[Any]], same: Sequence[bool]) -> list[Any]:
    """As the statement takes them: first what is said once, then the arrays."""
    once = [values[0] for values, is_same in zip(bound, same, strict=True) if is_same]
    return once + [values for values, is_same in zip(bound, same, strict=True) if not is_same]


def _arrays(table: sa.Table, names: Names) -> str:
    return ", ".join(f"%s::{table.c[name].type.compile(_POSTGRESQL)}[]" for name in names)


def _listed(names: Names) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _end(skip_taken: bool) -> str:
    return " ON CONFLICT DO NOTHING" if skip_taken else ""
