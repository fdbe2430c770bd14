"""Whatever is scanned on whatever page: an item, a shelf, a pickup code or a badge, told apart by its prefix."""

import re
from typing import Any

from flask import Blueprint, redirect
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.oms.item import scanned_item
from app.oms.order import FIRST_NUMBER
from app.oms.order_line import Fulfilment, FulfilmentKind, OrderLine
from app.pickup import packing, picking, pickup_link, staging
from app.pickup import task as tasks
from app.pickup.picking import NotInThisOrder
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_status import IN_HAND, TO_STAGE
from app.pickup.undo import Act
from app.refusals import NotFound
from app.web import said
from app.web.fragments import tap
from app.web.pickup_tasks import stage_on
from app.web.sign_in import switch_by_badge
from app.web.task_replies import done, or_say_no, order_shown, remember
from app.web.viewer import viewer

scans = Blueprint("scans", __name__)

BADGE = "BADGE-"
BARE_CODE = re.compile(r"\d{4,9}-[2-9A-Z]{4}", re.ASCII)
"""A pickup code as it is spoken; on a label it has its prefix."""
SLIP_CODE = re.compile(r"PCL-(\d{1,9})-\d{1,2}", re.ASCII)
"""What our own slip on a parcel carries: which task's, and its how manieth."""
PICKUP_CODE = re.compile(r"(?:PU-)?(\d{4,9})-?[2-9A-Z]{4}", re.ASCII)


@scans.post("/scans")
def scan():
    return or_say_no(_scan)


def is_item() -> bool:
    """No prefix of ours: then it is something to sell."""
    code = said.code().upper()
    return not (
        code.startswith((BADGE, pickup_link.PREFIX, packing.PREFIX, staging.PREFIX)) or BARE_CODE.fullmatch(code)
    )


def _scan() -> Any:
    code = said.code().upper()
    if code.startswith(BADGE):
        return switch_by_badge(said.code())
    if code.startswith(pickup_link.PREFIX) or BARE_CODE.fullmatch(code):
        return _open_hand_off(code)
    if code.startswith(packing.PREFIX):
        return _open_parcel(code)
    return tap(_shelf if code.startswith(staging.PREFIX) else _item)()


def _open_hand_off(code: str) -> Any:
    """The order's page, with the code filled in: whether it is the right one is checked at the hand-off."""
    read = PICKUP_CODE.fullmatch(code)
    with db.reading() as session:
        task = tasks.of_order(session, int(read[1]) - FIRST_NUMBER) if read else None
        if task is None or task.store_id != viewer().store(session).id:
            raise NotFound("That pickup code belongs to no order of this store.")
    return redirect(f"/pickup-tasks/{task.id}?code={code}#hand-off", code=303)


def _open_parcel(code: str) -> Any:
    """The order whose slip this is, where it is handed to the carrier."""
    read = SLIP_CODE.fullmatch(code)
    with db.reading() as session:
        task = session.get(PickupTask, int(read[1])) if read else None
        if task is None or task.store_id != viewer().store(session).id or not task.is_ship:
            raise NotFound("That slip belongs to no order of this store.")
    return redirect(f"/pickup-tasks/{task.id}#carrier", code=303)


def _shelf(session: Session) -> Any:
    """The bag in hand: the one order this associate has picked and not yet put anywhere."""
    mine = select(PickupTask.id).join(Fulfilment, col(Fulfilment.id) == col(PickupTask.fulfilment_id)).where(
        PickupTask.store_id == viewer().store(session).id, col(PickupTask.status).in_(TO_STAGE),
        PickupTask.owner_id == viewer().id, Fulfilment.kind == FulfilmentKind.PICKUP,
    )  # fmt: skip
    ids = list(session.exec(mine))
    if len(ids) != 1:
        why = "You have no picked order in hand." if not ids else "You have several orders in hand."
        raise MovedOn(f"{why} Open the order first, then scan its shelf.")
    return stage_on(session, viewer().task(session, ids[0]), said.code())


def _item(session: Session) -> Any:
    """The item goes to the order on the screen, else to the associate's most urgent one, that still needs it."""
    item, at, me = scanned_item(session, said.code()), now(), viewer().id
    same_part = col(OrderLine.fulfilment_id) == col(PickupTask.fulfilment_id)
    needing = select(PickupTask.id).join(OrderLine, same_part).where(
        PickupTask.store_id == viewer().store(session).id, col(PickupTask.status).in_(IN_HAND),
        OrderLine.item_id == item.id, OrderLine.reserved > 0,
    )  # fmt: skip
    turn = (col(PickupTask.owner_id) != me, col(PickupTask.promised_at), col(PickupTask.id))
    shown_first = (col(PickupTask.id) != (order_shown() or 0), *turn)
    task_id = session.exec(needing.order_by(*shown_first).limit(1)).first()
    if task_id is None:
        raise NotInThisOrder(f"That's {item.full_name}. No accepted order needs it.")
    task = viewer().task(session, task_id)
    line = picking.line_for(task, item)
    picking.pick(session, task, line, associate_id=me, typed=False, at=at)
    remember(session, [task], Act.PICK, f"{item.name} picked for {task.order.number}", at=at)
    return done(session, task.id, at=at)
