"""A demo day that goes on: customers order and come, tills sell, lorries deliver, colleagues work their boards."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from threading import Event, Thread
from uuid import uuid4

import structlog
from sqlmodel import Session, col, select

from app import clock, db
from app.config import Settings
from app.oms import inventory
from app.oms.balance import Balance
from app.oms.inventory import Cause, Change, Reason
from app.people.store import Store, opening_hours
from app.pickup.escalation import REGION
from app.pickup.task import PickupTask
from app.pickup.task_status import LANE_OF, Lane, TaskStatus
from app.refusals import Refusal
from seed import colleagues, demo_goods, process, shopping
from seed.demo import STORES
from seed.demo_towns import TOWNS

log = structlog.get_logger()

BETWEEN_ORDERS_S = 40
BETWEEN_SALES_S = 15
TICK_S = 3.0
LONGEST_STEP = timedelta(seconds=30)
LOW, DELIVERY = 12, 40
SENT_SHARE = 0.2
A_PARCELS_WAY = timedelta(days=2)
FORGOTTEN = 19
"""Every so many orders of another shop are overlooked until the ladder has reached the region."""
FULL = {Lane.NEW: 5, Lane.PICK: 8, Lane.STAGE: 4, Lane.HAND_OFF: 16}
"""The first shop is the visitor's: its colleagues help only with what goes beyond this."""

Act = Callable[[Session, int, int, datetime], None]
WORK: dict[TaskStatus, tuple[float, Act]] = {
    # after how many seconds, on average, what is done
    TaskStatus.REQUESTED: (60, colleagues.accept),
    TaskStatus.ACCEPTED: (45, colleagues.pick_one),
    TaskStatus.PICKING: (20, colleagues.pick_one),
    TaskStatus.PICKED: (45, colleagues.put_away),
    TaskStatus.STAGED: (900, colleagues.come),
    TaskStatus.ARRIVED: (120, colleagues.give),
    TaskStatus.PACKED: (1500, colleagues.give_to_carrier),
}


@dataclass(frozen=True)
class Shift:
    """An open shop and who works in it."""

    store_id: int
    code: str
    staff: list[int]


class Day:
    """`step` does what is due between the last step and this one; its dice make a day repeatable."""

    def __init__(self, settings: Settings, *, dice: Random | None = None) -> None:
        self._settings = settings
        self._dice = dice or Random()  # noqa: S311 - what happens in a demo is no secret
        self._goods = [item for item in demo_goods.items() if item.name != demo_goods.SOLD_OUT]
        self._last: datetime | None = None

    def step(self, at: datetime) -> None:
        passed = min(at - self._last, LONGEST_STEP) if self._last else timedelta()
        self._last = at
        with db.reading() as session:
            shifts = _open_shifts(session, at)
            tasks = colleagues.open_tasks(session)
        if self._comes_up(BETWEEN_ORDERS_S, passed) and shifts:
            self._attempt(lambda session: self._order(session, self._dice.choice(shifts), at))
        if self._comes_up(BETWEEN_SALES_S, passed) and shifts:
            self._attempt(lambda session: self._sell(session, self._dice.choice(shifts), at))
        self._work(shifts, tasks, passed, at)

    def _comes_up(self, mean_s: float, passed: timedelta) -> bool:
        return self._dice.random() < 1 - math.exp(-passed.total_seconds() / mean_s)

    def _attempt(self, deed: Callable[[Session], None]) -> None:
        """Somebody else may have been first; then nothing happens."""
        try:
            with db.transaction() as session:
                deed(session)
        except Refusal as refusal:
            log.debug("the demo day was refused", why=type(refusal).__name__)

    def _order(self, session: Session, shift: Shift, at: datetime) -> None:
        promised_at = at + timedelta(minutes=self._dice.choice((45, 60, 90, 120)))
        lines = shopping.basket(self._dice, self._goods)
        number = f"W-{uuid4().hex[:10].upper()}"
        town = TOWNS.get(shift.code)
        if town is not None and self._dice.random() < SENT_SHARE:
            shopping.order_sent(session, town, lines, number=number, promised_at=at + A_PARCELS_WAY, at=at)
        else:
            shopping.order(session, shift.code, lines, number=number, promised_at=promised_at, at=at)

    def _sell(self, session: Session, shift: Shift, at: datetime) -> None:
        """One thing over the till; and a lorry, when it leaves shelves low."""
        plenty = select(Balance.item_id).where(
            Balance.node_id == shift.store_id, Balance.on_hand - Balance.reserved > LOW
        )
        low = select(Balance.item_id).where(
            Balance.node_id == shift.store_id, Balance.on_hand - Balance.reserved <= LOW
        )
        sold = session.exec(plenty.order_by(col(Balance.item_id))).all()
        if sold:
            change = Change(item_id=self._dice.choice(sold), node_id=shift.store_id, on_hand=-1)
            inventory.record(session, [change], _cause(Reason.SALE, at))
        delivered = [
            Change(item_id=item_id, node_id=shift.store_id, on_hand=DELIVERY) for item_id in session.exec(low).all()
        ]
        inventory.record(session, delivered, _cause(Reason.RECEIPT, at))

    def _work(self, shifts: list[Shift], tasks: list[PickupTask], passed: timedelta, at: datetime) -> None:
        on_duty = {shift.store_id: shift for shift in shifts}
        crowd = Counter((task.store_id, LANE_OF[task.status]) for task in tasks)
        for task in tasks:
            mean_s, act = WORK[task.status]
            shift = on_duty.get(task.store_id)
            if shift is None or not shift.staff or not self._comes_up(mean_s, passed):
                continue
            lane = LANE_OF[task.status]
            if self._is_left_alone(task, shift.code, crowd[task.store_id, lane]):
                continue
            who = task.owner_id or self._dice.choice(shift.staff)
            crowd[task.store_id, lane] -= 1
            self._attempt(lambda session, do=act, t=task.id, w=who: do(session, t, w, at))  # type: ignore[misc]

    def _is_left_alone(self, task: PickupTask, code: str, in_lane: int) -> bool:
        """The first shop's board is the visitor's; elsewhere an order is overlooked now and then."""
        if task.status in (TaskStatus.STAGED, TaskStatus.PACKED):
            return False
        if code == STORES[0].code:
            return in_lane <= FULL[LANE_OF[task.status]]
        return task.status == TaskStatus.REQUESTED and task.order_id % FORGOTTEN == 0 and task.level < REGION


class Running:
    """A day that ticks in a thread of its own until it is told to stop."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._over = Event()
        self._thread = Thread(target=self._tick, name="demo-day", daemon=True)
        self._thread.start()

    def _tick(self) -> None:
        while not self._over.wait(TICK_S):
            try:
                self._day.step(clock.now())
            except Exception:
                log.exception("a step of the demo day failed")

    def stop(self) -> None:
        self._over.set()
        self._thread.join(timeout=10)


def start(settings: Settings) -> Running:
    process.bind(settings)
    return Running(Day(settings))


def _open_shifts(session: Session, at: datetime) -> list[Shift]:
    ours = [spec.code for spec in STORES]
    return [
        Shift(store.id, store.code, colleagues.staff_of(session, store.id))
        for store in session.exec(select(Store).where(col(Store.code).in_(ours)).order_by(col(Store.code)))
        if next(opening_hours(session, store).openings(at))[0] <= at
    ]


def _cause(reason: Reason, at: datetime) -> Cause:
    return Cause(reason=reason, document=f"demo/{uuid4().hex[:12]}", actor="till", occurred_at=at, recorded_at=at)
