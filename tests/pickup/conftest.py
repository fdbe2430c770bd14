"""A counter of two items, one of them cold, in which everything follows that follows in the app."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlmodel import Session

from app import db
from app.events import log
from app.reactions import REACTIONS
from tests.notices.counter import Counter, open_counter
from tests.oms.shop import open_shop


@pytest.fixture(autouse=True)
def everything_follows() -> Iterator[None]:
    log.react_with(REACTIONS)
    yield
    log.react_with({})


@pytest.fixture
def counter(session: Session, nine: datetime) -> Counter:
    return open_counter(session, open_shop(session, nine, milk=100, bread=100))


@pytest.fixture
def committed(database: db.Database, nine: datetime) -> Counter:
    """The same counter, there for other threads too."""
    with db.transaction() as session:
        return open_counter(session, open_shop(session, nine, milk=100, bread=100))
