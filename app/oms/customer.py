"""Who ordered, and how to reach them: kept apart from orders, so that it can be erased without breaking the books."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Customer(SQLModel, table=True):
    """Contact data. No event, log line or ledger row ever carries it."""

    __tablename__ = "customer"

    id: int = Field(default=None, primary_key=True)
    name: str
    email: str | None = None
    phone: str | None = None
    language: str = "en"
    sms_consent_at: datetime | None = None
    push_consent_at: datetime | None = None
    consent_source: str | None = None
    """Who told us that they may be written to that way: a channel, or the customer's own page."""

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0]
