import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from app import db, migrations
from app.migrations.tables import metadata


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
