"""Which way a tablet's people walk through the store, until they choose another."""

from enum import StrEnum

from sqlmodel import Field, Session, SQLModel

from app import db


class Way(StrEnum):
    """In which order the stops are visited."""

    BY_AISLE = "aisle"
    LATE_FIRST = "late"


class WalkChoice(SQLModel, table=True):
    """The way a tablet's people chose; it outlives a reload and the next person."""

    __tablename__ = "walk_choice"

    device_id: int = Field(primary_key=True, foreign_key="device.id")
    way: Way = Field(sa_type=db.choice(Way))


def way_of(session: Session, device_id: int) -> Way:
    choice = session.get(WalkChoice, device_id)
    return choice.way if choice else Way.BY_AISLE


def choose(session: Session, device_id: int, way: Way) -> None:
    chosen = db.insert(session, WalkChoice).values(device_id=device_id, way=way)
    session.execute(chosen.on_conflict_do_update(index_elements=["device_id"], set_={"way": way}))
