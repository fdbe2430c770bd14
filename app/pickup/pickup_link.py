"""The customer's link and pickup code: each derived from a random nonce and the installation's secret.

The database holds the nonce only, so a copy of it opens no page and collects no order; a link is revoked by its row.
Both are checked in constant time, under the current secret and the ones before it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, select

from app.oms.order_events import OrderEvent

CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 4
PREFIX = "PU-"
MOST_WRONG_CODES = 5


class PickupLink(SQLModel, table=True):
    """What an order's page and code are derived from, and how often a wrong code was tried."""

    __tablename__ = "pickup_link"

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="order.id", unique=True)
    nonce: str
    wrong_codes: int = 0
    revoked_at: datetime | None = None

    @property
    def is_blocked(self) -> bool:
        """Guessed at too often: from now on only a lead hands this order over."""
        return self.wrong_codes >= MOST_WRONG_CODES


def create_for(session: Session, event: OrderEvent) -> None:
    """An order was placed: its customer gets a page."""
    session.add(PickupLink(order_id=event.order_id, nonce=secrets.token_urlsafe(24)))


def revoke_for(session: Session, event: OrderEvent) -> None:
    """The order was called off: the code collects nothing any more; the page stays, to say so."""
    link_for(session, event.order_id).revoked_at = event.at


def link_for(session: Session, order_id: int) -> PickupLink:
    return session.exec(select(PickupLink).where(PickupLink.order_id == order_id)).one()


def token(link: PickupLink, secret: str) -> str:
    """The unguessable part of the page's address (160 bits); hex, because mail programs cut a link at odd signs."""
    return f"{link.id}-{_mac(link, secret, 'page')[:20].hex()}"


def by_token(session: Session, given: str, keys: Sequence[str]) -> PickupLink | None:
    """The link behind an address, or None for every address that is not exactly right."""
    number, _, _ = given.partition("-")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    link = session.get(PickupLink, int(number))
    if link is None or not any(hmac.compare_digest(token(link, key).encode(), given.encode()) for key in keys):
        return None
    return link


def code(link: PickupLink, number: str, secret: str) -> str:
    """What the customer shows or says: order number and four letters that can't be mistaken for each other."""
    letters = "".join(CODE_LETTERS[byte % len(CODE_LETTERS)] for byte in _mac(link, secret, "code")[:CODE_LENGTH])
    return f"{number}-{letters}"


def is_code(link: PickupLink, number: str, given: str, keys: Sequence[str]) -> bool:
    """Scanned (`PU-…`), typed or read out: case, spaces and a missing dash don't matter."""
    said = _bare(given)
    return any(hmac.compare_digest(_bare(code(link, number, key)).encode(), said.encode()) for key in keys)


def _bare(given: str) -> str:
    plain = given.strip().upper().removeprefix(PREFIX)
    return "".join(letter for letter in plain if letter.isalnum())


def _mac(link: PickupLink, secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), f"{purpose}:{link.order_id}:{link.nonce}".encode(), hashlib.sha256).digest()
