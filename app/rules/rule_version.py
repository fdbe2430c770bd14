"""The versions of each rule: published, in force for a while, never changed; rolling back says an old one again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app import db
from app.events.log import Eventful
from app.refusals import NotFound, Refusal
from app.rules import bodies
from app.rules.bodies import Body, RuleKind
from app.rules.rule_events import RulesPublished, RulesWithdrawn

Says = TypeVar("Says", bound=Body)


class RulesOverlap(Refusal):
    """Two versions of one rule at one time would leave everybody to choose."""


class RuleVersion(Eventful, SQLModel, table=True):
    """What a rule says, of what, and from when until when; one without an end per kind and scope."""

    __tablename__ = "rule_version"
    __table_args__ = (
        sa.UniqueConstraint("kind", "scope", "number"),
        sa.CheckConstraint("retired_at IS NULL OR retired_at >= valid_from", name="ends_after_it_begins"),
        sa.Index("rule_open", "kind", "scope", unique=True, sqlite_where=sa.text("retired_at IS NULL"),
                 postgresql_where=sa.text("retired_at IS NULL")),
        sa.Index("rule_effect_due", "effect_due_at", sqlite_where=sa.text("effect_due_at IS NOT NULL"),
                 postgresql_where=sa.text("effect_due_at IS NOT NULL")),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True)
    kind: RuleKind = Field(sa_type=db.choice(RuleKind))
    scope: str
    number: int
    body: dict[str, Any] = Field(sa_type=sa.JSON)
    """Only what it says: what it leaves out, a wider rule may say."""
    valid_from: datetime
    retired_at: datetime | None = None
    published_at: datetime
    published_by: str
    restores: int | None = None
    effect_due_at: datetime | None = None
    """When what follows from it has to be worked out; null once that is done."""

    @property
    def was_withdrawn(self) -> bool:
        return self.retired_at == self.valid_from

    def withdraw(self, *, by: str, at: datetime) -> None:
        """It ends now; if it had not begun, it never will have."""
        self.retired_at = max(at, self.valid_from)
        self.effect_due_at = at if self.retired_at == at else None
        self.happened(RulesWithdrawn(rule_version_id=self.id, kind=self.kind, scope=self.scope, number=self.number,
                                     actor=by, at=at))  # fmt: skip


@dataclass(frozen=True, slots=True)
class InForce(Generic[Says]):
    """What holds, all wider rules taken together, and the versions that say so: to be kept with each decision."""

    body: Says
    version_ids: tuple[int, ...]


def publish(
    session: Session, *, kind: str, scope: str, body: Mapping[str, Any], by: str, at: datetime,
    valid_from: datetime | None = None, restores: int | None = None,
) -> RuleVersion:  # fmt: skip
    """From `valid_from` on, or from now on; the version in force until then ends in that very instant."""
    begins, said = valid_from or at, bodies.read(kind, body).model_dump(exclude_unset=True)
    bodies.check_scope(kind, scope)
    if begins < at:
        raise RulesOverlap("A rule can't begin in the past: what was decided by then was decided by another.")
    _end_the_last(session, kind, scope, begins)
    number = 1 + (session.exec(_numbers(kind, scope)).one() or 0)
    version = RuleVersion(
        kind=RuleKind(kind), scope=scope, number=number, body=said, valid_from=begins, effect_due_at=begins,
        published_at=at, published_by=by, restores=restores,
    )  # fmt: skip
    session.add(version)
    try:
        session.flush()
    except IntegrityError as taken:
        raise RulesOverlap("Somebody else has just published this rule. Look at theirs first.") from taken
    version.happened(RulesPublished(rule_version_id=version.id, kind=kind, scope=scope, number=number,
                                    valid_from=begins, restores=restores, actor=by, at=at))  # fmt: skip
    return version


def _end_the_last(session: Session, kind: str, scope: str, begins: datetime) -> None:
    last = _last(session, kind, scope)
    if last is None or last.retired_at is not None:
        return
    if last.valid_from > begins:
        starts = f"{last.valid_from:%Y-%m-%d %H:%M} UTC"
        raise RulesOverlap(f"Version {last.number} is to begin at {starts}. Roll it back first.")
    last.retired_at = begins
    session.flush()


def roll_back(session: Session, *, kind: str, scope: str, by: str, at: datetime) -> RuleVersion:
    """The newest version goes: one not yet begun never begins, else the one before is said again, step by step."""
    last = _last(session, kind, scope)
    if last is None or last.retired_at is not None:
        raise NotFound(f"No rule for {kind} is published for {scope}.")
    before = _before(session, last)
    if last.valid_from > at:
        last.withdraw(by=by, at=at)
        session.flush()
        if before is not None and before.retired_at == last.valid_from:
            before.retired_at = None
        return last
    if before is None:
        last.withdraw(by=by, at=at)
        return last
    return publish(session, kind=kind, scope=scope, body=before.body, by=by, at=at, restores=before.number)


def in_force(session: Session, says: type[Says], scopes: Sequence[str], *, at: datetime) -> InForce[Says]:
    """What holds for these scopes, the widest first: a narrower one has the last word on what it says."""
    held = {version.scope: version for version in all_in_force(session, says.kind, at=at, scopes=scopes)}
    said = [held[scope] for scope in scopes if scope in held]
    return InForce(merged(says, (version.body for version in said)), tuple(version.id for version in said))


def merged(says: type[Says], said: Iterable[Mapping[str, Any]]) -> Says:
    """Field by field, the later over the earlier."""
    return says.model_validate({name: value for body in said for name, value in body.items()})


def all_in_force(
    session: Session, kind: RuleKind, *, at: datetime, scopes: Sequence[str] | None = None
) -> Sequence[RuleVersion]:
    """Every version of this kind that holds at this instant, or those of these scopes."""
    held = select(RuleVersion).where(
        RuleVersion.kind == kind,
        RuleVersion.valid_from <= at,
        sa.or_(col(RuleVersion.retired_at).is_(None), col(RuleVersion.retired_at) > at),
    )
    return session.exec(held if scopes is None else held.where(col(RuleVersion.scope).in_(scopes))).all()


def effect_due(session: Session, at: datetime) -> list[int]:
    """Versions that have begun, or ended, without what follows from that."""
    due = select(RuleVersion.id).where(col(RuleVersion.effect_due_at) <= at).order_by(col(RuleVersion.effect_due_at))
    return list(session.exec(due))


def _last(session: Session, kind: str, scope: str) -> RuleVersion | None:
    """The newest that was not withdrawn, held until this transaction ends."""
    versions = _versions(kind, scope).where(sa.or_(_is_open(), col(RuleVersion.retired_at) > RuleVersion.valid_from))
    return session.exec(versions.with_for_update().execution_options(populate_existing=True)).first()


def _before(session: Session, last: RuleVersion) -> RuleVersion | None:
    """The version whose turn it is when `last` goes: one that was said again counts as what it restored."""
    number = last.restores or last.number
    older = _versions(last.kind, last.scope).where(RuleVersion.number < number, col(RuleVersion.restores).is_(None))
    return session.exec(older.where(col(RuleVersion.retired_at) > RuleVersion.valid_from)).first()


def _versions(kind: str, scope: str) -> "SelectOfScalar[RuleVersion]":
    of_rule = select(RuleVersion).where(RuleVersion.kind == kind, RuleVersion.scope == scope)
    return of_rule.order_by(col(RuleVersion.number).desc()).limit(1)


def _is_open() -> "sa.ColumnElement[bool]":
    return col(RuleVersion.retired_at).is_(None)


def _numbers(kind: str, scope: str) -> "SelectOfScalar[int]":
    return select(sa.func.max(RuleVersion.number)).where(RuleVersion.kind == kind, RuleVersion.scope == scope)
