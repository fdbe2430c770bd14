"""Browsers that asked to be told by web push: a customer's for one order, or somebody's who works here."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class PushSubscription(SQLModel, table=True):
    """Where to push to, and what to seal it with; gone for good once its service says so."""

    __tablename__ = "push_subscription"
    __table_args__ = (sa.CheckConstraint("(order_id IS NULL) <> (associate_id IS NULL)", name="pushed_to_somebody"),)

    id: int = Field(default=None, primary_key=True)
    order_id: int | None = Field(default=None, foreign_key="order.id", index=True)
    associate_id: int | None = Field(default=None, foreign_key="associate.id", index=True)
    endpoint: str = Field(unique=True)
    p256dh: str
    auth: str
    created_at: datetime
    gone_at: datetime | None = None
