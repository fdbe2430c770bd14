"""The board: a store's cards in their lanes and what stands above them, the same for every viewer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from app.events import log
from app.people import windows
from app.people.store import Store
from app.pickup import card, exception_case, staging, tally
from app.pickup.card import Card
from app.pickup.task_status import Lane

TITLES = {Lane.NEW: "New", Lane.PICK: "Pick", Lane.STAGE: "Stage", Lane.HAND_OFF: "Hand off"}


@dataclass(frozen=True, kw_only=True)
class LaneHead:
    """What stands above a lane and on its tab, and its one action below."""

    key: str
    title: str
    count: int
    note: str
    here: int = 0


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The parts of the page that tell of all cards together."""

    store_id: int
    version: int
    sentence: str
    problems_open: int
    heads: tuple[LaneHead, ...]


@dataclass(frozen=True, kw_only=True)
class Board:
    """One store's board at one instant."""

    store_name: str
    store_code: str
    zone: str
    summary: Summary
    cards: dict[str, tuple[Card, ...]] = field(default_factory=dict)


def of(session: Session, store: Store, *, at: datetime) -> Board:
    """The whole board, in a number of queries that does not grow with it."""
    cards = card.on_board(session, store.id, at=at)
    lanes = {lane.value: tuple(each for each in cards if each.lane == lane) for lane in Lane}
    summary = _summary(session, store, cards, at=at)
    return Board(store_name=store.name, store_code=store.code, zone=store.time_zone, summary=summary, cards=lanes)


def summary(session: Session, store_id: int, *, at: datetime) -> Summary:
    """The heads, the sentence and the badge, for a push."""
    store = session.get_one(Store, store_id)
    return _summary(session, store, card.on_board(session, store_id, at=at), at=at)


def _summary(session: Session, store: Store, cards: Sequence[Card], *, at: datetime) -> Summary:
    numbers = tally.of(session, store.id)
    items_left = sum(each.left for each in cards if each.lane == Lane.PICK)
    free = staging.free_places(session, store.id)
    notes = {
        Lane.NEW: f"accept in {windows.of(session, store, at=at).ack // timedelta(minutes=1)} min",
        Lane.PICK: f"{items_left} {'item' if items_left == 1 else 'items'} left",
        Lane.STAGE: f"shelf free: {free}",
        Lane.HAND_OFF: _hand_off_note(cards, numbers.here),
    }
    heads = tuple(
        LaneHead(key=lane.value, title=TITLES[lane], count=getattr(numbers, tally.COLUMNS[lane]), note=notes[lane],
                 here=numbers.here if lane == Lane.HAND_OFF else 0)
        for lane in Lane
    )  # fmt: skip
    return Summary(store_id=store.id, version=log.version(session, f"store/{store.id}"), heads=heads,
                   sentence=_sentence(cards), problems_open=exception_case.count_living(session, store.id))  # fmt: skip


def _hand_off_note(cards: Sequence[Card], here: int) -> str:
    """Short enough for one line beside the lane's name."""
    parcels = sum(each.parcels for each in cards if each.lane == Lane.HAND_OFF)
    if here and parcels:
        return f"{here} here, {parcels} to send"
    return f"{here} here now" if here else f"{parcels} to send" if parcels else ""


def _sentence(cards: Sequence[Card]) -> str:
    """What matters now, in one line."""
    here = sum(each.urgency == "here" for each in cards)
    late = sum(each.urgency == "late" and each.lane != Lane.NEW for each in cards)
    soon = sum(each.urgency == "soon" and each.lane != Lane.NEW for each in cards)
    unanswered = sum(each.lane == Lane.NEW for each in cards)
    said = []
    if here:
        said.append(f"{here} {'customer' if here == 1 else 'customers'} here.")
    due = [f"{late} {'order' if late == 1 else 'orders'} late"] if late else []
    if soon:
        due.append(f"{soon} due in 15 minutes")
    if due:
        said.append(", ".join(due) + ".")
    if not said and unanswered:
        said.append(f"{unanswered} new {'order' if unanswered == 1 else 'orders'} to accept.")
    return " ".join(said) or "Nothing is waiting."
