"""The viewer's last actions as the screen shows them: the newest in the undo slot, twenty in a list."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.people.store import Store
from app.pickup import undo
from app.pickup.undo import Act, Deed
from app.web.fragments import Undo, fragment
from app.web.viewer import viewer


@dataclass(frozen=True)
class LastAction:
    """One line of the list; without an address it can't be taken back."""

    words: str
    at: datetime
    state: str
    action: str = ""
    key: str = ""


def undo_of(session: Session) -> Undo | None:
    """The last act in this store, until the next one; a button only while it can be taken back."""
    deeds = undo.last(session, viewer().store(session).id, associate_id=viewer().id, most=1)
    if not deeds or deeds[0].taken_back_at is not None:
        return None
    action = _address(session, deeds[0]) if undo.standing(session, deeds) else ""
    return Undo(deeds[0].words, action, f"deed-{deeds[0].id}-undo")


def draw(session: Session) -> str:
    store = viewer().store(session)
    deeds = undo.last(session, store.id, associate_id=viewer().id)
    standing = undo.standing(session, deeds)
    actions = [_line(session, deed, is_standing=deed.id in standing) for deed in deeds]
    return fragment("my_actions/_list.html", actions=actions, zone=store.time_zone)


def _line(session: Session, deed: Deed, *, is_standing: bool) -> LastAction:
    if deed.taken_back_at is not None:
        return LastAction(deed.words, deed.at, "Taken back")
    address = _address(session, deed) if is_standing else ""
    state = "" if address else "A lead can take it back" if is_standing else "Moved on"
    return LastAction(deed.words, deed.at, state, address, f"deed-{deed.id}-undo")


def _address(session: Session, deed: Deed) -> str:
    """A hand-off is a lead's to take back."""
    is_theirs = deed.act != Act.HANDOVER or viewer().reach.leads(session.get_one(Store, deed.store_id))
    return f"/my-actions/{deed.id}/undo" if is_theirs else ""
