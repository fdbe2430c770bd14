"""Other systems that call the API, each known by a key of its own that can be revoked."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.people.tokens import hash_token, new_token
from app.refusals import Refusal


class UnknownKey(Refusal):
    """No key, or not one of ours, or no longer."""

    status = 401


class ForeignChannel(Refusal):
    """A key that was given out for one channel takes no orders for another."""

    status = 403


class ForeignScope(Refusal):
    """A key opens what it was given out for, and nothing else."""

    status = 403


class Scope(StrEnum):
    """What a key is for."""

    ORDERS = "orders"
    STOCK = "stock"
    FULFILMENT = "fulfilment"


class ApiClient(SQLModel, table=True):
    """One system; of its key only the hash is kept."""

    __tablename__ = "api_client"

    id: int = Field(default=None, primary_key=True)
    name: str
    key_hash: str = Field(unique=True)
    created_at: datetime
    revoked_at: datetime | None = None
    channels: list[str] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """Whose orders it may hand in, ask for and change; without a list, everybody's."""

    scopes: list[str] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """What it may do; without a list, hand in orders."""

    nodes: list[str] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """For which places it answers what they send: customers' addresses are for those who send to them."""

    def may_send_from(self, node_code: str) -> bool:
        return node_code in (self.nodes or ())

    def may(self, scope: Scope) -> bool:
        return scope in (self.scopes or [Scope.ORDERS])

    def may_use(self, channel: str) -> bool:
        return self.channels is None or channel in self.channels

    def revoke(self, *, at: datetime) -> None:
        self.revoked_at = at


def issue_key(
    session: Session, *, name: str, at: datetime, channels: Collection[str] = (), scopes: Collection[Scope] = (),
    nodes: Collection[str] = (),
) -> str:  # fmt: skip
    """A new key, said once and never again; kept to these channels, scopes and nodes when any are named."""
    key = new_token()
    client = ApiClient(name=name, key_hash=hash_token(key), created_at=at, channels=list(channels) or None)
    client.nodes = list(nodes) or None
    client.scopes = [scope.value for scope in scopes] or None
    session.add(client)
    return key


def revoke_keys(session: Session, *, name: str, at: datetime) -> int:
    """No key of this system opens anything any more; how many did."""
    held = session.exec(select(ApiClient).where(ApiClient.name == name, col(ApiClient.revoked_at).is_(None))).all()
    for client in held:
        client.revoke(at=at)
    return len(held)


def by_header(session: Session, said: str, *, scope: Scope) -> ApiClient:
    """Who calls, from what stands in `Authorization`."""
    kind, _, key = said.partition(" ")
    if kind.lower() != "bearer" or not key.strip():
        raise UnknownKey("Send your API key as Authorization: Bearer.")
    client = by_key(session, key.strip())
    if not client.may(scope):
        raise ForeignScope(f"This key is not for {scope.value}.")
    return client


def by_key(session: Session, key: str) -> ApiClient:
    held = select(ApiClient).where(ApiClient.key_hash == hash_token(key), col(ApiClient.revoked_at).is_(None))
    client = session.exec(held).one_or_none()
    if client is None:
        raise UnknownKey("This API key isn't known, or was revoked.")
    return client
