"""What the floor beside this one knows of a node: its opening time, and its region. It is told here how to ask."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel import Session


class Premises(Protocol):
    """What routing has to know of a place besides its stock."""

    def after(self, session: Session, spans: Mapping[int, timedelta], *, at: datetime) -> dict[int, datetime]:
        """When so much of each node's opening time has passed; a node nobody knows hours of is left out."""
        ...

    def region_of(self, session: Session, node_id: int) -> str | None:
        """The code of the region this node lies in."""
        ...


_known: list[Premises] = []


def ask(premises: Premises | None) -> None:
    """From now on this is asked; without it every place is open round the clock."""
    _known[:] = [premises] if premises is not None else []


def after(session: Session, spans: Mapping[int, timedelta], *, at: datetime) -> dict[int, datetime]:
    """When each node has had so much opening time."""
    kept = _known[0].after(session, spans, at=at) if _known else {}
    return {node_id: kept.get(node_id, at + span) for node_id, span in spans.items()}


def region_of(session: Session, node_id: int) -> str | None:
    return _known[0].region_of(session, node_id) if _known else None
