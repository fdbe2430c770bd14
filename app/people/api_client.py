"""Other systems that call the API, each known by a key of its own that can be revoked."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from app.people.tokens import hash_token, new_token
from app.refusals import Refusal


class UnknownKey(Refusal):
    """No key, or not one of ours, or no longer."""

    status = 401


class ApiClient(SQLModel, table=True):
    """One system; of its key only the hash is kept."""

    __tablename__ = "api_client"

    id: int = Field(default=None, primary_key=True)
    name: str
    key_hash: str = Field(unique=True)
    created_at: datetime
    revoked_at: datetime | None = None

    def revoke(self, *, at: datetime) -> None:
        self.revoked_at = at


def issue_key(session: Session, *, name: str, at: datetime) -> str:
    """A new key, said once and never again."""
    key = new_token()
    session.add(ApiClient(name=name, key_hash=hash_token(key), created_at=at))
    return key


def by_key(session: Session, key: str) -> ApiClient:
    held = select(ApiClient).where(ApiClient.key_hash == hash_token(key), col(ApiClient.revoked_at).is_(None))
    client = session.exec(held).one_or_none()
    if client is None:
        raise UnknownKey("This API key isn't known, or was revoked.")
    return client
