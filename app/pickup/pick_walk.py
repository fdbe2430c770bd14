"""The pick walk: each place once for all orders in hand, read from the database, so nothing of it can be lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, select

from app.oms.balance import Balance
from app.oms.item import Item, Place
from app.oms.order import Order
from app.oms.order_line import OrderLine
from app.pickup.task import PickupTask
from app.pickup.task_status import IN_HAND, TO_STAGE, TaskStatus
from app.pickup.walk_choice import Way
from app.refusals import Refusal

MOST_ORDERS = 6
MOST_LINES = 25
NOWHERE = "?"
AT_THE_END = 1_000_000

Wanted = tuple[int, PickupTask, OrderLine]
"""A line that wants an item, and its order with its number on the walk."""


class StopDone(Refusal):
    """Every order on the walk has this item already."""


@dataclass(frozen=True, kw_only=True)
class Tote:
    """One order's bag at a stop."""

    number: int
    task_id: int
    who: str
    take: int
    amount: str


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One item in one bin, for every order that wants it."""

    item: Item
    aisle: str
    bin: str
    hint: str
    walk_sequence: int
    promised_at: datetime
    on_hand: str
    wanted: int
    picked: int
    totes: tuple[Tote, ...]
    numbers: tuple[int, ...]

    @property
    def left(self) -> int:
        return sum(tote.take for tote in self.totes)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The stops in walking order."""

    way: Way
    stops: tuple[Stop, ...]
    orders: int
    to_stage: tuple[tuple[int, str], ...]
    to_pack: tuple[tuple[int, str], ...]
    skipped: tuple[int, ...]
    task_id: int | None

    @property
    def now(self) -> Stop | None:
        """The next stop; what was skipped comes round again at the end."""
        open_stops = [stop for stop in self.stops if stop.left]
        return next((stop for stop in open_stops if stop.item.id not in self.skipped), next(iter(open_stops), None))

    @property
    def total(self) -> int:
        return sum(stop.wanted for stop in self.stops)

    @property
    def picked(self) -> int:
        return sum(stop.picked for stop in self.stops)

    @property
    def words(self) -> str:
        if not self.stops:
            return "Nothing to pick."
        orders = f"{self.orders} {'order' if self.orders == 1 else 'orders'}"
        return f"{self.picked} of {self.total} items, {orders}."


def of(
    session: Session, store_id: int, *, associate_id: int, way: Way = Way.BY_AISLE, task_id: int | None = None,
    skipped: Sequence[int] = (),
) -> Walk:  # fmt: skip
    """The associate's own orders until all are on a shelf, then everybody's; up to what one person can carry."""
    tasks = _tasks(session, store_id, associate_id, task_id)
    places = select(Place).where(Place.node_id == store_id, col(Place.item_id).in_(_items(tasks)))
    where = {place.item_id: place for place in session.exec(places)}
    shelf = select(Balance).where(Balance.node_id == store_id, col(Balance.item_id).in_(_items(tasks)))
    on_hand = {row.item_id: row.on_hand for row in session.exec(shelf)}
    found: dict[int, list[Wanted]] = {}
    for number, task in enumerate(tasks, start=1):
        for line in task.lines:
            found.setdefault(line.item_id, []).append((number, task, line))
    stops = [_stop(where.get(item_id), on_hand.get(item_id, 0), wanted) for item_id, wanted in found.items()]
    return Walk(
        way=way, stops=tuple(_in_turn([stop for stop in stops if stop.wanted], way)), orders=len(tasks),
        to_stage=tuple((task.id, task.order.number) for task in _in_bags(tasks) if not task.is_ship),
        to_pack=tuple((task.id, task.order.number) for task in _in_bags(tasks) if task.is_ship),
        skipped=tuple(skipped), task_id=task_id,
    )  # fmt: skip


def _in_bags(tasks: Iterable[PickupTask]) -> list[PickupTask]:
    return [task for task in tasks if task.status in TO_STAGE]


def _in_turn(stops: Sequence[Stop], way: Way) -> Iterable[Stop]:
    """Aisle by aisle, heavy things to the bottom of the bag, cold ones last; or whatever is promised first, first."""
    begins: dict[str, int] = {}
    for stop in stops:
        begins[stop.aisle] = min(stop.walk_sequence, begins.get(stop.aisle, stop.walk_sequence))

    def turn(stop: Stop) -> tuple[Any, ...]:
        item = stop.item
        walk = (item.is_cold, begins[stop.aisle], not item.is_heavy, stop.walk_sequence, item.name, item.id)
        return walk if way == Way.BY_AISLE else (stop.promised_at, *walk)

    return sorted(stops, key=turn)


def _tasks(session: Session, store_id: int, associate_id: int, task_id: int | None) -> list[PickupTask]:
    in_walk = (*IN_HAND, *TO_STAGE, *((TaskStatus.REQUESTED,) if task_id else ()))
    chosen = select(PickupTask).where(PickupTask.store_id == store_id, col(PickupTask.status).in_(in_walk))
    if task_id:
        chosen = chosen.where(PickupTask.id == task_id)
    lines = selectinload(PickupTask.order)  # type: ignore[arg-type]
    whole = chosen.options(
        lines.selectinload(Order.lines).selectinload(OrderLine.item),  # type: ignore[arg-type]
        lines.selectinload(Order.customer),  # type: ignore[arg-type]
        selectinload(PickupTask.fulfilment),  # type: ignore[arg-type]
    )
    found = list(session.exec(whole.order_by(col(PickupTask.promised_at), col(PickupTask.id)).limit(200)))
    mine = [task for task in found if task_id or task.owner_id == associate_id]
    others = [task for task in found if task.status in IN_HAND]
    return _carried(mine or others)


def _carried(tasks: Sequence[PickupTask]) -> list[PickupTask]:
    """What is still to pick comes first; one order is always taken, however long."""
    carried: list[PickupTask] = []
    for task in sorted(tasks, key=lambda task: task.status in TO_STAGE):
        lines = sum(len(each.lines) for each in carried) + len(task.lines)
        if len(carried) < MOST_ORDERS and (lines <= MOST_LINES or not carried):
            carried.append(task)
    return sorted(carried, key=lambda task: task.id)


def _items(tasks: Sequence[PickupTask]) -> set[int]:
    return {line.item_id for task in tasks for line in task.lines}


def _stop(place: Place | None, on_hand: int, wanted: Sequence[Wanted]) -> Stop:
    item = wanted[0][2].item
    totes = tuple(
        Tote(number=number, task_id=task.id, who=task.order.customer.name, take=line.count("reserved"),
             amount=line.item.said(line.reserved))
        for number, task, line in wanted if line.reserved
    )  # fmt: skip
    return Stop(
        item=item, aisle=place.aisle if place else NOWHERE, bin=place.bin if place else NOWHERE,
        hint=place.hint if place else "", on_hand=item.said(on_hand), totes=totes,
        walk_sequence=place.walk_sequence if place else AT_THE_END,
        promised_at=min(task.promised_at for _, task, line in wanted if line.reserved or not totes),
        wanted=sum(line.count("reserved") + line.count("picked") for _, _, line in wanted),
        picked=sum(line.count("picked") for _, _, line in wanted), numbers=tuple(number for number, _, _ in wanted),
    )  # fmt: skip
