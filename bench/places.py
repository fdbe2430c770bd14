"""Where benches keep their shop: a new SQLite file or a new PostgreSQL database, each on a disk that is waited for."""

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


PLACES: dict[str, Callable[[], AbstractContextManager[str]]] = {"sqlite": sqlite, "postgresql": postgresql}
