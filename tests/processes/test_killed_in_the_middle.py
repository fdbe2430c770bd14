"""A sender that is killed between the mail server's taking a letter and its own noting it down."""

import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import db
from app.clock import now
from app.events import log
from app.events.outbox import OutboxMessage, OutboxState
from app.reactions import REACTIONS
from tests.notices.counter import open_counter
from tests.oms.shop import open_shop
from tests.processes.letters import Letters
from tests.processes.process import command, environment, started


@pytest.fixture(autouse=True)
def everything_follows() -> Iterator[None]:
    before = dict(log._reactions)
    log.react_with(REACTIONS)
    yield
    log.react_with(before)


@pytest.fixture
def settings(database: db.Database, database_url: str, letters: Letters) -> dict[str, str]:
    return environment(
        READYSHELF_ENV="production", DATABASE_URL=database_url, SECRET_KEY="s" * 40,
        PUBLIC_URL="https://pickup.example", SMTP_URL=letters.url,
    )  # fmt: skip


def state() -> tuple[OutboxState, int]:
    with db.reading() as session:
        row = session.execute(sa.select(OutboxMessage)).scalar_one()
        return row.state, row.attempts


def end_the_lease(at: datetime) -> None:
    """As a minute would; the test has the clock's hand."""
    with db.transaction() as session:
        session.execute(sa.update(OutboxMessage).values(due_at=at))


def test_the_letter_goes_once_more_under_the_same_id(letters: Letters, settings: dict[str, str], tmp_path: Path):
    with db.transaction() as session:
        open_counter(session, open_shop(session, now())).place(session, at=now())
    with started(command("jobs"), tmp_path, settings, name="first") as first:
        letters.before_the_answer = first.popen.kill
        letters.next()
        assert first.popen.wait(10) == -signal.SIGKILL
    assert state() == (OutboxState.SENDING, 1)

    letters.before_the_answer = lambda: None
    end_the_lease(now())
    with started(command("jobs"), tmp_path, settings, name="second") as second:
        letters.next()
        assert second.ends_at(signal.SIGTERM) == 0

    assert len({letter["Message-ID"] for letter in letters.all}) == 1
    assert (len(letters.all), state()) == (2, (OutboxState.SENT, 2))
