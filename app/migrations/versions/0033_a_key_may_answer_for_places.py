"""A key may answer for places: a depot's or a vendor's system says what it sent, and what it can't send."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.add_column("api_client", sa.Column("nodes", sa.JSON(none_as_null=True), nullable=True))
    is_open = sa.text("reserved > 0")
    op.create_index(
        "order_line_to_send", "order_line", ["fulfilment_id"], sqlite_where=is_open, postgresql_where=is_open
    )
