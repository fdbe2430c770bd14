"""What each associate did last, and taking it back for as long as nobody has moved its orders on."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.pickup import carrier, handover, packing, picking, short_picks, staging
from app.pickup import task as tasks
from app.pickup.task import MovedOn, PickupTask

MOST_REMEMBERED = 20


class Act(StrEnum):
    """What can be taken back; the noun of its address."""

    ACKNOWLEDGEMENT = "acknowledgement"
    PICK = "picks"
    SHORT = "shorts"
    STAGING = "staging"
    HANDOVER = "handover"
    PACKING = "packing"
    SHIPMENT = "shipment"


class Deed(SQLModel, table=True):
    """One act, with every task it touched and the version it left each at: they are taken back together."""

    __tablename__ = "deed"
    __table_args__ = (sa.Index("deed_of_associate", "associate_id", "store_id", "id"),)

    id: int = Field(default=None, primary_key=True)
    associate_id: int = Field(foreign_key="associate.id")
    store_id: int = Field(foreign_key="store.id")
    act: Act = Field(sa_type=db.choice(Act))
    versions: dict[str, int] = Field(sa_type=sa.JSON)
    words: str
    at: datetime
    taken_back_at: datetime | None = None

    @property
    def task_ids(self) -> list[int]:
        return sorted(map(int, self.versions))


def remember(
    session: Session, done: Sequence[PickupTask], act: Act, words: str, *, associate_id: int, at: datetime
) -> None:
    """Put what was just done where it can be taken back; what is older than the last twenty is forgotten."""
    versions = {str(task.id): task.version for task in done}
    store_id = done[0].store_id
    session.add(Deed(associate_id=associate_id, store_id=store_id, act=act, versions=versions, words=words, at=at))
    mine = sa.select(col(Deed.id)).where(col(Deed.associate_id) == associate_id, col(Deed.store_id) == store_id)
    oldest_kept = mine.order_by(col(Deed.id).desc()).limit(1).offset(MOST_REMEMBERED - 1).scalar_subquery()
    session.flush()
    session.execute(
        sa.delete(Deed)
        .where(col(Deed.associate_id) == associate_id, col(Deed.store_id) == store_id, col(Deed.id) < oldest_kept)
        .execution_options(synchronize_session=False)
    )


def last(session: Session, store_id: int, *, associate_id: int, most: int = MOST_REMEMBERED) -> list[Deed]:
    """The associate's deeds in this store, newest first."""
    mine = select(Deed).where(Deed.associate_id == associate_id, Deed.store_id == store_id)
    return list(session.exec(mine.order_by(col(Deed.id).desc()).limit(most)))


def standing(session: Session, deeds: Sequence[Deed]) -> set[int]:
    """Which of these nobody has taken back, nor moved any of their orders on since."""
    wanted = {task_id for deed in deeds for task_id in deed.task_ids}
    found = session.exec(select(PickupTask.id, PickupTask.version).where(col(PickupTask.id).in_(wanted)))
    now_at = {str(task_id): version for task_id, version in found}
    return {deed.id for deed in deeds if deed.taken_back_at is None and deed.versions.items() <= now_at.items()}


def undo(session: Session, deed: Deed, *, associate_id: int, at: datetime) -> None:
    """Take a deed back, all of it or nothing of it."""
    if deed.taken_back_at is not None:
        raise MovedOn("That was taken back already.")
    for task in tasks.all_locked(session, deed.task_ids):
        if task.version != deed.versions[str(task.id)]:
            raise MovedOn(f"Order {task.order.number} has moved on since; it can't be taken back from here.")
        _REVERSE[deed.act](session, task, associate_id=associate_id, at=at)
    deed.taken_back_at = at


def take_back(session: Session, task: PickupTask, act: Act, *, associate_id: int, at: datetime) -> None:
    """Reverse one act on one task by its own verb, whoever did it."""
    _REVERSE[act](session, task, associate_id=associate_id, at=at)
    for deed in last(session, task.store_id, associate_id=associate_id, most=1):
        if deed.act == act and deed.task_ids == [task.id]:
            deed.taken_back_at = at


def _give_back(session: Session, task: PickupTask, *, associate_id: int, at: datetime) -> None:
    task.give_back(session, associate_id=associate_id, at=at)


_REVERSE: dict[Act, Callable[..., Any]] = {
    Act.ACKNOWLEDGEMENT: _give_back,
    Act.PICK: picking.take_pick_back,
    Act.SHORT: short_picks.take_short_back,
    Act.STAGING: staging.take_back,
    Act.HANDOVER: handover.take_back,
    Act.PACKING: packing.take_back,
    Act.SHIPMENT: carrier.take_back,
}
