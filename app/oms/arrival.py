"""When an item last came to a node: what has lain there long is better sold than kept."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.oms.balance import Key
from app.oms.inventory import ARRIVALS, Movement

LATE = timedelta(hours=1)
"""A transaction that took longer than this to commit is not looked for again."""
BEFORE_ALL = datetime(1970, 1, 2, tzinfo=UTC)
A_DAY_S = 24 * 3600


class Arrival(SQLModel, table=True):
    """The newest there was of an item at a node, as far as the ledger has been read."""

    __tablename__ = "arrival"

    item_id: int = Field(foreign_key="item.id", primary_key=True)
    node_id: int = Field(foreign_key="node.id", primary_key=True)
    arrived_at: datetime
    recorded_at: datetime = Field(index=True)


def note(session: Session) -> None:
    """Read on in the ledger from where it was read to; safe to call at any time."""
    newest: datetime | None = session.execute(sa.select(sa.func.max(col(Arrival.recorded_at)))).scalar()
    same = sa.and_(col(Arrival.item_id) == col(Movement.item_id), col(Arrival.node_id) == col(Movement.node_id))
    is_noted = sa.exists().where(same, col(Arrival.arrived_at) >= col(Movement.occurred_at))
    came = (
        sa.select(col(Movement.item_id), col(Movement.node_id), col(Movement.occurred_at), col(Movement.recorded_at))
        .where(sa.text(ARRIVALS), col(Movement.recorded_at) > (newest or BEFORE_ALL) - LATE, ~is_noted)
        .order_by(col(Movement.recorded_at))
    )
    found: dict[Key, dict[str, object]] = {}
    for item_id, node_id, occurred_at, recorded_at in sorted(session.execute(came), key=lambda row: row.occurred_at):
        key = {"item_id": item_id, "node_id": node_id}
        found[item_id, node_id] = key | {"arrived_at": occurred_at, "recorded_at": recorded_at}
    if found:
        insert = db.insert(session, Arrival)
        later = {"arrived_at": insert.excluded.arrived_at, "recorded_at": insert.excluded.recorded_at}
        is_later = insert.excluded.arrived_at > col(Arrival.arrived_at)
        once = insert.on_conflict_do_update(index_elements=["item_id", "node_id"], set_=later, where=is_later)
        session.execute(once, [found[key] for key in sorted(found)])


def age_days(session: Session, item_ids: Collection[int], *, at: datetime) -> dict[int, dict[int, float]]:
    """By node and item."""
    ages: dict[int, dict[int, float]] = {}
    known = select(Arrival.node_id, Arrival.item_id, Arrival.arrived_at)
    for node_id, item_id, arrived_at in session.exec(known.where(col(Arrival.item_id).in_(list(item_ids)))):
        ages.setdefault(node_id, {})[item_id] = max(0.0, (at - arrived_at).total_seconds() / A_DAY_S)
    return ages
