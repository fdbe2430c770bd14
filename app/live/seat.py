"""Who sits at a socket, and which streams they may hear: derived from their sign-in, never from what a client says."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.people import sign_in
from app.people.associate import Associate, Reach, reaches_of
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
    return still_taken(session, [found.id], at=at).get(found.id) if found is not None else None


def still_taken(session: Session, sign_in_ids: Collection[int], *, at: datetime) -> dict[int, Seat]:
    """The seats of these sign-ins as they are now: open, on a device that stands, by a person who still works there."""
    open_ones = (
        select(SignIn.id, SignIn.associate_id, Device)
        .join(Device, col(Device.id) == col(SignIn.device_id))
        .join(Associate, col(Associate.id) == col(SignIn.associate_id))
        .where(col(SignIn.id).in_(sign_in_ids), col(SignIn.ended_at).is_(None), col(SignIn.ends_at) > at)
        .where(col(Device.revoked_at).is_(None), col(Associate.left_at).is_(None))
    )
    rows = session.exec(open_ones).all()
    reaches = reaches_of(session, {associate_id for _, associate_id, _ in rows})
    stores = session.exec(select(Store)).all()
    return {
        sign_in_id: Seat(sign_in_id, frozenset(f"store/{store.id}" for store in heard))
        for sign_in_id, associate_id, device in rows
        if (heard := _heard(device, reaches[associate_id], stores)) is not None
    }


def _heard(device: Device, reach: Reach, stores: Collection[Store]) -> list[Store] | None:
    """The stores whose events belong on this device's screen; None when this person has no place at it."""
    if device.store_id is not None:
        here = [store for store in stores if store.id == device.store_id and reach.works_in(store)]
        return here or None
    if device.region_id is None or not reach.may_look_at(device.region_id):
        return None
    return [store for store in stores if store.region_id == device.region_id]
