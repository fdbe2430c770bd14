from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from app import db
from app.config import Settings
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.payment import PaymentState
from app.pickup.escalation import Escalation
from app.refusals import Refusal
from jobs import schedule
from jobs.sweep import sweep
from tests.jobs.conftest import Postbox
from tests.notices.counter import SETTINGS, Counter


def due(session: Session, at: datetime) -> list[int]:
    return [1, 2, 3]


@pytest.mark.parametrize("bad", [ValueError("broken"), Refusal("It was answered meanwhile.")])
def test_one_bad_row_stops_no_other_and_leaves_nothing_behind(database: db.Database, nine: datetime, bad: Exception):
    def act(session: Session, row_id: int, /, *, at: datetime) -> None:
        session.add(Node(kind=NodeKind.STORE, code=str(row_id), name="x"))
        session.flush()
        if row_id == 2:
            raise bad

    done = sweep(due, act, nine)

    with db.reading() as session:
        assert sorted(session.exec(select(Node.code))) == ["1", "3"]
    assert done == 2


def test_a_whole_day_nobody_answers_climbs_each_rung_once(counter: Counter, nine: datetime, postbox: Postbox):
    with db.transaction() as session:
        counter.place(session, at=nine)
        counter.place(session, at=nine, external_id="A-2", payment_state=PaymentState.PENDING)
    schedule.send_through(postbox, SETTINGS)

    for minutes in range(0, 180, 2):
        schedule.run_all(nine + timedelta(minutes=minutes))

    with db.reading() as session:
        assert [each.level for each in session.exec(select(Escalation).order_by(Escalation.level))] == [1, 2]  # type: ignore[arg-type]
        unpaid = session.exec(select(Order).where(Order.external_id == "A-2")).one()
        assert unpaid.cancelled_at == nine + timedelta(minutes=30)
    assert [subject.split(" order ")[0] for subject in postbox.subjects] == [
        "We have your", "We have your", "Your", "Your",
    ]  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_clock_starts_and_stops_with_its_mail_server(database: db.Database, tmp_path: Path):
    scheduler = schedule.start(Settings(database_url="sqlite://", secret_key="k" * 32, var=tmp_path))

    sentences = {job.name for job in scheduler.get_jobs()}
    schedule.stop(scheduler)

    assert sentences == {line[0] for line in schedule.SCHEDULE}
    assert (tmp_path / "demo-mail").is_dir()
    assert not scheduler.running
