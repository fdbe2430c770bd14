"""Where benches keep their shop: a new SQLite file or PostgreSQL database, on a disk that a measurement waits for."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests import postgres


@contextmanager
def sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="readyshelf-bench-") as folder:
        yield f"sqlite:///{Path(folder) / 'shop.db'}"


@contextmanager
def postgresql() -> Iterator[str]:
    with postgres.running({}, within="/var/tmp") as server:  # noqa: S108 - it must wait for a disk
        yield server.create("shop")


@contextmanager
def forgetful_postgresql() -> Iterator[str]:
    with postgres.running() as server:
        yield server.create("shop")


Place = Callable[[], AbstractContextManager[str]]
PLACES: dict[str, Place] = {"sqlite": sqlite, "postgresql": postgresql}
SMOKE = PLACES | {"postgresql": forgetful_postgresql}
"""A smoke run measures nothing, so its server is the tests' own: that is up in a tenth of the time."""


def places(*, is_quick: bool) -> dict[str, Place]:
    return SMOKE if is_quick else PLACES
