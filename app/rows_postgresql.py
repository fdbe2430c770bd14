"""Statements for PostgreSQL: all writes of a call as one, each column as one array, or once when its values are alike.

A single trip, then; and which columns are alike is known only with the values, so a write waits for its rows till last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

Names = tuple[str, ...]
Alike = tuple[bool, ...]

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Statement:
    """What stands before the rows it is given, the types of their columns, and what stands after them."""

    before: str
    types: Names
    after: str = ""

    def with_rows(self, are_alike: Alike) -> str:
        return f"{self.before} {_rows(self.types, are_alike)}{self.after} RETURNING 1"


@cache
def insert(table: sa.Table, names: Names, skip_taken: bool) -> Statement:
    into = f'INSERT INTO "{table.name}" ({_listed(names)}) SELECT * FROM'
    return Statement(into, _types(table, names), " ON CONFLICT DO NOTHING" if skip_taken else "")


@cache
def add(table: sa.Table, keys: Names, amounts: Names) -> Statement:
    plus = ", ".join(f'"{name}" = kept."{name}" + c{n}' for n, name in enumerate(amounts, len(keys)))
    same = " AND ".join(f'kept."{name}" = c{n}' for n, name in enumerate(keys))
    return Statement(f'UPDATE "{table.name}" AS kept SET {plus} FROM', _types(table, keys + amounts), f" WHERE {same}")


@cache
def put(table: sa.Table, keys: Names, guard: Names, values: Names) -> Statement:
    """Nothing is as it was, too, when it was nothing."""
    said = ", ".join(f'"{name}" = c{n}' for n, name in enumerate(values, len(keys) + len(guard)))
    same = [f'kept."{name}" = c{n}' for n, name in enumerate(keys)]
    still = [f'kept."{name}" IS NOT DISTINCT FROM c{n}' for n, name in enumerate(guard, len(keys))]
    where = f" WHERE {' AND '.join(same + still)}"
    return Statement(f'UPDATE "{table.name}" AS kept SET {said} FROM', _types(table, keys + guard + values), where)


@cache
def lift(table: sa.Table, keys: Names, values: Names) -> Statement:
    up = ", ".join(f'"{name}" = greatest("{table.name}"."{name}", excluded."{name}")' for name in values)
    inserted = insert(table, keys + values, False)
    return Statement(inserted.before, inserted.types, f" ON CONFLICT ({_listed(keys)}) DO UPDATE SET {up}")


@cache
def find(table: sa.Table, wanted: Names, keys: Names, locked: bool) -> str:
    arrays = ", ".join(f"%s::{kind}[]" for kind in _types(table, keys))
    same = f"({_listed(keys)}) IN (SELECT * FROM unnest({arrays}))"
    end = " FOR UPDATE" if locked else ""
    return f'SELECT {_listed(wanted)} FROM "{table.name}" WHERE {same} ORDER BY {_listed(keys)}{end}'


@lru_cache(maxsize=1024)
def at_once(statements: tuple[Statement, ...], are_alike: tuple[Alike, ...]) -> str:
    """All of them as one, which answers with how many rows each wrote."""
    said = (each.with_rows(alike) for each, alike in zip(statements, are_alike, strict=True))
    parts = ", ".join(f"w{n} AS ({sql})" for n, sql in enumerate(said))
    counts = ", ".join(f"(SELECT count(*) FROM w{n})" for n in range(len(statements)))
    return f"WITH {parts} SELECT {counts}"


def alike(columns: Sequence[list[Any]]) -> Alike:
    """Which columns have one value only; of several rows that are all alike one column still says how many they are."""
    same = [bool(values) and values.count(values[0]) == len(values) for values in columns]
    if all(same) and len(columns[0]) > 1:
        same[0] = False
    return tuple(same)


def in_turn(columns: Sequence[list[Any]], are_alike: Alike) -> list[Any]:
    """As the statement takes them: first what is said once, then the arrays."""
    once = [values[0] for values, is_alike in zip(columns, are_alike, strict=True) if is_alike]
    return once + [values for values, is_alike in zip(columns, are_alike, strict=True) if not is_alike]


def _rows(types: Names, are_alike: Alike) -> str:
    """Rows with the columns c0, c1 …: of one row each value by itself, of many a column's one value, or its array."""
    columns = [f"%s::{kind} AS c{n}" if is_alike else f"u{n} AS c{n}"
               for n, (kind, is_alike) in enumerate(zip(types, are_alike, strict=True))]  # fmt: skip
    arrays = [(n, kind) for n, (kind, is_alike) in enumerate(zip(types, are_alike, strict=True)) if not is_alike]
    if not arrays:
        return f"(SELECT {', '.join(columns)}) AS given"
    source = f"unnest({', '.join(f'%s::{kind}[]' for _, kind in arrays)}) AS u({', '.join(f'u{n}' for n, _ in arrays)})"
    return f"(SELECT {', '.join(columns)} FROM {source}) AS given"


def _types(table: sa.Table, names: Names) -> Names:
    return tuple(table.c[name].type.compile(_DIALECT) for name in names)


def _listed(names: Names) -> str:
    return ", ".join(f'"{name}"' for name in names)
