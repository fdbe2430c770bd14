"""What every test may ask for: an instant, and the whole schema on SQLite and on a real PostgreSQL.

A test that asks for `session`, `database` or `database_url` runs once on each. One that is about pages, not about the
database, says `@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from sqlmodel import Session

from app import db, migrations
from app.events import log
from tests import postgres


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=20, help="How often the crash tests kill a process on each database.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers begin with files of few tests, which tell long stories: whichever is last has one worker to itself."""
    if hasattr(config, "workerinput"):
        many = Counter(item.path for item in items)
        items.sort(key=lambda item: many[item.path])


ON_BOTH = [pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgresql", marks=pytest.mark.postgresql)]
TEMPLATE = "readyshelf_template"

# How long one example takes says more about the machine than about the rule.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture
def nine() -> datetime:
    """A Monday, nine o'clock; in November that is nine in a British shop too."""
    return datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(params=ON_BOTH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty shop of this test's own, with every table in it, on each kind of database in turn."""
    yield from request.getfixturevalue(f"copy_of_{request.param}")()


@pytest.fixture
def database(database_url: str) -> Iterator[db.Database]:
    """This process, connected: the test opens `transaction()` and `reading()` as an edge would."""
    yield db.connect(database_url)
    db.disconnect()


@pytest.fixture
def session(database: db.Database) -> Iterator[Session]:
    """An open transaction to try the rules in; what it did is thrown away."""
    with db.current().write_lock, Session(database.writing, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def recorded(session: Session) -> Callable[..., list[log.DomainEvent]]:
    """`recorded(TaskAcknowledged)`: the events of that kind so far, oldest first; without a kind, all of them."""

    def so_far(kind: type[log.DomainEvent] = log.DomainEvent) -> list[log.DomainEvent]:
        return [event for _, event in session.info.get("pending_events", []) if isinstance(event, kind)]

    return so_far


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="session")
def copy_of_postgresql(postgres_server: postgres.Server) -> Callable[[], Iterator[str]]:
    migrations.upgrade(postgres_server.create(TEMPLATE))
    number = count(1)

    def copy() -> Iterator[str]:
        name = f"shop_{next(number)}"
        yield postgres_server.create(name, template=TEMPLATE)
        postgres_server.drop(name)

    return copy


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    template = tmp_path_factory.mktemp("template") / "shop.db"
    migrations.upgrade(f"sqlite:///{template}")
    return template


@pytest.fixture
def copy_of_sqlite(sqlite_template: Path, tmp_path: Path) -> Callable[[], Iterator[str]]:
    def copy() -> Iterator[str]:
        shop = shutil.copyfile(sqlite_template, tmp_path / "shop.db")
        yield f"sqlite:///{shop}"

    return copy
