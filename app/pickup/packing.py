"""Packing what is shipped: each unit looked at once more or all at once, into parcels that get their slips."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.oms.order_line import OrderLine
from app.oms.shipment import MOST_PARCELS
from app.pickup.parcel_events import PackingTakenBack, TaskPacked, UnitPacked
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_status import TaskStatus
from app.refusals import Refusal, Unreadable

HEAVIEST_G = 1_000_000
PREFIX = "PCL-"


class NotToPack(Refusal):
    """It is collected here, isn't picked yet, or has no unit of this left."""


class Packing(SQLModel, table=True):
    """What somebody put into a parcel in one act, and into how many if that closed them; taken back, it stays."""

    __tablename__ = "packing"
    __table_args__ = (
        sa.CheckConstraint("parcels >= 0 AND (weight_g IS NULL OR weight_g > 0)", name="parcels_weigh_something"),
    )

    id: int = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="pickup_task.id", index=True)
    units: dict[str, int] = Field(sa_type=sa.JSON)
    """Of which lines how much."""
    parcels: int = 0
    weight_g: int | None = None
    associate_id: int = Field(foreign_key="associate.id")
    at: datetime
    taken_back_at: datetime | None = None


def pack(
    session: Session, task: PickupTask, *, parcels: int, weight_g: int | None, associate_id: int, at: datetime
) -> None:
    """Everything that is in the bag goes into so many parcels, which are closed."""
    _refuse_unfit(task)
    if not 0 < parcels <= MOST_PARCELS:
        raise Unreadable(f"Say how many parcels it is: 1 to {MOST_PARCELS}.")
    if weight_g is not None and not 0 < weight_g <= HEAVIEST_G:
        raise Unreadable(f"Say what it weighs in kilograms, up to {HEAVIEST_G // 1000}, or leave it out.")
    units = {str(line.id): line.picked for line in task.lines if line.picked}
    row = Packing(task_id=task.id, units=units, parcels=parcels, weight_g=weight_g, associate_id=associate_id, at=at)
    _put_in(session, task, row)
    _close(task, parcels, associate_id=associate_id, at=at)


def pack_one(session: Session, task: PickupTask, line: OrderLine, *, associate_id: int, at: datetime) -> None:
    """One piece, one scan, and what was weighed whole; with the last of them the parcel is closed."""
    _refuse_unfit(task)
    if not line.picked:
        raise NotToPack(f"All of {line.item.name} is in the parcel already.")
    taken = line.picked if line.item.is_weighed else 1
    is_last = task.units("picked") == 1
    row = Packing(task_id=task.id, units={str(line.id): taken}, parcels=int(is_last), associate_id=associate_id, at=at)
    _put_in(session, task, row)
    if is_last:
        _close(task, 1, associate_id=associate_id, at=at)
    else:
        task.become(TaskStatus.PICKED, UnitPacked, by=associate_id, at=at, line_id=line.id)


def take_back(session: Session, task: PickupTask, *, associate_id: int, at: datetime) -> None:
    """What went in last comes out again."""
    row = standing(session, task.id)
    if row is None or task.status not in (TaskStatus.PICKING, TaskStatus.PICKED, TaskStatus.PACKED):
        raise MovedOn(f"Nothing of order {task.order.number} can be taken out of its parcel now.")
    row.taken_back_at = at
    _move(task, row.units, "packed", "picked")
    task.parcels = 0
    after = TaskStatus.PICKING if task.units("reserved") else TaskStatus.PICKED
    task.become(after, PackingTakenBack, by=associate_id, at=at)


def standing(session: Session, task_id: int) -> Packing | None:
    """The last act that holds: once all is packed, the one that closed the parcels."""
    rows = select(Packing).where(Packing.task_id == task_id, col(Packing.taken_back_at).is_(None))
    return session.exec(rows.order_by(col(Packing.id).desc()).limit(1)).one_or_none()


def _put_in(session: Session, task: PickupTask, row: Packing) -> None:
    _move(task, row.units, "picked", "packed")
    session.add(row)


def _close(task: PickupTask, parcels: int, *, associate_id: int, at: datetime) -> None:
    task.parcels = parcels
    task.become(TaskStatus.PACKED, TaskPacked, by=associate_id, at=at, parcels=parcels)


def _move(task: PickupTask, units: Mapping[str, int], origin: str, target: str) -> None:
    for line in task.lines:
        line.move(origin, target, units.get(str(line.id), 0))


def _refuse_unfit(task: PickupTask) -> None:
    number = task.order.number
    if not task.is_ship:
        raise NotToPack(f"Order {number} is collected here: put it on a shelf.")
    if task.order.cancelled_at is not None:
        raise MovedOn(f"Order {number} was cancelled. Put its items back.")
    left = task.units("reserved")
    if left:
        raise NotToPack(f"Order {number}: {left} {'item is' if left == 1 else 'items are'} still to be picked.")
    if task.status != TaskStatus.PICKED:
        raise MovedOn(f"Order {number} is already {task.status}.")
