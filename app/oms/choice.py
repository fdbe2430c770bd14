"""What a customer is asked to choose when an order can't go on as it was, and what happens if they don't."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

_WAITS: dict[str, Any] = {f"{dialect}_where": sa.text("chosen_at IS NULL") for dialect in ("sqlite", "postgresql")}
_DUE: dict[str, Any] = {f"{dialect}_where": sa.text("due_at IS NOT NULL") for dialect in ("sqlite", "postgresql")}


class CustomerChoice(SQLModel, table=True):
    """One question about one order; while it waits for an answer, the same cause asks no second one."""

    __tablename__ = "customer_choice"
    __table_args__ = (
        sa.Index("one_open_choice_a_cause", "cause", unique=True, **_WAITS),
        sa.Index("choice_due", "due_at", **_DUE),
        sa.CheckConstraint("(chosen IS NULL) = (chosen_at IS NULL)", name="chosen_when_chosen"),
        sa.CheckConstraint("due_at IS NULL OR chosen_at IS NULL", name="nothing_due_once_chosen"),
    )

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="order.id", index=True)
    fulfilment_id: int | None = Field(default=None, foreign_key="fulfilment.id")
    """The part that can't go on, where it is not the whole order."""
    cause: str
    ways: list[str] = Field(sa_type=sa.JSON)
    default_way: str
    due_at: datetime | None
    """When the default is taken; null once there is nothing left to choose."""
    offered_at: datetime
    chosen: str | None = None
    chosen_at: datetime | None = None
    chosen_by: str | None = None
