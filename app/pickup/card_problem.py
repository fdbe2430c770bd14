"""What is wrong with a task, as its card says it."""

import sqlalchemy as sa
from sqlmodel import Session, col

from app.oms.item import Item
from app.oms.order_line import OrderLine
from app.pickup.exception_case import CaseKind, ExceptionCase
from app.pickup.task import PickupTask

Problem = tuple[int | None, int]
"""The oldest that somebody has to solve, and how much may be gone: that is to be counted, and fetched all the same."""
NO_PROBLEM: Problem = (None, 0)


def of_tasks(session: Session, chosen: "sa.ColumnElement[bool]") -> dict[int, Problem]:
    is_oversold = col(ExceptionCase.kind) == CaseKind.OVERSOLD
    seen = sa.case((col(Item.decimals) > 0, 1), else_=col(ExceptionCase.quantity))
    found = session.execute(
        sa.select(col(ExceptionCase.task_id), sa.func.min(sa.case((~is_oversold, col(ExceptionCase.id)))),
                  sa.func.sum(sa.case((is_oversold, seen), else_=0)))
        .join(PickupTask, col(PickupTask.id) == col(ExceptionCase.task_id))
        .outerjoin(OrderLine, col(OrderLine.id) == col(ExceptionCase.line_id))
        .outerjoin(Item, col(Item.id) == col(OrderLine.item_id))
        .where(chosen, col(ExceptionCase.ended_at).is_(None))
        .group_by(col(ExceptionCase.task_id))
    )  # fmt: skip
    return {row[0]: (row[1], int(row[2])) for row in found}
