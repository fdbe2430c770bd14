from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlmodel import Session, UTCDateTime, col, select

from app import db, migrations
from app.migrations.tables import metadata
from app.pickup import policy_version
from app.pickup.escalation import Escalation
from app.pickup.policy import TurnKind, WindowKind
from app.pickup.task import PickupTask
from tests import postgres


def test_the_tables_are_what_the_models_say(database: db.Database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_a_second_migration_changes_nothing(database_url: str):
    migrations.upgrade(database_url)

    assert migrations.is_current(database_url)


def test_a_database_that_was_never_migrated_is_not_current(postgres_server: object, tmp_path):
    assert not migrations.is_current(f"sqlite:///{tmp_path / 'new.db'}")
    assert sa.inspect(sa.create_engine(f"sqlite:///{tmp_path / 'new.db'}")).get_table_names() == []


NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
SOON, LATER = NINE + timedelta(minutes=5), NINE + timedelta(hours=2)
CLIMB, LATE = TurnKind.CLIMB, TurnKind.LATE
CARRIED = [
    # status, level, escalates_at, late_at → the one timer, and who is set aside
    ("requested", 0, SOON, LATER, (SOON, CLIMB), ""),
    ("requested", 1, LATER, SOON, (SOON, LATE), ""),
    ("requested", 1, SOON, None, (SOON, CLIMB), ""),
    ("requested", 2, None, LATER, (LATER, LATE), ""),
    ("requested", 0, None, None, (None, None), "held"),
    ("requested", 0, None, LATER, (LATER, LATE), "held"),
    ("requested", 2, None, None, (None, None), "exhausted"),
    ("accepted", 0, None, None, (None, None), "exhausted"),
    ("picking", 0, None, SOON, (SOON, LATE), ""),
    ("staged", 0, None, None, (None, None), ""),
    ("put back", 0, None, None, (None, None), ""),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def before_windows(request: pytest.FixtureRequest, postgres_server: postgres.Server, tmp_path: Path) -> Iterator[str]:
    """A shop from before tasks had one timer."""
    url = f"sqlite:///{tmp_path / 'old.db'}" if request.param == "sqlite" else postgres_server.create("old_shop")
    engine = sa.create_engine(db.driver_url(url))
    with engine.begin() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0036")
        if request.param == "postgresql":  # tasks without their orders: nobody looks for those, here or afterwards
            connection.exec_driver_sql("ALTER DATABASE old_shop SET session_replication_role = replica")
            connection.exec_driver_sql("SET session_replication_role = replica")
        for number, (status, level, escalates, late, _, _) in enumerate(CARRIED, 1):
            _add(connection, "pickup_task", id=number, fulfilment_id=number, order_id=number, store_id=1,
                 status=status, version=1, cycle=1, level=level, opened_at=NINE, promised_at=LATER,
                 ack_due_at=SOON, escalates_at=escalates, late_at=late)  # fmt: skip
        _add(connection, "escalation", id=7, task_id=3, store_id=1, cycle=1, level=1, due_at=SOON,
             at=SOON + timedelta(milliseconds=1500), answer_due_at=LATER)  # fmt: skip
    engine.dispose()
    yield url
    if request.param == "postgresql":
        postgres_server.drop("old_shop")


def _add(connection: sa.Connection, table: str, **said: Any) -> None:
    columns = [sa.column(name, UTCDateTime() if name.endswith("at") else None) for name in said]
    connection.execute(sa.insert(sa.table(table, *columns)).values(**said))


def test_what_was_due_before_tasks_had_one_timer_is_due_at_the_same_instant(before_windows: str):
    migrations.upgrade(before_windows)

    engine = sa.create_engine(db.driver_url(before_windows))
    with Session(engine) as session:
        tasks = session.exec(select(PickupTask).order_by(col(PickupTask.id))).all()
        climbed = session.exec(select(Escalation)).one()
    engine.dispose()
    for task, (status, level, escalates, late, timer, set_aside) in zip(tasks, CARRIED, strict=True):
        assert (task.next_at, task.next_kind) == timer
        assert (task.step_due_at, task.promise_due_at, task.turn, task.step) == (escalates, late, level, level)
        assert (task.held_at is not None, task.exhausted_at is not None) == (
            set_aside == "held", set_aside == "exhausted",
        )  # fmt: skip
        assert (task.window_kind, task.window_due_at) == (WindowKind.ACK if status == "requested" else None, SOON)
    assert (climbed.id, climbed.kind, climbed.step, climbed.from_level, climbed.lateness_ms) == (7, CLIMB, 1, 0, 1500)


@pytest.mark.parametrize("change", ["UPDATE policy_version SET digest = 'x'", "DELETE FROM policy_version"])
def test_what_tasks_began_under_is_never_rewritten(session: Session, nine: datetime, change: str):
    made = {"digest": "d", "body": {}, "rule_version_ids": [], "made_at": nine}
    session.execute(sa.insert(policy_version.PolicyVersion).values(**made))

    with pytest.raises(sa.exc.DBAPIError, match="stays as it was"):
        session.connection().exec_driver_sql(change)
