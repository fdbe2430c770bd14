"""The board: every open task of a store as a card, the same for every viewer, in a fixed number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.events import log
from app.oms.customer import Customer
from app.oms.item import Item, Place
from app.oms.order import FIRST_NUMBER, PLACES, Order, OrderLine
from app.people.associate import Associate
from app.people.store import Store
from app.pickup import exception_case, staging, tally
from app.pickup.exception_case import ExceptionCase
from app.pickup.staging import StagingLocation
from app.pickup.task import PickupTask
from app.pickup.task_status import LANE_OF, Lane, TaskStatus

SOON = timedelta(minutes=15)
ACCEPT_SOON = timedelta(minutes=2)
OUT = "out"
"""The lane of a card that leaves the board."""

TITLES = {Lane.NEW: "New", Lane.PICK: "Pick", Lane.STAGE: "Stage", Lane.HAND_OFF: "Hand off"}


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that a task's card shows."""

    id: int
    version: int
    number: str
    who: str
    lane: str
    status: TaskStatus
    sort: str
    urgency: str
    due_at: datetime | None
    soon_at: datetime | None
    promised_at: datetime
    zone: str
    total: int
    left: int
    picked: int
    short: int
    to_put_back: int
    bins: tuple[str, ...]
    handling: tuple[str, ...]
    shelf: str | None
    staged_at: datetime | None
    arrived_at: datetime | None
    spot: str | None
    owner: str | None
    level: int
    problem_id: int | None


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
    cards = sorted(_cards(session, col(PickupTask.store_id) == store.id, at=at), key=lambda card: (card.sort, card.id))
    lanes = {lane.value: tuple(card for card in cards if card.lane == lane) for lane in Lane}
    summary = _summary(session, store, cards)
    return Board(store_name=store.name, store_code=store.code, zone=store.time_zone, summary=summary, cards=lanes)


def card(session: Session, task_id: int, *, at: datetime) -> Card | None:
    """One task's card; with lane `out` when it has left the board."""
    return next(iter(_cards(session, col(PickupTask.id) == task_id, at=at, on_board=False)), None)


def cards(session: Session, task_ids: Sequence[int], *, at: datetime) -> list[Card]:
    """Several cards at once, for one push."""
    return list(_cards(session, col(PickupTask.id).in_(task_ids), at=at, on_board=False))


def summary(session: Session, store_id: int, *, at: datetime) -> Summary:
    """The heads, the sentence and the badge, for a push."""
    store = session.get_one(Store, store_id)
    return _summary(session, store, list(_cards(session, col(PickupTask.store_id) == store_id, at=at)))


_task, _line, _item = PickupTask.__table__.c, OrderLine.__table__.c, Item.__table__.c  # type: ignore[attr-defined]
_TASK_COLUMNS: list[Any] = [
    *(_task[name] for name in ("id", "order_id", "version", "status", "ack_due_at", "promised_at", "staged_at")),
    *(_task[name] for name in ("arrived_at", "spot", "level")),
    col(Customer.name).label("customer"),
    col(Associate.name).label("owner"),
    col(StagingLocation.code).label("shelf"),
    col(Store.time_zone).label("zone"),
]
_LINE_COLUMNS: list[Any] = [
    *(_line[name] for name in ("order_id", "ordered", *PLACES)),
    *(_item[name] for name in ("is_cold", "needs_id", "is_heavy", "is_fragile")),
    col(Place.bin),
]
_ON_BOARD = col(PickupTask.status).in_(list(LANE_OF))


def _cards(session: Session, which: "sa.ColumnElement[bool]", *, at: datetime, on_board: bool = True) -> Iterable[Card]:
    chosen = sa.and_(which, _ON_BOARD) if on_board else which
    rows = session.execute(
        sa.select(*_TASK_COLUMNS)
        .select_from(PickupTask)
        .join(Order, col(Order.id) == col(PickupTask.order_id))
        .join(Customer, col(Customer.id) == col(Order.customer_id))
        .join(Store, col(Store.id) == col(PickupTask.store_id))
        .outerjoin(Associate, col(Associate.id) == col(PickupTask.owner_id))
        .outerjoin(StagingLocation, col(StagingLocation.id) == col(PickupTask.location_id))
        .where(chosen)
    ).all()
    lines = _lines(session, chosen)
    problems = _problems(session, chosen)
    for row in rows:
        yield _card(row, lines.get(row.order_id, []), problems.get(row.id), at=at)


def _lines(session: Session, chosen: "sa.ColumnElement[bool]") -> dict[int, list[Any]]:
    here = sa.and_(col(Place.item_id) == col(OrderLine.item_id), col(Place.node_id) == col(PickupTask.store_id))
    rows = session.execute(
        sa.select(*_LINE_COLUMNS)
        .select_from(OrderLine)
        .join(PickupTask, col(PickupTask.order_id) == col(OrderLine.order_id))
        .join(Item, col(Item.id) == col(OrderLine.item_id))
        .outerjoin(Place, here)
        .where(chosen)
        .order_by(col(Place.walk_sequence), col(OrderLine.id))
    )
    lines: dict[int, list[Any]] = {}
    for row in rows:
        lines.setdefault(row.order_id, []).append(row)
    return lines


def _problems(session: Session, chosen: "sa.ColumnElement[bool]") -> dict[int, int]:
    found = session.execute(
        sa.select(col(ExceptionCase.task_id), sa.func.min(col(ExceptionCase.id)))
        .join(PickupTask, col(PickupTask.id) == col(ExceptionCase.task_id))
        .where(chosen, col(ExceptionCase.ended_at).is_(None))
        .group_by(col(ExceptionCase.task_id))
    )
    return {row[0]: row[1] for row in found}


def _card(row: Any, lines: list[Any], problem_id: int | None, *, at: datetime) -> Card:
    status = TaskStatus(row.status)
    due_at, soon_at = _due(row, status)
    urgency = _urgency(status, due_at, soon_at, at)
    lane = LANE_OF[status].value if status in LANE_OF else OUT
    first = row.arrived_at if status == TaskStatus.ARRIVED else due_at or row.staged_at or row.promised_at
    return Card(
        id=row.id, version=row.version, number=str(FIRST_NUMBER + row.order_id),
        who=_short_name(row.customer), lane=lane,
        status=status, sort=f"{0 if status == TaskStatus.ARRIVED else 1}|{first:%Y-%m-%dT%H:%M:%S}", urgency=urgency,
        due_at=due_at, soon_at=soon_at, promised_at=row.promised_at, zone=row.zone,
        total=sum(line.ordered for line in lines), left=sum(line.reserved for line in lines),
        picked=sum(line.picked + line.staged for line in lines), short=sum(line.short for line in lines),
        to_put_back=sum(line.picked + line.staged for line in lines) if status == TaskStatus.CANCELLED else 0,
        bins=tuple(dict.fromkeys(line.bin for line in lines if line.reserved and line.bin)),
        handling=_handling(lines), shelf=row.shelf, staged_at=row.staged_at, arrived_at=row.arrived_at, spot=row.spot,
        owner=_short_name(row.owner) if row.owner else None, level=row.level, problem_id=problem_id,
    )  # fmt: skip


def _due(row: Any, status: TaskStatus) -> tuple[datetime | None, datetime | None]:
    """New cards count down to their acknowledgment, the others to their promise; on the shelf nothing is due."""
    if status == TaskStatus.REQUESTED:
        return row.ack_due_at, row.ack_due_at - ACCEPT_SOON
    if status in (TaskStatus.ACCEPTED, TaskStatus.PICKING, TaskStatus.PICKED):
        return row.promised_at, row.promised_at - SOON
    return None, None


def _urgency(status: TaskStatus, due_at: datetime | None, soon_at: datetime | None, at: datetime) -> str:
    if status == TaskStatus.ARRIVED:
        return "here"
    if due_at is None or soon_at is None:
        return "calm"
    return "late" if at >= due_at else "soon" if at >= soon_at else "calm"


def _handling(lines: list[Any]) -> tuple[str, ...]:
    marks = {"cold": "is_cold", "id": "needs_id", "heavy": "is_heavy", "fragile": "is_fragile"}
    alive = [line for line in lines if line.ordered > line.short + line.cancelled + line.unfilled]
    return tuple(mark for mark, name in marks.items() if any(getattr(line, name) for line in alive))


def _short_name(name: str) -> str:
    first, _, last = name.partition(" ")
    return f"{first} {last.split(' ')[-1][:1]}." if last else first


def _summary(session: Session, store: Store, cards: Sequence[Card]) -> Summary:
    numbers = tally.of(session, store.id)
    items_left = sum(card.left for card in cards if card.lane == Lane.PICK)
    free = staging.free_places(session, store.id)
    notes = {
        Lane.NEW: f"accept in {store.ack_window_s // 60} min",
        Lane.PICK: f"{items_left} {'item' if items_left == 1 else 'items'} left",
        Lane.STAGE: f"shelf free: {free}",
        Lane.HAND_OFF: f"{numbers.here} here now" if numbers.here else "",
    }
    heads = tuple(
        LaneHead(key=lane.value, title=TITLES[lane], count=getattr(numbers, tally.COLUMNS[lane]), note=notes[lane],
                 here=numbers.here if lane == Lane.HAND_OFF else 0)
        for lane in Lane
    )  # fmt: skip
    return Summary(store_id=store.id, version=log.version(session, f"store/{store.id}"), heads=heads,
                   sentence=_sentence(cards), problems_open=exception_case.count_living(session, store.id))  # fmt: skip


def _sentence(cards: Sequence[Card]) -> str:
    """What matters now, in one line."""
    here = sum(card.urgency == "here" for card in cards)
    late = sum(card.urgency == "late" and card.lane != Lane.NEW for card in cards)
    soon = sum(card.urgency == "soon" and card.lane != Lane.NEW for card in cards)
    unanswered = sum(card.lane == Lane.NEW for card in cards)
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
