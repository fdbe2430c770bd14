"""The one database this process works with: how it is opened, read and written.

SQLite is written by one transaction at a time, begun IMMEDIATE: a deferred BEGIN turns two taps into
"database is locked" whatever the busy timeout says, and the driver's own default loses updates in silence.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from threading import RLock
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlmodel import Session, SQLModel

log = structlog.get_logger()

AtCommit = Callable[[Session], None]
Listener = Callable[[set[str]], None]


NOT_FOR_EVER = {"connect_timeout": 5, "tcp_user_timeout": 15_000, "options": "-c lock_timeout=10s"}
"""A PostgreSQL that keeps silent, or a lock nobody lets go of, is an answer within seconds, and the answer is 503."""


@dataclass
class Database:
    """An engine, the lock its writers queue on where the database has only one writer, and who hears of commits."""

    engine: Engine
    writing: Engine
    looking: Engine
    write_lock: RLock = field(default_factory=RLock)
    listeners: list[Listener] = field(default_factory=list)
    streams: set[str] = field(default_factory=set)
    """Event streams that were seen in it: those begin no more."""
    deaf: int = 0
    """How often a listener could not hear of a commit; it catches up by looking."""

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"


_bound: list[Database] = []


def connect(url: str) -> Database:
    """Bind this process to a database; the one bound before is closed."""
    disconnect()
    database = _open(url)
    _bound.append(database)
    return database


def disconnect() -> None:
    while _bound:
        _bound.pop().engine.dispose()


def current() -> Database:
    if not _bound:
        raise RuntimeError("No database: call app.db.connect(url) first.")
    return _bound[-1]


def is_sqlite() -> bool:
    return current().is_sqlite


def driver_url(url: str) -> str:
    """`postgresql://…` means psycopg 3."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1) if url.startswith("postgresql://") else url


def _open(url: str) -> Database:
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, pool_size=16, max_overflow=48, hide_parameters=True)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = sa.create_engine(
            driver_url(url), pool_size=16, max_overflow=48, pool_pre_ping=True, hide_parameters=True,
            connect_args=NOT_FOR_EVER,
        )  # fmt: skip
    writing = engine.execution_options(write=True)
    one_look = {} if url.startswith("sqlite") else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return Database(engine, writing, engine.execution_options(**one_look))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN")


@contextmanager
def transaction() -> Iterator[Session]:
    """All of it or none of it; what was asked for with `at_commit` runs last, inside."""
    database = current()
    if not database.is_sqlite:
        with _unit_of_work(database) as session:
            yield session
    else:
        with database.write_lock, _unit_of_work(database) as session:
            yield session
    _tell(database, session.info.get("streams", set()))


def _tell(database: Database, streams: set[str]) -> None:
    """The work is done and saved: nobody who wants to hear of it may turn it into an error."""
    for listener in list(database.listeners) if streams else []:
        try:
            listener(streams)
        except Exception:
            database.deaf += 1
            log.exception("a listener did not hear of a commit", listener=getattr(listener, "__qualname__", "?"))


@contextmanager
def _unit_of_work(database: Database) -> Iterator[Session]:
    with Session(database.writing, expire_on_commit=False) as session:
        yield session
        while finishing := session.info.get("at_commit"):
            finishing.pop(next(iter(finishing)))(session)
        session.commit()


@contextmanager
def reading() -> Iterator[Session]:
    """One consistent look that never waits for a writer and never writes."""
    with Session(current().looking, expire_on_commit=False) as session:
        yield session


def at_commit(session: Session, name: str, finish: AtCommit) -> None:
    """Run `finish` once, just before this transaction commits, however often it is asked for."""
    session.info.setdefault("at_commit", {})[name] = finish


def on_commit(listener: Listener) -> None:
    """Tell `listener` which event streams grew, after each commit of this process: a nudge, not a promise."""
    current().listeners.append(listener)


def insert(session: Session, model: type[SQLModel]) -> Any:
    """The INSERT that knows ON CONFLICT, in the dialect at hand."""
    dialect = session.get_bind().dialect.name
    return sqlite.insert(model) if dialect == "sqlite" else postgresql.insert(model)


def choice(words: type[StrEnum]) -> Any:
    """A column that holds a word of this enumeration as plain text, and refuses any other."""
    return sa.Enum(words, native_enum=False, length=32, values_callable=lambda members: [m.value for m in members])
