"""How long things may take in a store: by the rules in force, and where they are silent by the store's own settings."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.people.store import Region, Store
from app.rules import bodies, rule_version


@dataclass(frozen=True, kw_only=True, slots=True)
class Windows:
    """In the store's opening time; days that are closed don't count."""

    ack: timedelta
    """So long an order may wait for somebody to say "mine"."""
    answer: timedelta
    """So long each rung of the ladder has to answer."""
    hold_days: int
    rule_version_ids: tuple[int, ...] = ()
    """The rules that say so."""


def of(session: Session, store: Store, *, at: datetime) -> Windows:
    """What holds for a task or a rung that begins now; one that has begun keeps its due instant."""
    region = session.get_one(Region, store.region_id)
    scopes = ("all", f"region:{region.code}", f"store:{store.code}")
    held = rule_version.in_force(session, bodies.Windows, scopes, at=at)
    said = held.body
    return Windows(
        ack=timedelta(seconds=said.ack_s or store.ack_window_s),
        answer=timedelta(seconds=said.answer_s or store.answer_window_s),
        hold_days=said.hold_days or store.hold_days,
        rule_version_ids=held.version_ids,
    )
