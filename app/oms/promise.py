"""When an order was promised for, each time that changed."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class PromiseChange(SQLModel, table=True):
    """Another instant was promised, by whom and why."""

    __tablename__ = "promise_change"

    order_id: int = Field(foreign_key="order.id", primary_key=True)
    number: int = Field(primary_key=True)
    promised_at: datetime
    was: datetime
    reason: str
    at: datetime
    actor: str
