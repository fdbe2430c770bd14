"""What travels between the demo's shops when somebody first looks: a box on its way, and one that is asked for."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from app.oms import transfer_moves, transfer_request
from app.oms.item import Item
from app.oms.transfer_request import Wanted
from app.people.store import Store

ACTOR = "demo"
IN_THE_BOX = ("Olive oil", "Tea", "Wool socks")
ASKED_FOR = ("Notebook", "Bear")
EACH = 6
LEFT_BEFORE = timedelta(minutes=40)


def send(session: Session, at: datetime) -> None:
    """From Station to Riverside, and asked for the other way."""
    riverside, station = (session.exec(select(Store.id).where(Store.code == code)).one() for code in ("118", "204"))
    left_at, soon = at - LEFT_BEFORE, at + LEFT_BEFORE
    box = Wanted(from_id=station, to_id=riverside, quantities=_of_each(session, IN_THE_BOX), expected_at=soon)
    coming = transfer_request.request(session, box, actor=ACTOR, at=left_at)
    transfer_moves.ship(session, coming, actor=ACTOR, at=left_at)
    away = Wanted(from_id=riverside, to_id=station, quantities=_of_each(session, ASKED_FOR))
    transfer_request.request(session, away, actor=ACTOR, at=left_at)


def _of_each(session: Session, names: tuple[str, ...]) -> dict[int, int]:
    return {session.exec(select(Item.id).where(Item.name == name)).one(): EACH for name in names}
