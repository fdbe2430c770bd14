"""Statements for SQLite, which has no trips to save: one row each, run for all rows within one call of its driver."""

from functools import cache, lru_cache

import sqlalchemy as sa

Names = tuple[str, ...]


@cache
def insert(table: sa.Table, names: Names, skip_taken: bool) -> str:
    marks = ", ".join("?" * len(names))
    end = " ON CONFLICT DO NOTHING" if skip_taken else ""
    return f'INSERT INTO "{table.name}" ({_listed(names)}) VALUES ({marks}){end}'


@cache
def add(table: sa.Table, keys: Names, amounts: Names) -> str:
    """Numbered, because the statement names its amounts before its keys."""
    plus = ", ".join(f'"{name}" = "{name}" + ?{n}' for n, name in enumerate(amounts, len(keys) + 1))
    same = " AND ".join(f'"{name}" = ?{n}' for n, name in enumerate(keys, 1))
    return f'UPDATE "{table.name}" SET {plus} WHERE {same}'


@cache
def put(table: sa.Table, keys: Names, guard: Names, values: Names) -> str:
    """Nothing is as it was, too, when it was nothing."""
    said = ", ".join(f'"{name}" = ?{n}' for n, name in enumerate(values, len(keys) + len(guard) + 1))
    same = [f'"{name}" = ?{n}' for n, name in enumerate(keys, 1)]
    still = [f'"{name}" IS ?{n}' for n, name in enumerate(guard, len(keys) + 1)]
    return f'UPDATE "{table.name}" SET {said} WHERE {" AND ".join(same + still)}'


@cache
def lift(table: sa.Table, keys: Names, values: Names) -> str:
    up = ", ".join(f'"{name}" = max("{table.name}"."{name}", excluded."{name}")' for name in values)
    return f"{insert(table, keys + values, False)} ON CONFLICT ({_listed(keys)}) DO UPDATE SET {up}"


@lru_cache(maxsize=1024)
def find(table: sa.Table, wanted: Names, keys: Names, number: int) -> str:
    """A join, led by the keys: told `(a, b) IN (…)`, SQLite reads the whole table."""
    marks = ", ".join([f"({', '.join('?' * len(keys))})"] * number)
    names = ", ".join(f"k_{name}" for name in keys)
    same = " AND ".join(f'kept."{name}" = k_{name}' for name in keys)
    columns, order = (", ".join(f'kept."{name}"' for name in each) for each in (wanted, keys))
    given = f"WITH given({names}) AS (VALUES {marks})"
    return f'{given} SELECT {columns} FROM given CROSS JOIN "{table.name}" AS kept ON {same} ORDER BY {order}'


def _listed(names: Names) -> str:
    return ", ".join(f'"{name}"' for name in names)
