"""What a channel says of a message after it took it: delivered, bounced, refused; perhaps twice, or out of turn."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class NoticeCallback(SQLModel, table=True):
    """One word from outside, kept once."""

    __tablename__ = "notice_callback"

    id: int = Field(default=None, primary_key=True)
    channel: str
    provider_event: str = Field(unique=True)
    notice_dedupe: str = Field(index=True)
    """The key of the message it is about."""
    state: str
    at: datetime
