"""Signing in on an enrolled device, by PIN or badge; switching person ends the session before it.

Wrong PINs are counted for the pair of device and person, for the device, and for the store, each with its own limit
and window: nobody can lock a colleague out from another tablet, and a badge always works.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.people.associate import Associate, reach_of
from app.people.device import Device
from app.people.store import Store
from app.people.tokens import hash_token, new_token
from app.refusals import Refusal

WINDOW = timedelta(minutes=5)
WRONG_PINS = {"pair": 5, "device": 20, "place": 100}
SHIFT = timedelta(hours=14)


class WrongPin(Refusal):
    """Says nothing about which part was wrong."""

    status = 401


class TooManyTries(Refusal):
    """Guessing is slowed down; the badge is the way in."""

    status = 429


class NotHere(Refusal):
    """The person holds no role in the device's store or region."""

    status = 403


class SignIn(SQLModel, table=True):
    """One person's session on one device; its token is in the signed cookie, here is only the hash."""

    __tablename__ = "sign_in"

    id: int = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    device_id: int = Field(foreign_key="device.id", index=True)
    associate_id: int = Field(foreign_key="associate.id", index=True)
    started_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        return self.ended_at is None and at < self.ends_at


class WrongPinEntry(SQLModel, table=True):
    """One wrong PIN, counted until it is five minutes old."""

    __tablename__ = "wrong_pin"

    id: int = Field(default=None, primary_key=True)
    device_id: int = Field(foreign_key="device.id", index=True)
    associate_id: int = Field(foreign_key="associate.id")
    place: str = Field(index=True)
    at: datetime = Field(index=True)


def by_pin(session: Session, device: Device, associate_id: int, pin: str, *, at: datetime) -> str | None:
    """The token of a new session; None for a wrong PIN, which is then on record (so commit either way)."""
    _take(session, device)
    _refuse_guessing(session, device, associate_id, at=at)
    associate = session.get(Associate, associate_id)
    if associate is None or not _belongs(session, device, associate) or not associate.has_pin(pin):
        if associate is not None:
            session.add(WrongPinEntry(device_id=device.id, associate_id=associate_id, place=_place(device), at=at))
        return None
    return _begin(session, device, associate, at=at)


def by_badge(session: Session, device: Device, code: str, *, at: datetime) -> str:
    """The token of a new session for whoever this badge belongs to."""
    badge = select(Associate).where(Associate.badge_hash == hash_token(code.removeprefix("BADGE-")))
    associate = session.exec(badge).one_or_none()
    if associate is None or associate.left_at is not None:
        raise WrongPin("This badge isn't known. Try your PIN.")
    if not _belongs(session, device, associate):
        raise NotHere("This badge belongs to another store.")
    return _begin(session, device, associate, at=at)


def current(session: Session, token: str, *, at: datetime) -> SignIn | None:
    """The open session behind a token, if its device still stands and its person still works here."""
    found = session.exec(select(SignIn).where(SignIn.token_hash == hash_token(token))).one_or_none()
    if found is None or not found.is_open(at):
        return None
    device = session.get_one(Device, found.device_id)
    associate = session.get_one(Associate, found.associate_id)
    return found if device.revoked_at is None and associate.left_at is None else None


def end(session: Session, device: Device, *, at: datetime) -> None:
    """Lock the device: whoever was signed in on it no longer is."""
    session.execute(
        sa.update(SignIn).where(col(SignIn.device_id) == device.id, col(SignIn.ended_at).is_(None)).values(ended_at=at)
    )


def _begin(session: Session, device: Device, associate: Associate, *, at: datetime) -> str:
    _take(session, device)
    end(session, device, at=at)
    token = new_token()
    session.add(
        SignIn(
            token_hash=hash_token(token),
            device_id=device.id,
            associate_id=associate.id,
            started_at=at,
            ends_at=at + SHIFT,
        )
    )
    return token


def _take(session: Session, device: Device) -> None:
    """One try at a time on each device: guesses sent together are counted one after the other."""
    session.execute(sa.select(col(Device.id)).where(col(Device.id) == device.id).with_for_update())


def _belongs(session: Session, device: Device, associate: Associate) -> bool:
    reach = reach_of(session, associate.id)
    if associate.left_at is not None:
        return False
    if device.store_id is not None:
        return reach.works_in(session.get_one(Store, device.store_id))
    return device.region_id is not None and reach.may_look_at(device.region_id)


def _place(device: Device) -> str:
    return f"store/{device.store_id}" if device.store_id is not None else f"region/{device.region_id}"


def _refuse_guessing(session: Session, device: Device, associate_id: int, *, at: datetime) -> None:
    recent = col(WrongPinEntry.at) > at - WINDOW
    on_device = col(WrongPinEntry.device_id) == device.id
    counted = session.execute(
        sa.select(
            sa.func.count().filter(on_device, col(WrongPinEntry.associate_id) == associate_id).label("pair"),
            sa.func.count().filter(on_device).label("device"),
            sa.func.count().label("place"),
        ).where(recent, col(WrongPinEntry.place) == _place(device))
    ).one()
    if any(getattr(counted, scope) >= limit for scope, limit in WRONG_PINS.items()):
        raise TooManyTries("Too many wrong PINs. Scan your badge, or ask your lead, or try again in 5 minutes.")
