"""A task's card: all that it shows, for one task or for every one of a store, in a fixed number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app import drawing
from app.drawing import short_name
from app.oms.customer import Customer
from app.oms.item import Item, Place
from app.oms.order import FIRST_NUMBER, Order
from app.oms.order_line import PLACES, Fulfilment, FulfilmentKind, OrderLine, things
from app.people.associate import Associate
from app.people.store import Store
from app.pickup import card_problem, staging
from app.pickup.card_problem import NO_PROBLEM, Problem
from app.pickup.put_back import OFF_THE_SHELF
from app.pickup.staging import LocationKind, StagingLocation
from app.pickup.task import PickupTask
from app.pickup.task_status import LANE_OF, NOT_YET_READY, TO_STAGE, TaskStatus

SOON = timedelta(minutes=15)
ACCEPT_SOON = timedelta(minutes=2)
Roomy = dict[LocationKind, StagingLocation]
OUT = "out"
"""The lane of a card that leaves the board."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that a task's card shows."""

    id: int
    version: int
    number: str
    is_ship: bool
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
    suggested_shelf: str | None
    staged_at: datetime | None
    arrived_at: datetime | None
    spot: str | None
    owner: str | None
    parcels: int
    level: int
    problem_id: int | None
    at_risk: int
    """Of what is to be fetched, so much may be gone: more was promised than there is."""


def on_board(session: Session, store_id: int, *, at: datetime) -> list[Card]:
    """Every card of a store's board, in the order of their lanes' lists."""
    here = sa.and_(col(PickupTask.store_id) == store_id, col(PickupTask.status).in_(list(LANE_OF)))
    return sorted(_cards(session, here, at=at), key=lambda card: (card.sort, card.id))


def of_task(session: Session, task_id: int, *, at: datetime) -> Card | None:
    """One task's card; with lane `out` when it has left the board."""
    return next(iter(of_tasks(session, [task_id], at=at)), None)


def of_tasks(session: Session, task_ids: Sequence[int], *, at: datetime) -> list[Card]:
    """Several cards at once, for one push."""
    return list(_cards(session, col(PickupTask.id).in_(task_ids), at=at))


_task, _line, _item = PickupTask.__table__.c, OrderLine.__table__.c, Item.__table__.c  # type: ignore[attr-defined]
_TASK_COLUMNS: list[Any] = [
    *(
        _task[name]
        for name in ("id", "order_id", "fulfilment_id", "store_id", "version", "status", "window_due_at", "promised_at")
    ),
    *(_task[name] for name in ("staged_at", "arrived_at", "spot", "level", "parcels")),
    col(Fulfilment.kind),
    col(Customer.name).label("customer"),
    col(Associate.name).label("owner"),
    col(StagingLocation.code).label("shelf"),
    col(Store.time_zone).label("zone"),
]
_LINE_COLUMNS: list[Any] = [
    *(_line[name] for name in ("fulfilment_id", "ordered", *PLACES)),
    *(_item[name] for name in ("is_cold", "needs_id", "is_heavy", "is_fragile", "decimals")),
    col(Place.bin),
]


def _cards(session: Session, which: "sa.ColumnElement[bool]", *, at: datetime) -> Iterable[Card]:
    rows = session.execute(
        sa.select(*_TASK_COLUMNS)
        .select_from(PickupTask)
        .join(Order, col(Order.id) == col(PickupTask.order_id))
        .join(Fulfilment, col(Fulfilment.id) == col(PickupTask.fulfilment_id))
        .join(Customer, col(Customer.id) == col(Order.customer_id))
        .join(Store, col(Store.id) == col(PickupTask.store_id))
        .outerjoin(Associate, col(Associate.id) == col(PickupTask.owner_id))
        .outerjoin(StagingLocation, col(StagingLocation.id) == col(PickupTask.location_id))
        .where(which)
    ).all()
    lines = _lines(session, which)
    problems = card_problem.of_tasks(session, which)
    roomy = _roomy(session, rows)
    for row in rows:
        yield _card(row, lines.get(row.fulfilment_id, []), problems.get(row.id, NO_PROBLEM), roomy, at=at)


def _lines(session: Session, chosen: "sa.ColumnElement[bool]") -> dict[int, list[Any]]:
    here = sa.and_(col(Place.item_id) == col(OrderLine.item_id), col(Place.node_id) == col(PickupTask.store_id))
    rows = session.execute(
        sa.select(*_LINE_COLUMNS)
        .select_from(OrderLine)
        .join(PickupTask, col(PickupTask.fulfilment_id) == col(OrderLine.fulfilment_id))
        .join(Item, col(Item.id) == col(OrderLine.item_id))
        .outerjoin(Place, here)
        .where(chosen)
        .order_by(col(Place.walk_sequence), col(OrderLine.id))
    )
    lines: dict[int, list[Any]] = {}
    for row in rows:
        lines.setdefault(row.fulfilment_id, []).append(row)
    return lines


def _roomy(session: Session, rows: Sequence[Any]) -> Roomy:
    """Where the bags of these cards could stand: cards that are drawn together are one store's."""
    stores = {row.store_id for row in rows if row.status in TO_STAGE and row.kind == FulfilmentKind.PICKUP}
    return staging.roomiest(session, stores.pop()) if stores else {}


def _card(row: Any, lines: list[Any], problem: Problem, roomy: Roomy, *, at: datetime) -> Card:
    status = TaskStatus(row.status)
    due_at, soon_at = _due(row, status)
    urgency = "here" if status == TaskStatus.ARRIVED else drawing.urgency(due_at, at, soon_at)
    kind = LocationKind.COLD if any(line.is_cold and line.picked for line in lines) else LocationKind.SHELF
    is_ship = row.kind == FulfilmentKind.SHIP
    roomy_shelf = roomy.get(kind) if status in TO_STAGE and not is_ship else None
    lane = LANE_OF[status].value if status in LANE_OF else OUT
    return Card(
        id=row.id, version=row.version, number=str(FIRST_NUMBER + row.order_id),
        is_ship=is_ship, who=short_name(row.customer), lane=lane,
        status=status, sort=_sort(row, due_at), urgency=urgency,
        due_at=due_at, soon_at=soon_at, promised_at=row.promised_at, zone=row.zone,
        total=_count(lines, "ordered"), left=_count(lines, "reserved"), short=_count(lines, "short"),
        picked=_count(lines, *OFF_THE_SHELF),
        to_put_back=_count(lines, *OFF_THE_SHELF) if status == TaskStatus.CANCELLED else 0,
        bins=tuple(dict.fromkeys(line.bin for line in lines if line.reserved and line.bin)),
        handling=_handling(lines), shelf=row.shelf, suggested_shelf=roomy_shelf.code if roomy_shelf else None,
        staged_at=row.staged_at, arrived_at=row.arrived_at, spot=row.spot,
        owner=short_name(row.owner) if row.owner else None, parcels=row.parcels, level=row.level,
        problem_id=problem[0], at_risk=problem[1],
    )  # fmt: skip


def _sort(row: Any, due_at: datetime | None) -> str:
    """Who is here first, then what is due, the soonest first, then what waits on its shelf."""
    if row.status == TaskStatus.ARRIVED:
        return f"0|{row.arrived_at:%Y-%m-%dT%H:%M:%S}"
    return f"{2 if due_at is None else 1}|{due_at or row.staged_at or row.promised_at:%Y-%m-%dT%H:%M:%S}"


def _due(row: Any, status: TaskStatus) -> tuple[datetime | None, datetime | None]:
    """New cards count down to their acknowledgment, the others to their promise; on the shelf nothing is due."""
    if status == TaskStatus.REQUESTED and row.window_due_at is not None:
        return row.window_due_at, row.window_due_at - ACCEPT_SOON
    if status in NOT_YET_READY:
        return row.promised_at, row.promised_at - SOON
    return None, None


def _count(lines: list[Any], *places: str) -> int:
    return sum(things(getattr(line, place), line.decimals) for line in lines for place in places)


def _handling(lines: list[Any]) -> tuple[str, ...]:
    marks = {"cold": "is_cold", "id": "needs_id", "heavy": "is_heavy", "fragile": "is_fragile"}
    alive = [line for line in lines if line.ordered > line.short + line.cancelled + line.unfilled]
    return tuple(mark for mark, name in marks.items() if any(getattr(line, name) for line in alive))
