"""Which processes keep the clock going, and how far behind each of them is."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class NodeHeartbeat(SQLModel, table=True):
    """The last word of one process."""

    __tablename__ = "node_heartbeat"

    node: str = Field(primary_key=True)
    started_at: datetime
    last_tick_at: datetime
    last_batch: int = 0
    """How many turns it took at its last tick."""
    backlog: int = 0
    oldest_due_at: datetime | None = None
    version: int
    """Of the clock's rules: who has an older one than another leaves the tasks alone."""
    schema_revision: str
