"""Which items' stock has moved since their availability was last worked out.

Each page of the ledger leaves one row of its own, never a flag on a shared one: a flag that is up already would be
lowered by somebody who can't see the change yet, and writers of one item at different nodes would queue for it.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import rows

MOST_ITEMS = 200
"""So many items a mark names at most, and so many are worked out at once: nobody who writes waits long for it."""
MOST_MARKS = 2000
"""A hot item leaves many marks, and is worked out once for all of them."""


class Touched(SQLModel, table=True):
    """Items that have to be worked out anew; seen only once the change that touched them is on disk."""

    __tablename__ = "touched"

    id: int = Field(default=None, primary_key=True)
    item_ids: list[int] = Field(sa_type=sa.JSON)


def marks(item_ids: Iterable[int]) -> rows.Insert:
    """The write that goes with the change."""
    named = sorted(set(item_ids))
    return rows.Insert(
        Touched, {"item_ids": [named[start : start + MOST_ITEMS] for start in range(0, len(named), MOST_ITEMS)]}
    )


def mark(session: Session, item_ids: Iterable[int]) -> None:
    """What they may be sold for has changed, though no stock moved."""
    rows.write(session, marks(item_ids))


def take(session: Session, *, most: int = MOST_ITEMS) -> list[int]:
    """The items touched longest ago, each once; whoever takes them works them out in this very transaction."""
    oldest = sa.select(col(Touched.id), col(Touched.item_ids)).order_by(col(Touched.id)).limit(MOST_MARKS)
    taken: list[int] = []
    items: set[int] = set()
    for mark_id, item_ids in session.execute(oldest.with_for_update(skip_locked=True)):
        if taken and len(items | set(item_ids)) > most:
            break
        taken.append(mark_id)
        items.update(item_ids)
    if taken:
        session.execute(sa.delete(Touched).where(col(Touched.id).in_(taken)))
    return sorted(items)


def is_waiting(session: Session) -> bool:
    return session.execute(sa.select(col(Touched.id)).limit(1)).first() is not None


def waiting(session: Session) -> set[int]:
    """All items that have to be worked out still."""
    return {item_id for item_ids in session.exec(select(Touched.item_ids)) for item_id in item_ids}


def number_waiting(session: Session) -> int:
    return session.exec(select(sa.func.count()).select_from(Touched)).one()
