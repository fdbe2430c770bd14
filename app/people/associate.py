"""The people who use the tablets, and what each role may do where."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.people.store import Store
from app.people.tokens import hash_token
from app.refusals import Refusal

PIN_DIGITS = 6
_hasher = PasswordHasher()


class Role(StrEnum):
    """What a person may do; where, is the grant's scope."""

    ASSOCIATE = "associate"
    STORE_LEAD = "store lead"
    REGIONAL_MANAGER = "regional manager"
    OPERATIONS = "operations"
    AUDITOR = "auditor"


class BadPin(Refusal):
    """A PIN that could not be one."""

    status = 422


class Associate(SQLModel, table=True):
    """Somebody who works here. The PIN is kept as an argon2id hash, the badge as a hash of a long random code."""

    __tablename__ = "associate"

    id: int = Field(default=None, primary_key=True)
    name: str
    job: str = ""
    pin_hash: str
    badge_hash: str | None = Field(default=None, unique=True)
    language: str = "en"
    left_at: datetime | None = None

    @property
    def short_name(self) -> str:
        """First name and initial: what a shared screen may show."""
        first, _, last = self.name.partition(" ")
        return f"{first} {last[:1]}." if last else first

    @property
    def initials(self) -> str:
        return "".join(word[:1] for word in self.name.split())[:2].upper()

    def set_pin(self, pin: str) -> None:
        self.pin_hash = pin_hash(pin)

    def set_badge(self, code: str) -> None:
        self.badge_hash = hash_token(code)

    def has_pin(self, pin: str) -> bool:
        try:
            return _hasher.verify(self.pin_hash, pin)
        except VerificationError:
            return False


def pin_hash(pin: str) -> str:
    """Six digits at least, and not all the same: a shared tablet is looked at over shoulders."""
    if len(pin) < PIN_DIGITS or not pin.isdecimal() or not pin.isascii() or len(set(pin)) == 1:
        raise BadPin(f"A PIN has at least {PIN_DIGITS} digits, and not all the same.")
    return _hasher.hash(pin)


class RoleGrant(SQLModel, table=True):
    """A role within a scope: one store, one region, or (both null) everywhere."""

    __tablename__ = "role_grant"
    __table_args__ = (
        sa.UniqueConstraint("associate_id", "role", "store_id", "region_id"),
        sa.CheckConstraint("store_id IS NULL OR region_id IS NULL", name="one_scope"),
    )

    id: int = Field(default=None, primary_key=True)
    associate_id: int = Field(foreign_key="associate.id", index=True)
    role: Role = Field(sa_type=db.choice(Role))
    store_id: int | None = Field(default=None, foreign_key="store.id", index=True)
    region_id: int | None = Field(default=None, foreign_key="region.id", index=True)


@dataclass(frozen=True)
class Reach:
    """What one person may do where, resolved once per request."""

    grants: tuple[tuple[Role, int | None, int | None], ...]

    def covers(self, role: Role, *, store_id: int | None = None, region_id: int | None = None) -> bool:
        """Does this person hold `role` for that store, which lies in that region?"""
        return any(
            held == role and (store is None or store == store_id) and (region is None or region == region_id)
            for held, store, region in self.grants
        )

    def works_in(self, store: Store) -> bool:
        """May act on this store's tasks: its associates and its leads."""
        return any(
            self.covers(r, store_id=store.id, region_id=store.region_id) for r in (Role.ASSOCIATE, Role.STORE_LEAD)
        )

    def leads(self, store: Store) -> bool:
        return self.covers(Role.STORE_LEAD, store_id=store.id, region_id=store.region_id)

    def may_manage(self, region_id: int) -> bool:
        return self.covers(Role.REGIONAL_MANAGER, region_id=region_id)

    def may_look_at(self, region_id: int) -> bool:
        """Managers of the region, and auditors, who read all and change nothing."""
        return self.may_manage(region_id) or self.covers(Role.AUDITOR, region_id=region_id)


def reach_of(session: Session, associate_id: int) -> Reach:
    held: Iterable[RoleGrant] = session.exec(select(RoleGrant).where(RoleGrant.associate_id == associate_id))
    return Reach(tuple((grant.role, grant.store_id, grant.region_id) for grant in held))


def working_in(session: Session, store: Store) -> list[Associate]:
    """The people whose faces the store's tablets show."""
    grants = select(RoleGrant.associate_id).where(RoleGrant.store_id == store.id)
    present = select(Associate).where(col(Associate.id).in_(grants), col(Associate.left_at).is_(None))
    return list(session.exec(present.order_by(col(Associate.name))))


def working_for(session: Session, region_id: int) -> list[Associate]:
    """The people whose faces a region desk shows: managers and auditors."""
    everywhere = sa.and_(col(RoleGrant.store_id).is_(None), col(RoleGrant.region_id).is_(None))
    grants = select(RoleGrant.associate_id).where(sa.or_(col(RoleGrant.region_id) == region_id, everywhere))
    present = select(Associate).where(col(Associate.id).in_(grants), col(Associate.left_at).is_(None))
    return list(session.exec(present.order_by(col(Associate.name))))
