"""A system outside that is told things at an address of its own, and how it has been listening."""

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.events import unsent
from app.oms import channel as channels
from app.oms import payment, posting, push
from app.oms.node import Node
from app.oms.posting import BackOffice
from app.refusals import NotFound, Unreadable

FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=10)
LONGEST_ASKED_FOR = timedelta(hours=1)
"""A receiver that asks for more peace than this is asked again all the same."""
OLD_SECRET_HOLDS = timedelta(days=1)
LONGEST_URL = 2000
PAYMENT = payment.TOPIC


class NoAddress(Unreadable):
    """Nothing can be sent there, or not safely."""


class Receiver(SQLModel, table=True):
    """Where a queue ends: `channel:web`, `node:V1`, `office:erp`, `payment`. Of its secret only the salt is kept."""

    __tablename__ = "receiver"
    __table_args__ = (sa.CheckConstraint("failures >= 0", name="receiver_failures_never_negative"),)

    name: str = Field(primary_key=True)
    url: str
    salt: str
    old_salt: str | None = None
    old_salt_until: datetime | None = None
    set_at: datetime
    failures: int = 0
    """How often in a row nobody was there."""
    paused_until: datetime | None = None
    last_error: str | None = None
    heard_at: datetime | None = None
    """When it last said that it has what we sent."""

    def is_paused(self, at: datetime) -> bool:
        """A pause that seems longer than any that is ever made was made before the clock was set back."""
        return self.paused_until is not None and at < self.paused_until <= at + LONGEST_ASKED_FOR * 1.25

    def heard(self, *, at: datetime) -> None:
        """It is there, and has what it was told."""
        self.failures, self.paused_until, self.last_error, self.heard_at = 0, None, None, at

    def stayed_away(self, *, at: datetime, error: str, asked_for: timedelta | None, jitter: float) -> None:
        """Left in peace for twice as long each time, or for as long as it asks; its messages wait, uncounted."""
        self.failures += 1
        pause = min(FIRST_PAUSE * 2 ** min(self.failures - 1, 10), LONGEST_PAUSE)
        if asked_for is not None:
            pause = max(pause, min(asked_for, LONGEST_ASKED_FOR))
        self.paused_until, self.last_error = at + pause * (1 + jitter / 4), error

    def secrets(self, keys: Iterable[str], *, at: datetime) -> list[bytes]:
        """What its messages are signed with, the newest first: an old one still holds while it is being changed."""
        salts = [self.salt]
        if self.old_salt is not None and self.old_salt_until is not None and self.old_salt_until > at:
            salts.append(self.old_salt)
        return [
            hmac.new(key.encode(), f"webhook/{self.name}/{salt}".encode(), sha256).digest()
            for salt in salts for key in keys
        ]  # fmt: skip


def name(session: Session, said: str, url: str, *, is_demo: bool, at: datetime, new_secret: bool = False) -> Receiver:
    """From now on it is told there, of all that waits and, a channel, of every number it may sell."""
    _check_name(session, said)
    _check_url(url, is_demo=is_demo)
    receiver = by_name(session, said) or Receiver(name=said, url=url, salt=secrets.token_hex(16), set_at=at)
    if new_secret:
        receiver.old_salt, receiver.old_salt_until = receiver.salt, at + OLD_SECRET_HOLDS
        receiver.salt = secrets.token_hex(16)
    receiver.url, receiver.set_at = url, at
    receiver.failures, receiver.paused_until, receiver.last_error = 0, None, None
    session.add(receiver)
    session.flush()
    _begin_to_tell(session, said, at)
    return receiver


def forget(session: Session, said: str) -> None:
    """It is told no more; what is posted for it is held until it has an address again."""
    receiver = by_name(session, said)
    if receiver is None:
        raise NotFound(f"{said} has no address.")
    channel = _channel(session, said)
    if channel is not None:
        channel.is_pushed = False
    session.delete(receiver)


def by_name(session: Session, said: str, *, is_locked: bool = False) -> Receiver | None:
    return session.get(Receiver, said, with_for_update=is_locked or None, populate_existing=True)


def may_fetch(said: str) -> bool:
    """Whether it asks for what waits for it, while it has no address."""
    return said.startswith(posting.receiver_of(""))


def everyone(session: Session) -> list[Receiver]:
    return list(session.exec(select(Receiver).order_by(col(Receiver.name))))


def _begin_to_tell(session: Session, said: str, at: datetime) -> None:
    """A channel's old numbers are worth nothing: it hears today's; a refund or an order is as true as it was."""
    channel = _channel(session, said)
    if channel is None:
        unsent.release(session, said, at=at)
        return
    channel.is_pushed = True
    session.flush()
    push.tell_all(session, channel, at=at)


def _channel(session: Session, said: str) -> channels.Channel | None:
    kind, _, code = said.partition(":")
    return channels.by_code(session, code) if kind == "channel" else None


def _check_name(session: Session, said: str) -> None:
    kind, _, code = said.partition(":")
    is_known = {
        "channel": lambda: _channel(session, said) is not None,
        "node": lambda: session.exec(select(Node.id).where(Node.code == code)).first() is not None,
        "office": lambda: session.get(BackOffice, code) is not None,
    }
    if said != PAYMENT and not (kind in is_known and is_known[kind]()):
        known = "payment, channel:CODE, node:CODE or office:CODE, of one there is"
        raise NoAddress(f"{said} is nobody who could be told: say {known}.")


def _check_url(url: str, *, is_demo: bool) -> None:
    schemes = ("https", "http") if is_demo else ("https",)
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good or not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
        raise NoAddress(f"Messages are sent to an {schemes[0]} address with a host, such as https://shop.example/told.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise NoAddress("The address holds a name, a password or a #: messages are known by their signature.")
