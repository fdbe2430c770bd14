"""Addresses nothing is sent to any more: they bounced, or whoever reads them said stop."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class Suppression(SQLModel, table=True):
    """One address of one channel, known only by a keyed hash, until it is lifted."""

    __tablename__ = "suppression"
    __table_args__ = (sa.UniqueConstraint("channel", "address_hash", name="suppressed_once"),)

    id: int = Field(default=None, primary_key=True)
    channel: str
    address_hash: str
    reason: str
    since: datetime
    lifted_at: datetime | None = None
