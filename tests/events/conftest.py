"""Only the log: nothing follows from an event but the event."""

from collections.abc import Iterator

import pytest

from app.events import log


@pytest.fixture(autouse=True)
def nothing_follows() -> Iterator[None]:
    """Whatever the app installed as reactions belongs to floors above this one."""
    before = dict(log._reactions)
    log.react_with({})
    yield
    log.react_with(before)
