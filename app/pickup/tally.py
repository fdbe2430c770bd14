"""The board's numbers, folded from events: how many tasks stand in each lane, how many customers are here."""

from collections import Counter
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.events.log import Event
from app.oms.order import Order
from app.oms.order_events import OrderEvent
from app.oms.order_line import Fulfilment
from app.people.store import Store
from app.pickup.task import PickupTask
from app.pickup.task_events import TaskEvent
from app.pickup.task_status import LANE_OF, Lane, TaskStatus

COLUMNS = {Lane.NEW: "new", Lane.PICK: "pick", Lane.STAGE: "stage", Lane.HAND_OFF: "hand_off"}


class BoardTally(SQLModel, table=True):
    """One row a store; changed by column expressions only, because two taps may fold at once."""

    __tablename__ = "board_tally"
    __table_args__ = (
        sa.CheckConstraint(
            "new >= 0 AND pick >= 0 AND stage >= 0 AND hand_off >= 0 AND here >= 0", name="counts_things"
        ),
    )

    store_id: int = Field(primary_key=True, foreign_key="store.id")
    new: int = 0
    pick: int = 0
    stage: int = 0
    hand_off: int = 0
    here: int = 0


def fold(session: Session, event: TaskEvent) -> None:
    """The projection's one rule: what a task was is one less, what it became is one more."""
    if event.was == event.status:
        return
    steps = _steps(event.was, event.status)
    if not steps:
        return
    _begin(session, [event.store_id])
    changed = {name: getattr(BoardTally, name) + step for name, step in steps.items()}
    session.execute(sa.update(BoardTally).where(col(BoardTally.store_id) == event.store_id).values(**changed)
                    .execution_options(synchronize_session=False))  # fmt: skip


def in_turn(session: Session, event: OrderEvent) -> None:
    """What several stores do for one order changes all their numbers: held in one order, or two such would circle."""
    if session.get_one(Order, event.order_id).store_id is not None:
        return
    sending = select(Store.id).join(Fulfilment, col(Fulfilment.node_id) == col(Store.id))
    stores = sorted(set(session.exec(sending.where(Fulfilment.order_id == event.order_id))))
    if len(stores) > 1:
        _begin(session, stores)
        theirs = sa.select(col(BoardTally.store_id)).where(col(BoardTally.store_id).in_(stores))
        session.execute(theirs.order_by(col(BoardTally.store_id)).with_for_update())


def _begin(session: Session, store_ids: Sequence[int]) -> None:
    nothing = dict.fromkeys((*COLUMNS.values(), "here"), 0)
    fresh = [{"store_id": store_id} | nothing for store_id in store_ids]
    session.execute(db.insert(session, BoardTally).values(fresh).on_conflict_do_nothing())


def _steps(was: TaskStatus | None, status: TaskStatus) -> dict[str, int]:
    steps: Counter[str] = Counter()
    for state, step in ((was, -1), (status, 1)):
        if state in LANE_OF:
            steps[COLUMNS[LANE_OF[state]]] += step
        if state == TaskStatus.ARRIVED:
            steps["here"] += step
    return {name: step for name, step in steps.items() if step}


def of(session: Session, store_id: int) -> BoardTally:
    return session.get(BoardTally, store_id) or BoardTally(store_id=store_id)


def untrue(session: Session) -> Iterable[str]:
    """Every store whose numbers are not what folding its log gives, or not what counting its tasks gives."""
    kept = {row.store_id: _numbers(row) for row in session.exec(select(BoardTally))}
    folded: dict[int, Counter[str]] = {}
    for store_id, was, status, number in session.execute(_told()):
        steps = _steps(TaskStatus(was) if was else None, TaskStatus(status))
        folded.setdefault(store_id, Counter()).update({name: number * step for name, step in steps.items()})
    counted: dict[int, Counter[str]] = {}
    tasks = sa.select(col(PickupTask.store_id), col(PickupTask.status), sa.func.count()).group_by(
        col(PickupTask.store_id), col(PickupTask.status)
    )
    for store_id, status, number in session.execute(tasks):
        steps = _steps(None, TaskStatus(status))
        counted.setdefault(store_id, Counter()).update({name: number * step for name, step in steps.items()})
    for store_id in sorted(kept.keys() | folded.keys() | counted.keys()):
        told = kept.get(store_id, {})
        for way, truth in (("its log", folded), ("its tasks", counted)):
            if {k: v for k, v in truth.get(store_id, Counter()).items() if v} != told:
                yield f"store {store_id}: the board's numbers are not those of {way}"


def _told() -> "sa.Select[tuple[int, str | None, str, int]]":
    """How often each step was told of in each store: years of events are added up where they are kept."""
    data = col(Event.data)
    step = data["store_id"].as_integer(), data["was"].as_string(), data["status"].as_string()
    return sa.select(*step, sa.func.count()).where(col(Event.subject).like("task/%")).group_by(*step)


def _numbers(row: BoardTally) -> dict[str, int]:
    return {name: number for name in (*COLUMNS.values(), "here") if (number := getattr(row, name))}
