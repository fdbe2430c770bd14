"""The policies tasks began under, each kept word for word as it was: what is published later is for later tasks."""

import hashlib
import json
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.people import windows
from app.people.store import Store
from app.pickup.policy import Policy, Step, Target

_SAID = TypeAdapter(Policy)
_READ: dict[str, Policy] = {}


class PolicyVersion(SQLModel, table=True):
    """One policy, found again by what it says; a trigger refuses to change or remove it."""

    __tablename__ = "policy_version"

    id: int = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    body: dict[str, Any] = Field(sa_type=sa.JSON)
    """All of it, so that what a later release takes for granted changes nothing here."""
    rule_version_ids: list[int] = Field(sa_type=sa.JSON)
    """The rules it was put together from."""
    made_at: datetime

    @property
    def policy(self) -> Policy:
        return _READ.get(self.digest) or _READ.setdefault(self.digest, _SAID.validate_python(self.body))


def in_force(session: Session, store: Store, *, at: datetime) -> PolicyVersion:
    """What holds for a task of this store that begins now."""
    held = windows.of(session, store, at=at)
    return kept(session, _plain(held), held.rule_version_ids, at=at)


def kept(session: Session, policy: Policy, rule_version_ids: Collection[int], *, at: datetime) -> PolicyVersion:
    """The row that says this; made by whoever is the first to need it."""
    body, digest = _worded(policy, tuple(sorted(rule_version_ids)))
    same = select(PolicyVersion).where(PolicyVersion.digest == digest)
    known = session.exec(same).one_or_none()
    if known is None:
        fresh = {"digest": digest, "body": body, "rule_version_ids": sorted(rule_version_ids), "made_at": at}
        session.execute(db.insert(session, PolicyVersion).values(**fresh).on_conflict_do_nothing())
        known = session.exec(same).one()
    return known


@lru_cache(maxsize=1024)
def _worded(policy: Policy, rule_version_ids: tuple[int, ...]) -> tuple[dict[str, Any], str]:
    body: dict[str, Any] = _SAID.dump_python(policy, mode="json")
    return body, hashlib.sha256(json.dumps([body, rule_version_ids], sort_keys=True).encode()).hexdigest()


def policies(session: Session, version_ids: Collection[int]) -> dict[int, Policy]:
    """Several at once, by their ids."""
    found = session.exec(select(PolicyVersion).where(col(PolicyVersion.id).in_(version_ids)))
    return {version.id: version.policy for version in found}


def _plain(held: windows.Windows) -> Policy:
    """The store lead when the window is over, the regional manager when the lead had time to answer; then the board."""
    lead = Step(number=1, target=Target.LEAD, delay=held.answer)
    region = Step(number=2, target=Target.REGION, delay=held.answer)
    return Policy(steps=(lead, region), hold_days=held.hold_days, ack=held.ack)
