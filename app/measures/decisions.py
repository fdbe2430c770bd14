"""What has come up to the regional manager: each waiting escalation with all that its row on the page says."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.oms.order import FIRST_NUMBER
from app.people.associate import Associate
from app.people.store import Store
from app.pickup import escalation as escalations
from app.pickup.escalation import Escalation
from app.pickup.task import PickupTask

SOON = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One order nobody has answered for, in words for the manager."""

    id: int
    store: str
    number: str
    zone: str
    promised_at: datetime
    since: datetime
    soon_at: datetime
    answer_due_at: datetime
    owner: str | None


def waiting(session: Session, region_id: int) -> list[Decision]:
    """Oldest first, with two queries however many there are."""
    open_rows = escalations.waiting(session, region_id)
    about = session.execute(
        sa.select(col(Escalation.id), col(Store.name), col(Store.code), col(Store.time_zone), col(PickupTask.order_id),
                  col(PickupTask.promised_at), col(Associate.name).label("owner"))
        .join(Store, col(Store.id) == col(Escalation.store_id))
        .join(PickupTask, col(PickupTask.id) == col(Escalation.task_id))
        .outerjoin(Associate, col(Associate.id) == col(Escalation.owner_id))
        .where(col(Escalation.id).in_([row.id for row in open_rows]))
    )  # fmt: skip
    by_id = {found.id: found for found in about}
    return [_decision(row, by_id[row.id]) for row in open_rows]


def in_region(session: Session, region_id: int, escalation_id: int) -> Escalation | None:
    """The escalation, if it is one of this region's."""
    stores = select(Store.id).where(Store.region_id == region_id)
    mine = select(Escalation).where(Escalation.id == escalation_id, col(Escalation.store_id).in_(stores))
    return session.exec(mine).one_or_none()


def _decision(row: Escalation, about: sa.Row) -> Decision:
    answer_due_at = row.answer_due_at or row.at
    return Decision(
        id=row.id, store=f"{about.name} {about.code}", number=str(FIRST_NUMBER + about.order_id), zone=about.time_zone,
        promised_at=about.promised_at, since=row.at, soon_at=answer_due_at - SOON, answer_due_at=answer_due_at,
        owner=about.owner,
    )  # fmt: skip
