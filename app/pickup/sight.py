"""Which tasks have stood on a lit screen, and on whose."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class TaskSight(SQLModel, table=True):
    """The first time a task was to be seen in one of its windows."""

    __tablename__ = "task_sight"

    task_id: int = Field(foreign_key="pickup_task.id", primary_key=True)
    cycle: int = Field(primary_key=True)
    device_id: int = Field(foreign_key="device.id")
    first_at: datetime
