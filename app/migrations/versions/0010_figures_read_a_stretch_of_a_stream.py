"""Figures read a stretch of a store's events, not all it ever recorded to throw most of them away."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.drop_index("ix_event_kind", "event")
    op.create_index("event_stretch", "event", ["stream", "at"])
