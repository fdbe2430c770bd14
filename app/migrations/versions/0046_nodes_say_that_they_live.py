"""Each process that keeps the clock says that it lives, and each look at what must never break is kept."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "node_heartbeat",
        sa.Column("node", text(), primary_key=True),
        sa.Column("started_at", instant(), nullable=False),
        sa.Column("last_tick_at", instant(), nullable=False),
        sa.Column("last_batch", sa.Integer(), nullable=False),
        sa.Column("backlog", sa.Integer(), nullable=False),
        sa.Column("oldest_due_at", instant(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("schema_revision", text(), nullable=False),
    )
    op.create_table(
        "audit_run",
        sa.Column("at", instant(), primary_key=True),
        sa.Column("findings", sa.JSON(), nullable=False),
    )
