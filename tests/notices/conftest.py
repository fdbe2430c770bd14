"""A shop with a counter, in which everything follows that follows in the app."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlmodel import Session

from app.events import log
from app.reactions import REACTIONS
from tests.notices.counter import Counter, open_counter
from tests.oms.shop import open_shop


@pytest.fixture(autouse=True)
def everything_follows() -> Iterator[None]:
    before = dict(log._reactions)
    log.react_with(REACTIONS)
    yield
    log.react_with(before)


@pytest.fixture
def counter(session: Session, nine: datetime) -> Counter:
    return open_counter(session, open_shop(session, nine, milk=100, bread=100))
