"""Who sits at a socket, and which streams they may hear: derived from their sign-in, never from what a client says."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.people import sign_in
from app.people.associate import Associate, reach_of
from app.people.device import Device
from app.people.sign_in import SignIn
from app.people.store import Store


@dataclass(frozen=True)
class Seat:
    """One open sign-in and the event streams that belong to its device's place."""

    sign_in_id: int
    streams: frozenset[str]


def take(session: Session, token: str, *, at: datetime) -> Seat | None:
    """The seat of whoever holds this token; None when the session ended or the person has no role here any more."""
    found = sign_in.current(session, token, at=at)
    if found is None:
        return None
    streams = _streams(session, session.get_one(Device, found.device_id), found.associate_id)
    return Seat(found.id, frozenset(streams)) if streams is not None else None


def _streams(session: Session, device: Device, associate_id: int) -> list[str] | None:
    reach = reach_of(session, associate_id)
    if device.store_id is not None:
        works_here = reach.works_in(session.get_one(Store, device.store_id))
        return [f"store/{device.store_id}"] if works_here else None
    if device.region_id is None or not reach.may_look_at(device.region_id):
        return None
    stores = select(Store.id).where(Store.region_id == device.region_id)
    return [f"store/{store_id}" for store_id in session.exec(stores)]


def still_taken(session: Session, sign_in_ids: Collection[int], *, at: datetime) -> set[int]:
    """Which of these sign-ins are open, on a device that stands, by a person who still works here."""
    open_ones = (
        select(SignIn.id)
        .join(Device, col(Device.id) == col(SignIn.device_id))
        .join(Associate, col(Associate.id) == col(SignIn.associate_id))
        .where(col(SignIn.id).in_(sign_in_ids), col(SignIn.ended_at).is_(None), col(SignIn.ends_at) > at)
        .where(col(Device.revoked_at).is_(None), col(Associate.left_at).is_(None))
    )
    return set(session.exec(open_ones))
