"""The people who use the tablets, and what each role may do where."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.people.store import Store
from app.people.tokens import hash_token
from app.refusals import Refusal

PIN_DIGITS = 6
HASHED = "$argon2id$"
_hasher = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
_RUNS = "0123456789012345", "9876543210987654"


class Role(StrEnum):
    """What a person may do; where, is the grant's scope."""

    ASSOCIATE = "associate"
    STORE_LEAD = "store lead"
    REGIONAL_MANAGER = "regional manager"
    OPERATIONS = "operations"
    AUDITOR = "auditor"


AT_A_STORE = (Role.ASSOCIATE, Role.STORE_LEAD)
AT_A_DESK = (Role.REGIONAL_MANAGER, Role.AUDITOR)


class BadPin(Refusal):
    """A PIN that could not be one."""

    status = 422


class Associate(SQLModel, table=True):
    """Somebody who works here. The PIN is kept as an argon2id hash, the badge as a hash of a long random code."""

    __tablename__ = "associate"

    id: int = Field(default=None, primary_key=True)
    staff_number: str | None = Field(default=None, unique=True)
    """What the company calls this person in its own books."""
    name: str
    job: str = ""
    pin_hash: str
    badge_hash: str | None = Field(default=None, unique=True)
    language: str = "en"
    email: str | None = None
    phone: str | None = None
    quiet: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """When this person wants to be left in peace; null as the ladder says."""
    left_at: datetime | None = None

    @property
    def short_name(self) -> str:
        """First name and initial: what a shared screen may show."""
        first, _, last = self.name.partition(" ")
        return f"{first} {last[:1]}." if last else first

    @property
    def initials(self) -> str:
        return "".join(word[:1] for word in self.name.split())[:2].upper()

    def set_badge(self, code: str) -> None:
        self.badge_hash = hash_token(code)

    def has_pin(self, pin: str) -> bool:
        return _is_pin(self.pin_hash, pin)


def pin_hash(pin: str) -> str:
    """Six digits at least, and none that is tried first: a shared tablet is looked at over shoulders."""
    if len(pin) < PIN_DIGITS or not pin.isdecimal() or not pin.isascii() or _is_tried_first(pin):
        raise BadPin(f"A PIN has at least {PIN_DIGITS} digits, not in a row and not one part over and over.")
    return _hasher.hash(pin)


def nobody_has(pin: str) -> None:
    """Takes as long as checking somebody's PIN, so that the time of the answer doesn't tell who works here."""
    _is_pin(_nobodys(), pin)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody")


def _is_pin(held: str, pin: str) -> bool:
    try:
        return _hasher.verify(held, pin)
    except (VerificationError, InvalidHashError):
        return False


def _is_tried_first(pin: str) -> bool:
    """123456, 111111, 121212, 123123: a whole staff's faces are on the lock screen, and somebody would have it."""
    return any(pin in run for run in _RUNS) or pin in (pin + pin)[1:-1]


class RoleGrant(SQLModel, table=True):
    """A role within a scope: one store, one region, or (both null) everywhere."""

    __tablename__ = "role_grant"
    __table_args__ = (
        sa.CheckConstraint("store_id IS NULL OR region_id IS NULL", name="one_scope"),
        sa.Index("one_role_per_store", "associate_id", "role", "store_id", unique=True),
        sa.Index("one_role_per_region", "associate_id", "role", "region_id", unique=True),
        sa.Index(
            "one_role_everywhere",
            "associate_id",
            "role",
            unique=True,
            sqlite_where=sa.text("store_id IS NULL AND region_id IS NULL"),
            postgresql_where=sa.text("store_id IS NULL AND region_id IS NULL"),
        ),
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
        return any(self.covers(role, store_id=store.id, region_id=store.region_id) for role in AT_A_STORE)

    def leads(self, store: Store) -> bool:
        return self.covers(Role.STORE_LEAD, store_id=store.id, region_id=store.region_id)

    def may_manage(self, region_id: int) -> bool:
        return self.covers(Role.REGIONAL_MANAGER, region_id=region_id)

    def may_look_at(self, region_id: int) -> bool:
        """Managers of the region, and auditors, who read all and change nothing."""
        return any(self.covers(role, region_id=region_id) for role in AT_A_DESK)


def reach_of(session: Session, associate_id: int) -> Reach:
    return reaches_of(session, [associate_id])[associate_id]


def reaches_of(session: Session, associate_ids: Collection[int]) -> dict[int, Reach]:
    """What each of these people may do where, in one question."""
    held = session.exec(select(RoleGrant).where(col(RoleGrant.associate_id).in_(associate_ids)))
    grants: dict[int, list[tuple[Role, int | None, int | None]]] = {each: [] for each in associate_ids}
    for grant in held:
        grants[grant.associate_id].append((grant.role, grant.store_id, grant.region_id))
    return {each: Reach(tuple(found)) for each, found in grants.items()}


def working_in(session: Session, store: Store) -> list[Associate]:
    """The people whose faces the store's tablets show: exactly those who can sign in there with a PIN."""
    here = sa.or_(col(RoleGrant.store_id) == store.id, col(RoleGrant.region_id) == store.region_id, _everywhere())
    return _with_a_pin(session, AT_A_STORE, here)


def working_for(session: Session, region_id: int) -> list[Associate]:
    """The people whose faces a region desk shows: its managers, and auditors."""
    return _with_a_pin(session, AT_A_DESK, sa.or_(col(RoleGrant.region_id) == region_id, _everywhere()))


def _with_a_pin(session: Session, roles: Collection[Role], where: sa.ColumnElement[bool]) -> list[Associate]:
    grants = select(RoleGrant.associate_id).where(col(RoleGrant.role).in_(roles), where)
    present = select(Associate).where(col(Associate.id).in_(grants), col(Associate.left_at).is_(None))
    return list(session.exec(present.where(col(Associate.pin_hash).startswith(HASHED)).order_by(col(Associate.name))))


def _everywhere() -> sa.ColumnElement[bool]:
    return sa.and_(col(RoleGrant.store_id).is_(None), col(RoleGrant.region_id).is_(None))
