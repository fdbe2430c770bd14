"""Exception cases (on the screen: Problems): what stands between a customer and a promise, until somebody ends it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.events import log
from app.events.log import DomainEvent, Eventful
from app.people.associate import Associate
from app.pickup import task as tasks
from app.pickup.task import PickupTask
from app.pickup.task_status import ENDED
from app.refusals import Refusal

REASON_LENGTH = 200
GONE = "its cause is gone"
"""The reason of a case that nobody had to end."""


class CaseOver(Refusal):
    """Ended cases stay ended."""


class CaseTaken(Refusal):
    """Somebody else is on it."""


class CaseKind(StrEnum):
    """What went wrong."""

    SHORT_PICK = "short pick"
    UNFULFILLABLE = "unfulfillable"
    UNDELIVERABLE = "undeliverable"
    PAYMENT_FAILED = "payment failed"
    TRANSFER_SHORT = "transfer short"
    OVERSOLD = "oversold"
    NOT_ROUTED = "no place can send it"


class CaseStatus(StrEnum):
    """Open until somebody owns it, then until somebody ends it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


ALIVE = (CaseStatus.OPEN, CaseStatus.ACKNOWLEDGED)


@dataclass(frozen=True, kw_only=True)
class CaseEvent(DomainEvent):
    """Something that occurred to a case."""

    about: ClassVar[str] = "case"
    case_id: int
    store_id: int | None
    order_id: int | None
    task_id: int | None


@dataclass(frozen=True, kw_only=True)
class CaseOpened(CaseEvent):
    """Something went wrong and was noticed."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class CaseAcknowledged(CaseEvent):
    """Somebody owns it."""


@dataclass(frozen=True, kw_only=True)
class CaseChanged(CaseEvent):
    """More or less hangs on it than before."""


@dataclass(frozen=True, kw_only=True)
class CaseEnded(CaseEvent):
    """Resolved, dismissed, or gone with its cause."""

    outcome: str
    reason: str | None


class ExceptionCase(Eventful, SQLModel, table=True):
    """One problem with one cause; while it lives, the same cause opens no second one."""

    __tablename__ = "exception_case"
    __table_args__ = (
        sa.Index("one_living_case_a_cause", "cause", unique=True, sqlite_where=sa.text("ended_at IS NULL"),
                 postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index("case_queue", "store_id", "ended_at"),
        sa.Index("case_of_line", "line_id"),
        sa.Index("living_oversold", "line_id", sqlite_where=sa.text("kind = 'oversold' AND ended_at IS NULL"),
                 postgresql_where=sa.text("kind = 'oversold' AND ended_at IS NULL")),
        sa.CheckConstraint("(ended_at IS NULL) = (status IN ('open', 'acknowledged'))", name="ended_when_over"),
        sa.CheckConstraint(
            "order_id IS NOT NULL OR store_id IS NOT NULL OR region_id IS NOT NULL", name="about_something"
        ),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True)
    kind: CaseKind = Field(sa_type=db.choice(CaseKind))
    cause: str
    status: CaseStatus = Field(default=CaseStatus.OPEN, sa_type=db.choice(CaseStatus))
    store_id: int | None = Field(default=None, foreign_key="store.id")
    """Whose problem it is; none, when an order that is shipped finds no node."""
    region_id: int | None = Field(default=None, foreign_key="region.id", index=True)
    order_id: int | None = Field(default=None, foreign_key="order.id")
    """Null for what is wrong with a place, and with no order of it in particular."""
    task_id: int | None = Field(default=None, foreign_key="pickup_task.id", index=True)
    line_id: int | None = Field(default=None, foreign_key="order_line.id")
    quantity: int = 0
    detail: str
    opened_at: datetime
    owner_id: int | None = Field(default=None, foreign_key="associate.id")
    ended_at: datetime | None = None
    reason: str | None = None

    def acknowledge(self, session: Session, *, associate_id: int, at: datetime) -> None:
        """Say "I'm on it"; a colleague's case stays the colleague's."""
        self._refuse_over()
        if self.owner_id not in (None, associate_id):
            raise CaseTaken(f"{session.get_one(Associate, self.owner_id).short_name} is on this problem already.")
        if self.owner_id is None:
            self.owner_id, self.status = associate_id, CaseStatus.ACKNOWLEDGED
            self.say(CaseAcknowledged, f"associate/{associate_id}", at)

    def end(self, status: CaseStatus, *, actor: str, at: datetime, reason: str | None = None) -> None:
        """Resolved, or dismissed with a reason."""
        self._refuse_over()
        self.status, self.ended_at, self.reason = status, at, (reason or "").strip()[:REASON_LENGTH] or None
        self.say(CaseEnded, actor, at, outcome=status.value, reason=self.reason)

    def _refuse_over(self) -> None:
        if self.status not in ALIVE:
            raise CaseOver(f"This problem is already {self.status}.")

    def say(self, event: type[CaseEvent], actor: str, at: datetime, **said: str | None) -> None:
        self.happened(event(at=at, actor=actor, case_id=self.id, store_id=self.store_id, order_id=self.order_id,
                            task_id=self.task_id, **said))  # fmt: skip


def open_case(session: Session, case: ExceptionCase, *, actor: str) -> ExceptionCase:
    """Open a case, unless one with this cause lives already: then that one."""
    living = select(ExceptionCase).where(ExceptionCase.cause == case.cause, col(ExceptionCase.ended_at).is_(None))
    known = session.exec(living).one_or_none()
    if known is not None:
        return known
    try:
        with session.begin_nested():
            session.add(case)
    except IntegrityError:  # somebody opened it in this very moment
        return session.exec(living).one()
    log.record(session, CaseOpened(at=case.opened_at, actor=actor, case_id=case.id, store_id=case.store_id,
                                   order_id=case.order_id, task_id=case.task_id, kind=case.kind.value))  # fmt: skip
    return case


def open_about(session: Session, event: Any, kind: CaseKind, *, detail: str) -> None:
    """A case about the whole order this event speaks of."""
    task = _concerned(session, event.order_id)
    store_id = event.store_id if event.store_id is not None or task is None else task.store_id
    open_case(session, ExceptionCase(
        kind=kind, cause=cause_of(event.order_id, kind), store_id=store_id, order_id=event.order_id,
        task_id=task.id if task else None, detail=detail, opened_at=event.at,
    ), actor=event.actor)  # fmt: skip


def _concerned(session: Session, order_id: int) -> PickupTask | None:
    """The store that can do something about the order: of several, the first that is still at work."""
    known = tasks.all_of(session, order_id)
    return next((task for task in known if task.status not in ENDED), next(iter(known), None))


def cause_of(order_id: int, kind: CaseKind) -> str:
    return f"order/{order_id}:{kind}"


def end_living(session: Session, which: "sa.ColumnElement[bool]", event: DomainEvent) -> None:
    """What these cases were about is gone; one that somebody is ending this moment is left to them."""
    living = select(ExceptionCase).where(which, col(ExceptionCase.ended_at).is_(None)).with_for_update()
    for case in session.exec(living.execution_options(populate_existing=True)):
        case.end(CaseStatus.RESOLVED, actor=event.actor, at=event.at, reason=GONE)


def living(session: Session, store_id: int) -> list[ExceptionCase]:
    """The store's problems, oldest first."""
    here = select(ExceptionCase).where(ExceptionCase.store_id == store_id, col(ExceptionCase.ended_at).is_(None))
    return list(session.exec(here.order_by(col(ExceptionCase.opened_at), col(ExceptionCase.id))))


def count_living(session: Session, store_id: int) -> int:
    here = select(sa.func.count()).select_from(ExceptionCase)
    return session.exec(here.where(ExceptionCase.store_id == store_id, col(ExceptionCase.ended_at).is_(None))).one()
