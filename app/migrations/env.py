"""How Alembic runs here: on the connection it is handed, never on one of its own."""

from alembic import context

from app.migrations.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
