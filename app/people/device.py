"""Enrolled tablets and desks: the first of the two sessions; the person is the second."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from app.people.tokens import hash_token, new_token
from app.refusals import Refusal

ENROLMENT_WINDOW = timedelta(hours=24)


class EnrolmentOver(Refusal):
    """The link was used or is too old: a new one costs a minute, a stolen one costs a store."""


class Device(SQLModel, table=True):
    """A tablet bound to one store, or a desk bound to one region; its secret is kept as a hash and can be revoked."""

    __tablename__ = "device"
    __table_args__ = (sa.CheckConstraint("(store_id IS NULL) <> (region_id IS NULL)", name="bound_to_one_place"),)

    id: int = Field(default=None, primary_key=True)
    name: str
    store_id: int | None = Field(default=None, foreign_key="store.id", index=True)
    region_id: int | None = Field(default=None, foreign_key="region.id", index=True)
    enrolment_hash: str | None = Field(default=None, unique=True)
    enrol_by: datetime | None = None
    secret_hash: str | None = Field(default=None, unique=True)
    enrolled_at: datetime | None = None
    revoked_at: datetime | None = None
    lit_at: datetime | None = None
    """When its screen last said that it is lit."""

    def enrol(self, *, at: datetime) -> str:
        """Trade the one-time link for the secret that the tablet keeps; of two who hold it, the first."""
        session = sa.inspect(self).session
        if session is not None:
            session.flush()
            session.refresh(self, with_for_update=True)
        is_over = self.enrolled_at is not None or self.revoked_at is not None
        if is_over or self.enrol_by is None or at > self.enrol_by:
            raise EnrolmentOver("This enrolment link was used already or is too old. Ask for a new one.")
        secret = new_token()
        self.secret_hash, self.enrolled_at, self.enrolment_hash = hash_token(secret), at, None
        return secret

    def revoke(self, *, at: datetime) -> None:
        self.revoked_at = at


def invite(
    session: Session, *, name: str, at: datetime, store_id: int | None = None, region_id: int | None = None
) -> str:
    """A one-time enrolment token for a new device, good for a day."""
    token = new_token()
    session.add(
        Device(
            name=name,
            store_id=store_id,
            region_id=region_id,
            enrolment_hash=hash_token(token),
            enrol_by=at + ENROLMENT_WINDOW,
        )
    )
    return token


def invited(session: Session, token: str) -> Device | None:
    return session.exec(select(Device).where(Device.enrolment_hash == hash_token(token))).one_or_none()


def revoke_named(session: Session, name: str, *, at: datetime, **place: int) -> int:
    """A place's tablets of this name are ours no more, nor are the links that would make one; how many there were."""
    standing = select(Device).filter_by(name=name, revoked_at=None, **place)
    found = session.exec(standing).all()
    for device in found:
        device.revoke(at=at)
    return len(found)


def known(session: Session, secret: str) -> Device | None:
    """The enrolled, unrevoked device that holds this secret."""
    device = session.exec(select(Device).where(Device.secret_hash == hash_token(secret))).one_or_none()
    return device if device is not None and device.revoked_at is None else None
