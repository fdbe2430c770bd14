"""A committed shop with a counter, a mail server that keeps what it gets, and everything that follows in the app."""

from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage

import pytest

from app import db
from app.events import log
from app.reactions import REACTIONS
from tests.notices.counter import Counter, open_counter
from tests.oms.shop import open_shop


class Postbox:
    """Keeps letters, or fails as often as it is told to."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.failures: list[Exception] = []

    def send(self, message: EmailMessage) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.letters.append(message)

    @property
    def subjects(self) -> list[str]:
        return [str(letter["Subject"]) for letter in self.letters]


@pytest.fixture(autouse=True)
def everything_follows() -> Iterator[None]:
    before = dict(log._reactions)
    log.react_with(REACTIONS)
    yield
    log.react_with(before)


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def counter(database: db.Database, nine: datetime) -> Counter:
    with db.transaction() as session:
        return open_counter(session, open_shop(session, nine, milk=1000, bread=100))
