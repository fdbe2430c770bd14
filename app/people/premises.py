"""Stores as routing sees them: when so much of their opening time has passed, and which region they lie in."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.people.hours import LOOK_AHEAD, NeverOpen, OpeningHours
from app.people.store import Region, Store, all_hours


class Stores:
    """What the floor of orders asks of this one, without knowing it."""

    def after(self, session: Session, spans: Mapping[int, timedelta], *, at: datetime) -> dict[int, datetime]:
        """When each store has been open for so long; places that are no stores are left out."""
        stores = session.exec(select(Store).where(col(Store.id).in_(spans))).all()
        return {store_id: _after(hours, spans[store_id], at) for store_id, hours in all_hours(session, stores).items()}

    def region_of(self, session: Session, node_id: int) -> str | None:
        lies_in = select(Region.code).join(Store, col(Store.region_id) == col(Region.id)).where(Store.id == node_id)
        return session.exec(lies_in).one_or_none()


def _after(hours: OpeningHours, span: timedelta, at: datetime) -> datetime:
    """A store that has closed for good promises nothing."""
    try:
        return hours.add_open(at, span)
    except NeverOpen:
        return at + LOOK_AHEAD
