"""Channels outside that are away: left in peace for a while, by every process alike."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class Circuit(SQLModel, table=True):
    """How a channel has been listening."""

    __tablename__ = "circuit"
    __table_args__ = (sa.CheckConstraint("failures >= 0", name="circuit_failures_never_negative"),)

    name: str = Field(primary_key=True)
    failures: int = 0
    """How often in a row nobody was there."""
    paused_until: datetime | None = None
    last_error: str | None = None
    heard_at: datetime | None = None
