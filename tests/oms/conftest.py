"""A shop with two items on its shelf, and nothing that follows from an event but the event."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlmodel import Session

from app.events import log
from tests.oms.shop import Shop, open_shop


@pytest.fixture(autouse=True)
def only_the_order_brain() -> Iterator[None]:
    """Whatever the app installed as reactions belongs to floors above this one."""
    before = dict(log._reactions)
    log.react_with({})
    yield
    log.react_with(before)


@pytest.fixture
def shop(session: Session, nine: datetime) -> Shop:
    return open_shop(session, nine)
