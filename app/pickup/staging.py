"""Staging: the bag on a scanned shelf of this store. Nothing else makes an order ready."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.people import windows
from app.people.store import Store, opening_hours
from app.pickup import clock_face
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_events import StagingTakenBack, TaskStaged
from app.pickup.task_status import LANE_OF, ON_SHELF, TO_STAGE, TaskStatus
from app.refusals import Refusal

PREFIX = "LOC-"


class NotAShelfHere(Refusal):
    """The code is no staging location of this store."""


class WrongShelf(Refusal):
    """The shelf is full, or not cold enough."""


class LocationKind(StrEnum):
    """What a staging location is good for."""

    SHELF = "shelf"
    COLD = "cold"
    BULKY = "bulky"


class StagingLocation(SQLModel, table=True):
    """A place in the store where ready orders wait; its barcode is `LOC-` and its code."""

    __tablename__ = "staging_location"
    __table_args__ = (
        sa.UniqueConstraint("store_id", "code"),
        sa.CheckConstraint("capacity > 0", name="holds_something"),
    )

    id: int = Field(default=None, primary_key=True)
    store_id: int = Field(foreign_key="store.id")
    code: str
    kind: LocationKind = Field(default=LocationKind.SHELF, sa_type=db.choice(LocationKind))
    capacity: int = 4

    @property
    def barcode(self) -> str:
        return PREFIX + self.code


class Staging(SQLModel, table=True):
    """One time a bag was put on a shelf, by whom and how; taken back, it stays on record."""

    __tablename__ = "staging"

    id: int = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="pickup_task.id", index=True)
    location_id: int = Field(foreign_key="staging_location.id", index=True)
    associate_id: int = Field(foreign_key="associate.id")
    typed: bool
    at: datetime
    taken_back_at: datetime | None = None


def location_for(session: Session, store_id: int, code: str) -> StagingLocation:
    """The staging location behind a scanned barcode or a typed code, if it is one of this store's."""
    plain = code.strip().upper().removeprefix(PREFIX)
    here = select(StagingLocation).where(StagingLocation.store_id == store_id, StagingLocation.code == plain)
    location = session.exec(here.with_for_update()).one_or_none()
    if location is None:
        raise NotAShelfHere(f"{plain[:20] or 'That'} is not a pickup shelf of this store. Scan the label on the shelf.")
    return location


def stage(
    session: Session, task: PickupTask, location: StagingLocation, *, associate_id: int, typed: bool, at: datetime
) -> None:
    """Put the bag on a shelf, or move it to another one; the customer hears of the first time only."""
    if task.is_ship or task.status not in (*TO_STAGE, *ON_SHELF) or task.order.cancelled_at is not None:
        raise MovedOn(_why_not(task))
    _refuse_unfit(session, task, location)
    is_move = task.status in ON_SHELF
    if is_move:
        _standing(session, task).taken_back_at = at
    else:
        for line in task.lines:
            line.move("picked", "staged", line.picked)
        task.staged_at, task.hold_until = at, _hold_until(session, task, at=at)
    row = Staging(task_id=task.id, location_id=location.id, associate_id=associate_id, typed=typed, at=at)
    session.add(row)
    task.location_id = location.id
    session.flush()
    clock_face.end(task)
    waited = int((at - task.order.placed_at).total_seconds())
    task.become(
        task.status if is_move else TaskStatus.STAGED, TaskStaged, by=associate_id, at=at, staging_id=row.id,
        location_id=location.id, on_time=at <= task.promised_at, since_placed_s=waited, typed=typed, is_move=is_move,
    )  # fmt: skip


def take_back(session: Session, task: PickupTask, *, associate_id: int, at: datetime) -> None:
    """Off the shelf again; only while the customer has not been told (the notice refuses later)."""
    if task.status != TaskStatus.STAGED:
        raise MovedOn(f"Order {task.order.number} is already {task.status}.")
    row = _standing(session, task)
    row.taken_back_at = at
    for line in task.lines:
        line.move("staged", "picked", line.staged)
    task.location_id = task.staged_at = task.hold_until = None
    clock_face.watch(task, task.promised_at, at=at)
    task.become(TaskStatus.PICKED, StagingTakenBack, by=associate_id, at=at, staging_id=row.id)


def standing(session: Session, task_id: int) -> Staging | None:
    """The staging that holds now, if the bag is on a shelf."""
    rows = select(Staging).where(Staging.task_id == task_id, col(Staging.taken_back_at).is_(None))
    return session.exec(rows.order_by(col(Staging.id).desc()).limit(1)).one_or_none()


def bags_on(session: Session, location_id: int) -> int:
    on_it = select(sa.func.count()).select_from(PickupTask).where(PickupTask.location_id == location_id)
    return session.exec(on_it).one()


def free_places(session: Session, store_id: int) -> int:
    """How many more bags the store's shelves can take."""
    return sum(max(0, location.capacity - bags) for location, bags in _filled(session, store_id))


def roomiest(session: Session, store_id: int) -> dict[LocationKind, StagingLocation]:
    """Of each kind the location with the fewest bags that has room for one more."""
    found: dict[LocationKind, StagingLocation] = {}
    for location, bags in sorted(_filled(session, store_id), key=lambda each: (each[1], each[0].code)):
        if bags < location.capacity:
            found.setdefault(location.kind, location)
    return found


def suggested(session: Session, task: PickupTask) -> StagingLocation | None:
    """The emptiest shelf that fits: a suggestion on the screen; the scan decides."""
    return roomiest(session, task.store_id).get(LocationKind.COLD if needs_cold(task) else LocationKind.SHELF)


def _filled(session: Session, store_id: int) -> list[tuple[StagingLocation, int]]:
    """Every staging location of the store and the bags on it; only tasks on the board hold one."""
    bags = sa.select(col(PickupTask.location_id), sa.func.count()).where(
        col(PickupTask.store_id) == store_id, col(PickupTask.status).in_(list(LANE_OF))
    )
    on_it = {row[0]: row[1] for row in session.execute(bags.group_by(col(PickupTask.location_id)))}
    here = select(StagingLocation).where(StagingLocation.store_id == store_id)
    return [(location, on_it.get(location.id, 0)) for location in session.exec(here)]


def needs_cold(task: PickupTask) -> bool:
    return any(line.item.is_cold for line in task.lines if line.picked or line.staged)


def _standing(session: Session, task: PickupTask) -> Staging:
    row = standing(session, task.id)
    if row is None:
        raise MovedOn(f"Order {task.order.number} is not on a shelf.")
    return row


def _refuse_unfit(session: Session, task: PickupTask, location: StagingLocation) -> None:
    if location.id == task.location_id:
        raise WrongShelf(f"Order {task.order.number} is on {location.code} already.")
    if needs_cold(task) and location.kind != LocationKind.COLD:
        raise WrongShelf(f"Order {task.order.number} has cold items. {location.code} isn't cold.")
    if bags_on(session, location.id) >= location.capacity:
        raise WrongShelf(f"{location.code} is full. Scan another shelf.")


def _hold_until(session: Session, task: PickupTask, *, at: datetime) -> datetime:
    store = session.get_one(Store, task.store_id)
    return opening_hours(session, store).closing_day(at, windows.of(session, store, at=at).hold_days)


def _why_not(task: PickupTask) -> str:
    if task.order.cancelled_at is not None:
        return f"Order {task.order.number} was cancelled. Put its items back."
    if task.is_ship:
        return f"Order {task.order.number} is shipped, nobody comes for it. Pack it."
    left = task.units("reserved")
    still = f"{left} {'item is' if left == 1 else 'items are'} still to be picked"
    return f"Order {task.order.number}: {still}." if left else f"Order {task.order.number} is already {task.status}."
