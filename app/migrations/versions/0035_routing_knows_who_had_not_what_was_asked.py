"""Routing knows how often a node turned out not to have what it was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    with op.batch_alter_table("node_terms") as table:
        table.add_column(sa.Column("nil_pick_rate", sa.Float(), server_default="0", nullable=False))
        table.create_check_constraint("nil_picks_are_a_share", "nil_pick_rate BETWEEN 0 AND 1")
