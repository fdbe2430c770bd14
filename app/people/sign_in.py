"""Signing in on an enrolled device, by PIN or badge; switching person ends the session before it.

Wrong PINs are counted for the pair of device and person, for the device, and for the store. Beyond the limit of a pair
only its badge works; beyond the limit of a tablet or store everybody still has one try there, so that nobody can lock
a colleague out by guessing at somebody else. A badge always works, and a lead's gives the whole tablet its tries back.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.people import associate as associates
from app.people.associate import Associate, Reach, reach_of
from app.people.device import Device
from app.people.store import Region, Store
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
    associate_id: int | None = Field(default=None, foreign_key="associate.id")
    """Nobody's when the PIN was tried for somebody who doesn't work here."""
    place: str = Field(index=True)
    at: datetime = Field(index=True)


def by_pin(session: Session, device: Device, associate_id: int, pin: str, *, at: datetime) -> str | None:
    """The token of a new session; None for a wrong PIN, which is then on record (so commit either way)."""
    _take(session, device)
    associate = _of_here(session, device, associate_id)
    _refuse_guessing(session, device, associate, at=at)
    if associate is None:
        associates.nobody_has(pin)
    if associate is None or not associate.has_pin(pin):
        whose = associate.id if associate is not None else None
        _forget(session, device, before=at - WINDOW)
        session.add(WrongPinEntry(device_id=device.id, associate_id=whose, place=_place(device), at=at))
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
    _take(session, device)
    if _leads(session, device, associate):
        _forget(session, device, before=at + WINDOW)  # whoever was guessing, a lead stands there now
    return _begin(session, device, associate, at=at)


def current(session: Session, token: str, *, at: datetime) -> SignIn | None:
    """The open session behind a token, if its device still stands and its person still works in that place."""
    found = session.exec(select(SignIn).where(SignIn.token_hash == hash_token(token))).one_or_none()
    if found is None or not found.is_open(at):
        return None
    device = session.get_one(Device, found.device_id)
    associate = session.get_one(Associate, found.associate_id)
    return found if device.revoked_at is None and _belongs(session, device, associate) else None


def end(session: Session, device: Device, *, at: datetime) -> None:
    """Lock the device: whoever was signed in on it no longer is."""
    session.execute(
        sa.update(SignIn).where(col(SignIn.device_id) == device.id, col(SignIn.ended_at).is_(None)).values(ended_at=at)
    )


def _begin(session: Session, device: Device, associate: Associate, *, at: datetime) -> str:
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
    """One try at a time in each place: guesses sent together, from however many tablets, are counted one by one."""
    place: type[Store | Region] = Store if device.store_id is not None else Region
    row = sa.select(col(place.id)).where(col(place.id) == (device.store_id or device.region_id))
    session.execute(row.with_for_update(key_share=True))


def _of_here(session: Session, device: Device, associate_id: int) -> Associate | None:
    associate = session.get(Associate, associate_id)
    return associate if associate is not None and _belongs(session, device, associate) else None


def _belongs(session: Session, device: Device, associate: Associate) -> bool:
    return associate.left_at is None and has_place(session, device, reach_of(session, associate.id))


def has_place(session: Session, device: Device, reach: Reach) -> bool:
    """May somebody of this reach work where the device stands?"""
    if device.store_id is not None:
        return reach.works_in(session.get_one(Store, device.store_id))
    return device.region_id is not None and reach.may_look_at(device.region_id)


def _leads(session: Session, device: Device, associate: Associate) -> bool:
    store = session.get(Store, device.store_id) if device.store_id is not None else None
    return store is not None and reach_of(session, associate.id).leads(store)


def _place(device: Device) -> str:
    return f"store/{device.store_id}" if device.store_id is not None else f"region/{device.region_id}"


def _refuse_guessing(session: Session, device: Device, associate: Associate | None, *, at: datetime) -> None:
    recent = col(WrongPinEntry.at) > at - WINDOW
    on_device = col(WrongPinEntry.device_id) == device.id
    whose = col(WrongPinEntry.associate_id)
    counted = session.execute(
        sa.select(
            sa.func.count().filter(on_device, whose.is_not_distinct_from(associate and associate.id)).label("pair"),
            sa.func.count().filter(on_device).label("device"),
            sa.func.count().label("place"),
        ).where(recent, col(WrongPinEntry.place) == _place(device))
    ).one()
    is_crowded = any(getattr(counted, scope) >= WRONG_PINS[scope] for scope in ("device", "place"))
    if counted.pair >= (1 if is_crowded else WRONG_PINS["pair"]):
        raise TooManyTries("Too many wrong PINs. Scan your badge, ask your lead to scan theirs, or wait 5 minutes.")


def _forget(session: Session, device: Device, *, before: datetime) -> None:
    on_device = sa.delete(WrongPinEntry).where(col(WrongPinEntry.device_id) == device.id)
    session.execute(on_device.where(col(WrongPinEntry.at) <= before))
