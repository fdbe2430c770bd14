"""What those who work here are told: each turn of a task's window once for each person and channel."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app import db
from app.pickup.policy import StaffChannel


class StaffNotice(SQLModel, table=True):
    """One thing told to one person, or to the whole store; what it says is drawn when it is read or sent."""

    __tablename__ = "staff_notice"
    __table_args__ = (
        sa.Index("notices_of_person", "associate_id", "seen_at"),
        sa.Index("notices_of_store", "store_id", "at"),
    )

    id: int = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="pickup_task.id", index=True)
    cycle: int
    step: int
    kind: str
    associate_id: int | None = Field(default=None, foreign_key="associate.id")
    """Null for everybody in the store."""
    store_id: int = Field(foreign_key="store.id")
    channel: StaffChannel = Field(sa_type=db.choice(StaffChannel))
    level: int
    at: datetime
    seen_at: datetime | None = None
    stood_down_at: datetime | None = None
    """When it was no longer theirs to see to."""
    is_late: bool = False
    """Whether it was told after its turn was over."""
    dedupe: str = Field(unique=True)
    """The key of its message in the outbox, where it leaves the house."""
