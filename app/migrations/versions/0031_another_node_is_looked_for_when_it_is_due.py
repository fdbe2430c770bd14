"""Another node is looked for when it is due: an order that lacks something says so itself."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.add_column("order", sa.Column("route_due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    is_due = sa.text("route_due_at IS NOT NULL")
    op.create_index("order_route_due", "order", ["route_due_at"], sqlite_where=is_due, postgresql_where=is_due)
