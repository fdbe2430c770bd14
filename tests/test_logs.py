"""What the process writes down about itself: where it broke, never about whom."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest
import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError

from app import db, logs
from app.events import log
from app.oms.customer import Customer
from app.oms.order_events import OrderReleased

SECRETS = ("Priya Nair", "priya@example.org", "+447700900123")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Nothing follows from an event here, and nobody's log is written as ours was."""
    root = logging.getLogger()
    before, reactions = list(root.handlers), dict(log._reactions)
    log.react_with({})
    yield
    log.react_with(reactions)
    root.handlers[:] = before
    structlog.reset_defaults()


def insert_a_customer_twice(email: str) -> None:
    with db.transaction() as session:
        for _ in "ab":
            session.execute(sa.insert(Customer).values(id=1, name="Priya Nair", email=email, phone="+447700900123"))


@pytest.mark.parametrize("by_a_library", [True, False])
def test_an_error_is_written_with_its_place_and_without_the_customer_it_met(
    database: db.Database, capsys: pytest.CaptureFixture[str], by_a_library: bool
):
    logs.write_as_json("DEBUG")
    try:
        insert_a_customer_twice("priya@example.org")
    except IntegrityError:
        (logging.getLogger("waitress") if by_a_library else structlog.get_logger()).exception("it broke")

    line = capsys.readouterr().err.splitlines()[-1]
    written = json.loads(line)
    assert written["exception"][0]["kind"] == "IntegrityError"
    assert any("insert_a_customer_twice" in frame for each in written["exception"] for frame in each["frames"])
    assert not [secret for secret in SECRETS if secret in line]


def test_an_error_nobody_caught_does_not_quote_a_statements_values(database: db.Database):
    with pytest.raises(IntegrityError) as broken:
        insert_a_customer_twice("priya@example.org")

    assert not [secret for secret in SECRETS if secret in str(broken.value)]


def test_who_wants_to_hear_of_a_commit_cannot_undo_it(
    database: db.Database, capsys: pytest.CaptureFixture[str], nine: datetime
):
    logs.write_as_json("DEBUG")
    heard: list[set[str]] = []

    def deaf(streams: set[str]) -> None:
        raise RuntimeError("no ears")

    db.on_commit(deaf)
    db.on_commit(heard.append)
    with db.transaction() as session:
        log.record(session, OrderReleased(at=nine, actor="test", order_id=1, store_id=1))

    assert heard == [{"store/1"}]
    assert database.deaf == 1
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["event"] == "a listener did not hear of a commit"


def test_a_server_that_is_busy_does_not_say_so_for_each_who_waits(capsys: pytest.CaptureFixture[str]):
    logs.write_as_json("DEBUG")

    logging.getLogger("waitress").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").warning("Task queue depth is %d", 3)

    assert capsys.readouterr().err == ""
