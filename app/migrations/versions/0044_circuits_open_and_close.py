"""A channel that is away is left in peace by every process, until it is heard again."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "circuit",
        sa.Column("name", text(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", instant(), nullable=True),
        sa.Column("last_error", text(), nullable=True),
        sa.Column("heard_at", instant(), nullable=True),
        sa.CheckConstraint("failures >= 0", name="circuit_failures_never_negative"),
    )
