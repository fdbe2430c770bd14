"""Routing knows how long goods have lain where they are: when some last came is read from the ledger, once."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0036"
down_revision = "0035"

ARRIVALS = sa.text("reason IN ('opening', 'receipt', 'transfer in') AND on_hand > 0")


def upgrade() -> None:
    op.create_index("movement_arrived", "movement", ["recorded_at"], sqlite_where=ARRIVALS, postgresql_where=ARRIVALS)
    instant = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "arrival",
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("item.id"), primary_key=True),
        sa.Column("node_id", sa.Integer(), sa.ForeignKey("node.id"), primary_key=True),
        sa.Column("arrived_at", instant(), nullable=False),
        sa.Column("recorded_at", instant(), nullable=False),
    )
    op.create_index("ix_arrival_recorded_at", "arrival", ["recorded_at"])
    op.create_index("ix_routing_refusal_refused_at", "routing_refusal", ["refused_at"])
