"""The schema's history: forward only, one change a file; a process refuses a database that is not at its head."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.db import NOT_FOR_EVER, driver_url

LOCK = 711_2026
"""PostgreSQL's advisory lock under which one process migrates while the others wait."""


def upgrade(url: str) -> None:
    """Bring the database to the newest schema; safe to run again, and from several processes at once."""
    engine = sa.create_engine(driver_url(url))
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            else:
                connection.exec_driver_sql("PRAGMA busy_timeout=30000")
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def is_current(url: str) -> bool:
    """Does the database stand where this code expects it?"""
    engine = sa.create_engine(driver_url(url), connect_args={} if url.startswith("sqlite") else NOT_FOR_EVER)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() == head()
    finally:
        engine.dispose()


def head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
