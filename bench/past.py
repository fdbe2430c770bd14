"""A shop with a past: orders collected long ago and every row they left, written in sets and true to the last column.

Balances are as many whatever the past: each has as many movements as it takes, in rounds of a sale by a till, a
promise, its hand-off and a delivery. Promises belong to orders as far as there are orders, two lines each; the rest
were baskets. `readyshelf verify` holds for it, so what it says is measured on books that add up.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from app import db
from app.events.log import Event
from bench import past_events
from bench.past_rows import ROWS
from bench.past_size import AT, HOURS, Past, Place

Say = Callable[[str], None]


def write(past: Past, place: Place, *, say: Say = lambda _: None) -> None:
    """Into the database this process is connected to; items, stores and their people are there already."""
    engine = db.current().engine
    with engine.connect() as connection:
        _let_in_unchecked(connection)
        with connection.begin():
            _hours(connection)
            numbers = asdict(past) | {"balances": past.balances} | asdict(place)
            for number, (model, says, how_many) in enumerate(ROWS, 1):
                many = getattr(past, how_many)
                say(f"{number}/{len(ROWS) + 1}: {many:,} of {model.__tablename__}")
                said = {name: expression.format(**numbers) for name, expression in _with_defaults(model, says).items()}
                _insert(connection, model.__table__, said, many)  # type: ignore[attr-defined]
            say(f"{len(ROWS) + 1}/{len(ROWS) + 1}: {past_events.EACH_ORDER * past.orders:,} of event")
            past_events.write(connection, past, place)
            _go_on_from_here(connection)
    _settle(engine)


def _let_in_unchecked(connection: Connection) -> None:
    """What points where is made right by construction; looked up row by row, it takes longer than all the rest."""
    if db.is_sqlite():
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    else:
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.commit()


def _hours(connection: Connection) -> None:
    """The past's hours, as instants the database's own way."""
    hour = sa.Table("past_hour", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True),
                   sa.Column("at", Event.__table__.c.at.type), prefixes=["TEMPORARY"])  # type: ignore[attr-defined]  # fmt: skip
    hour.create(connection)
    connection.execute(
        sa.insert(hour), [{"n": n, "at": AT - timedelta(days=1, hours=HOURS - n)} for n in range(HOURS + 1)]
    )


def _insert(connection: Connection, table: sa.Table, says: Mapping[str, str], many: int) -> None:
    columns = ", ".join(f'"{name}"' for name in says)
    values = ", ".join(_typed(table.c[name], expression) for name, expression in says.items())
    told = f'INSERT INTO "{table.name}" ({columns}) SELECT {values} FROM {_numbered(many)}'
    connection.connection.cursor().execute(told)  # past SQLAlchemy, to which a remainder's % is a parameter


def _with_defaults(model: type[SQLModel], says: Mapping[str, str]) -> dict[str, str]:
    """What a column may not leave open, and the row does not say."""
    said = dict(says)
    for column in model.__table__.c:  # type: ignore[attr-defined]
        if column.name not in said and not column.nullable and column.server_default is None:
            if model.model_fields[column.name].is_required():
                raise ValueError(f"The past has to say what {column} is.")
            said[column.name] = _literal(model.model_fields[column.name].default)
    return said


def _numbered(many: int) -> str:
    """So many rows, each with the hour it falls on."""
    if db.is_sqlite():
        rows = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {many - 1}) SELECT i FROM n"
    else:
        rows = f"SELECT i FROM generate_series(0::bigint, {many - 1}) AS n(i)"
    return f"({rows}) AS n JOIN past_hour ON past_hour.n = i * {HOURS} / {many}"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _typed(column: "sa.Column[Any]", expression: str) -> str:
    return f"CAST({expression} AS JSON)" if isinstance(column.type, sa.JSON) and not db.is_sqlite() else expression


def _go_on_from_here(connection: Connection) -> None:
    """PostgreSQL counts ids by itself, and was not asked."""
    if db.is_sqlite():
        return
    for model in {row[0] for row in ROWS}:
        table: sa.Table = model.__table__  # type: ignore[attr-defined]
        if "id" in table.c:
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), max(id)) FROM \"{table.name}\""
            )


def _settle(engine: sa.Engine) -> None:
    """As the night after leaves it; connections that looked nothing up go."""
    engine.dispose()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if db.is_sqlite():
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
