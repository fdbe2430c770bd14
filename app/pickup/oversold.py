"""Orders that may lack what they were promised: a problem each, for as long as their shelf owes more than it has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.oms import endangered, shortfall
from app.oms.endangered import Endangered
from app.oms.node import Node, NodeKind
from app.oms.order import Order
from app.oms.order_line import OrderLine
from app.oms.shortfall import Shortfall, ShortfallEvent
from app.people.store import Store
from app.pickup import exception_case
from app.pickup.count import StockCount
from app.pickup.exception_case import GONE, CaseChanged, CaseKind, ExceptionCase, open_case
from app.pickup.task import PickupTask
from app.pickup.task_events import TaskCutShort, UnitPicked, UnitsShort

MOST_AT_ONCE = 50
"""A fact that endangers more orders than that is a fault of the fact: the till does not wait for us."""
MORE_PROMISED = "more promised than there is"

_IS_LIVING = sa.and_(
    col(ExceptionCase.kind) == sa.bindparam(None, CaseKind.OVERSOLD, literal_execute=True),
    col(ExceptionCase.ended_at).is_(None),
)
"""Written out: a parameter would hide from SQLite that an index holds all that are asked for."""


def shelf_moved(session: Session, event: ShortfallEvent) -> None:
    """The shelf owes more than before, or less: other orders are in danger now."""
    _reckon(session, event.item_id, event.node_id, event.units, actor=event.actor, at=event.at)


def fetched(session: Session, event: UnitPicked | UnitsShort | TaskCutShort) -> None:
    """What somebody holds in their hand is there, and what is not to be fetched any more is in no danger.

    A case that is being worked out at this very moment is left: the next look at its shelf puts it right.
    """
    line = session.get_one(OrderLine, event.line_id)
    mine = select(ExceptionCase).where(
        ExceptionCase.cause == _cause(line.id, event.store_id), col(ExceptionCase.ended_at).is_(None)
    )
    case = session.exec(mine.with_for_update(skip_locked=True)).one_or_none()
    if case is not None:
        _say(case, min(case.quantity, line.reserved), actor=event.actor, at=event.at)


@dataclass(frozen=True)
class Risk:
    """So much of a line may be gone; counting it says whether it is."""

    units: int
    count_id: int | None


def risks_of(session: Session, order_id: int, store_id: int) -> dict[int, Risk]:
    """Of an order's lines, those that a store's shelf may not have; by line."""
    here = sa.and_(col(StockCount.store_id) == store_id, col(StockCount.item_id) == col(OrderLine.item_id),
                   col(StockCount.ended_at).is_(None))  # fmt: skip
    found = (
        select(OrderLine.id, ExceptionCase.quantity, StockCount.id)
        .join(ExceptionCase, col(ExceptionCase.line_id) == col(OrderLine.id))
        .outerjoin(StockCount, here)
        .where(OrderLine.order_id == order_id, ExceptionCase.store_id == store_id, _IS_LIVING)
    )
    return {line_id: Risk(units, count_id) for line_id, units, count_id in session.exec(found)}


def in_region(session: Session, region_id: int) -> tuple[int, int]:
    """How many orders of a region's stores may lack stock, and in how many stores."""
    living = (
        select(sa.func.count(sa.distinct(col(ExceptionCase.order_id))),
               sa.func.count(sa.distinct(col(ExceptionCase.store_id))))
        .join(Store, col(Store.id) == col(ExceptionCase.store_id))
        .where(Store.region_id == region_id, _IS_LIVING)
    )  # fmt: skip
    return session.exec(living).one()


def look_again(session: Session, owing: Shortfall, *, at: datetime) -> None:
    """Bags were filled meanwhile, and whoever was in danger may not be any more; its row is locked."""
    _reckon(session, owing.item_id, owing.node_id, owing.units, actor="system", at=at)


def _reckon(session: Session, item_id: int, node_id: int, units: int, *, actor: str, at: datetime) -> None:
    in_danger = endangered.at(session, item_id=item_id, node_id=node_id, units=units)
    known = {case.line_id: case for case in _living(session, item_id, node_id)}
    units_of = {each.line_id: each.units for each in in_danger}
    for line_id, case in known.items():
        _say(case, units_of.get(line_id or 0, 0), actor=actor, at=at)
    fresh = [each for each in in_danger if each.line_id not in known][:MOST_AT_ONCE]
    _open(session, _unanswered(session, fresh, item_id, node_id), node_id, actor=actor, at=at)


def _living(session: Session, item_id: int, node_id: int) -> list[ExceptionCase]:
    """This shelf's cases; whoever ends one by hand right now has no stock in hand, so waiting for them is safe."""
    cases = (
        select(ExceptionCase)
        .join(OrderLine, col(OrderLine.id) == col(ExceptionCase.line_id))
        .where(OrderLine.item_id == item_id, col(ExceptionCase.cause).endswith(_shelf(node_id)), _IS_LIVING)
        .order_by(col(ExceptionCase.line_id))
    )
    locked = cases.with_for_update(of=ExceptionCase).execution_options(populate_existing=True)
    return list(session.exec(locked))


def _unanswered(session: Session, fresh: list[Endangered], item_id: int, node_id: int) -> list[Endangered]:
    """Whom a person has answered for since the shelf fell short is not asked about again."""
    owing = shortfall.of(session, item_id=item_id, node_id=node_id)
    if not fresh or owing is None:
        return fresh
    causes = {_cause(each.line_id, node_id): each.line_id for each in fresh}
    ended = select(ExceptionCase.cause).where(
        col(ExceptionCase.cause).in_(causes), col(ExceptionCase.line_id).in_(causes.values()),
        col(ExceptionCase.ended_at) >= owing.since, col(ExceptionCase.reason).is_distinct_from(GONE),
    )  # fmt: skip
    answered = {causes[cause] for cause in session.exec(ended)}
    return [each for each in fresh if each.line_id not in answered]


def _open(session: Session, fresh: list[Endangered], node_id: int, *, actor: str, at: datetime) -> None:
    if not fresh:
        return
    node = session.get_one(Node, node_id)
    here = node.id if node.kind == NodeKind.STORE else None
    tasks = _tasks(session, fresh)
    for each in fresh:
        store_id = here or session.get_one(Order, each.order_id).store_id
        task = tasks.get(each.line_id)
        open_case(session, ExceptionCase(
            kind=CaseKind.OVERSOLD, cause=_cause(each.line_id, node_id), store_id=store_id, order_id=each.order_id,
            task_id=task.id if task is not None and task.store_id == store_id else None, line_id=each.line_id,
            quantity=each.units, detail=MORE_PROMISED, opened_at=at,
        ), actor=actor)  # fmt: skip


def _tasks(session: Session, fresh: Iterable[Endangered]) -> dict[int, PickupTask]:
    found = (
        select(OrderLine.id, PickupTask)
        .join(PickupTask, col(PickupTask.fulfilment_id) == col(OrderLine.fulfilment_id))
        .where(col(OrderLine.id).in_([each.line_id for each in fresh]))
    )
    return dict(session.exec(found).all())


def _say(case: ExceptionCase, units: int, *, actor: str, at: datetime) -> None:
    if units <= 0:
        case.end(exception_case.CaseStatus.RESOLVED, actor=actor, at=at, reason=GONE)
    elif units != case.quantity:
        case.quantity = units
        case.say(CaseChanged, actor, at)


def _cause(line_id: int, node_id: int) -> str:
    return f"line/{line_id}:oversold{_shelf(node_id)}"


def _shelf(node_id: int) -> str:
    return f"@{node_id}"
