"""Every message has a receiver; a receiver has an address, a salt for its secret, and a pause while it is away."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0030"
down_revision = "0029"

DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "receiver",
        sa.Column("name", text(), primary_key=True),
        sa.Column("url", text(), nullable=False),
        sa.Column("salt", text(), nullable=False),
        sa.Column("old_salt", text(), nullable=True),
        sa.Column("old_salt_until", instant(), nullable=True),
        sa.Column("set_at", instant(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", instant(), nullable=True),
        sa.Column("last_error", text(), nullable=True),
        sa.Column("heard_at", instant(), nullable=True),
        sa.CheckConstraint("failures >= 0", name="receiver_failures_never_negative"),
    )
    op.add_column("outbox_message", sa.Column("receiver", text(), server_default="", nullable=False))
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    channel = "payload->>'channel'" if is_postgresql else "json_extract(payload, '$.channel')"
    op.execute(
        "UPDATE outbox_message SET receiver = CASE "
        f"WHEN topic = 'availability' THEN 'channel:' || ({channel}) "
        "WHEN topic LIKE 'posting/%' THEN 'office:' || substr(topic, 9) ELSE topic END"
    )
    op.drop_index("outbox_due_on_topic", "outbox_message")
    op.create_index("outbox_queue", "outbox_message", ["receiver", "due_at"], sqlite_where=DUE, postgresql_where=DUE)
