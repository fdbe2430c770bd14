"""A mail server for processes to send to."""

from collections.abc import Iterator

import pytest

from tests.processes.letters import Letters


@pytest.fixture
def letters() -> Iterator[Letters]:
    letters = Letters()
    yield letters
    letters.server.stop()
