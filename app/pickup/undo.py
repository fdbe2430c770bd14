"""The undo slot: each associate's last act, until the next one replaces it."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, Session, SQLModel

from app import db
from app.pickup import handover, picking, staging
from app.pickup.task import MovedOn, PickupTask


class Act(StrEnum):
    """What can be taken back; the noun of its address."""

    ACKNOWLEDGEMENT = "acknowledgement"
    PICK = "picks"
    SHORT = "shorts"
    STAGING = "staging"
    HANDOVER = "handover"


class UndoSlot(SQLModel, table=True):
    """One place for one act: the task and the version it left behind."""

    __tablename__ = "undo_slot"

    associate_id: int = Field(primary_key=True, foreign_key="associate.id")
    task_id: int = Field(foreign_key="pickup_task.id")
    act: Act = Field(sa_type=db.choice(Act))
    version: int
    words: str
    at: datetime


def remember(session: Session, task: PickupTask, act: Act, words: str, *, associate_id: int, at: datetime) -> None:
    """Fill the slot with what was just done."""
    said = {"task_id": task.id, "act": act, "version": task.version, "words": words, "at": at}
    filled = db.insert(session, UndoSlot).values(associate_id=associate_id, **said)
    session.execute(filled.on_conflict_do_update(index_elements=["associate_id"], set_=said))


def slot_of(session: Session, associate_id: int) -> UndoSlot | None:
    return session.get(UndoSlot, associate_id, populate_existing=True)


def undo(session: Session, task: PickupTask, *, associate_id: int, at: datetime) -> Act:
    """Take the last act back, unless somebody has moved the task on since."""
    slot = slot_of(session, associate_id)
    if slot is None or slot.task_id != task.id:
        raise MovedOn("There is nothing to take back.")
    if slot.version != task.version:
        raise MovedOn(f"Order {task.order.number} has moved on since; it can't be taken back from here.")
    take_back(session, task, slot.act, associate_id=associate_id, at=at)
    return slot.act


def take_back(session: Session, task: PickupTask, act: Act, *, associate_id: int, at: datetime) -> None:
    """Reverse one act by its own verb, and empty the slot."""
    _REVERSE[act](session, task, associate_id=associate_id, at=at)
    slot = slot_of(session, associate_id)
    if slot is not None:
        session.delete(slot)


def _give_back(session: Session, task: PickupTask, *, associate_id: int, at: datetime) -> None:
    task.give_back(session, associate_id=associate_id, at=at)


_REVERSE: dict[Act, Callable[..., Any]] = {
    Act.ACKNOWLEDGEMENT: _give_back,
    Act.PICK: picking.take_pick_back,
    Act.SHORT: picking.take_short_back,
    Act.STAGING: staging.take_back,
    Act.HANDOVER: handover.take_back,
}
