"""Who is on shift: in a store or for a region, from when until when, as the roster or a tablet says it."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app import db
from app.people.associate import Role


class DutySource(StrEnum):
    """Who said so."""

    ROSTER = "roster"
    TABLET = "tablet"


class Duty(SQLModel, table=True):
    """One shift of one person in one role; it may end before it should."""

    __tablename__ = "duty"
    __table_args__ = (
        sa.CheckConstraint("(store_id IS NULL) <> (region_id IS NULL)", name="on_duty_in_one_place"),
        sa.CheckConstraint("ends_at > starts_at", name="a_shift_ends_after_it_begins"),
        sa.Index("duty_in_store", "store_id", "ends_at"),
        sa.Index("duty_in_region", "region_id", "ends_at"),
        sa.Index("duty_to_settle", "ends_at", sqlite_where=sa.text("settled_at IS NULL"),
                 postgresql_where=sa.text("settled_at IS NULL")),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True)
    associate_id: int = Field(foreign_key="associate.id", index=True)
    store_id: int | None = Field(default=None, foreign_key="store.id")
    region_id: int | None = Field(default=None, foreign_key="region.id")
    role: Role = Field(sa_type=db.choice(Role))
    starts_at: datetime
    ends_at: datetime
    source: DutySource = Field(sa_type=db.choice(DutySource))
    ended_at: datetime | None = None
    """When the person left, before or after it should have ended."""
    settled_at: datetime | None = None
    """When what they had in hand went to somebody else."""
