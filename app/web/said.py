"""What a tap's form says about a task: the code that was scanned or typed, the item that is meant, the reason."""

import re

from flask import request
from sqlmodel import Session

from app.oms.item import Item, scanned_item
from app.oms.order_line import OrderLine
from app.pickup import picking
from app.pickup.short_picks import ShortReason
from app.pickup.task import PickupTask
from app.refusals import Unreadable

LONGEST_CODE = 200
AMOUNT = re.compile(r"-?\d{1,7}(\.\d{1,3})?", re.ASCII)


def code() -> str:
    given = request.form.get("code", "").strip()
    if not given or len(given) > LONGEST_CODE or "\0" in given:
        raise Unreadable("Scan the label, or type what is printed under it.")
    return given


def reason() -> ShortReason:
    try:
        return ShortReason(request.form.get("reason", ""))
    except ValueError as unknown:
        raise Unreadable("Say why it can't be picked.") from unknown


def line(session: Session, task: PickupTask) -> tuple[OrderLine, bool]:
    """By its barcode; or by its row and the last four digits, for a label that won't scan."""
    if "line_id" not in request.form:
        return picking.line_for(task, scanned_item(session, code())), "typed" in request.form
    named = line_by_id(task)
    check_ending(named)
    return named, True


def line_by_id(task: PickupTask) -> OrderLine:
    wanted = request.form.get("line_id", 0, type=int)
    found = next((each for each in task.lines if each.id == wanted), None)
    if found is None:
        raise Unreadable(f"That isn't an item of order {task.order.number}.")
    return found


def amount(item: Item) -> int:
    """How many or how much somebody typed, in the item's own units."""
    given = request.form.get("amount", "").strip()
    if not AMOUNT.fullmatch(given):
        raise Unreadable("Type how many there are, as a number.")
    return item.units_of(given)


def check_ending(named: OrderLine) -> None:
    check_ending_of(named.item)


def check_ending_of(item: Item) -> None:
    if request.form.get("ending", "").strip() != item.code_ending:
        raise Unreadable(f"Those aren't the last 4 digits of {item.name}. Look at the label again.")
