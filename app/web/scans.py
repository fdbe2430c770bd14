"""Whatever is scanned on whatever page: an item, a shelf, a pickup code or a badge, told apart by its prefix."""

import re
from typing import Any

from flask import Blueprint, redirect
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.oms.item import scanned_item
from app.oms.order import FIRST_NUMBER, OrderLine
from app.pickup import picking, pickup_link, staging
from app.pickup import task as tasks
from app.pickup.picking import NotInThisOrder
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_status import IN_HAND, TaskStatus
from app.pickup.undo import Act
from app.refusals import NotFound, Refusal
from app.web.fragments import tap
from app.web.pickup_tasks import code_said, stage_on
from app.web.task_replies import SHOWS_THE_TRUTH, done, remember, say_no
from app.web.viewer import viewer

scans = Blueprint("scans", __name__)

BADGE = "BADGE-"
PICKUP_CODE = re.compile(r"(?:PU-)?(\d{4,10})-?[2-9A-Z]{4}", re.IGNORECASE)


@scans.post("/scans")
def scan():
    try:
        code = code_said()
        if code.upper().startswith(BADGE):
            return redirect("/sign-in", code=303)
        if code.upper().startswith(pickup_link.PREFIX) or re.fullmatch(r"\d{4,10}-[2-9A-Za-z]{4}", code):
            return _open_hand_off(code)
        return tap(_shelf if code.upper().startswith(staging.PREFIX) else _item)()
    except Refusal as refusal:
        if refusal.status not in SHOWS_THE_TRUTH:
            raise
        return say_no(refusal)


def _open_hand_off(code: str) -> Any:
    """The order's page, with the code filled in: whether it is the right one is checked at the hand-off."""
    said = PICKUP_CODE.fullmatch(code.strip())
    with db.reading() as session:
        task = tasks.of_order(session, int(said[1]) - FIRST_NUMBER) if said else None
        if task is None or task.store_id != viewer().store(session).id:
            raise NotFound("That pickup code belongs to no order of this store.")
    return redirect(f"/pickup-tasks/{task.id}?code={code.strip().upper()}#hand-off", code=303)


def _shelf(session: Session) -> Any:
    """The bag in hand: the one order this associate has picked and not yet put anywhere."""
    mine = select(PickupTask.id).where(
        PickupTask.store_id == viewer().store(session).id, PickupTask.status == TaskStatus.PICKED,
        PickupTask.owner_id == viewer().id,
    )  # fmt: skip
    ids = list(session.exec(mine))
    if len(ids) != 1:
        why = "You have no picked order in hand." if not ids else "You have several orders in hand."
        raise MovedOn(f"{why} Open the order first, then scan its shelf.")
    return stage_on(session, viewer().task(session, ids[0]), code_said())


def _item(session: Session) -> Any:
    """The item goes to the associate's most urgent order that still needs it."""
    item, at, me = scanned_item(session, code_said()), now(), viewer().id
    needing = select(PickupTask.id).join(OrderLine, col(OrderLine.order_id) == col(PickupTask.order_id)).where(
        PickupTask.store_id == viewer().store(session).id, col(PickupTask.status).in_(IN_HAND),
        OrderLine.item_id == item.id, OrderLine.reserved > 0,
    )  # fmt: skip
    mine_first = (col(PickupTask.owner_id) != me, col(PickupTask.promised_at), col(PickupTask.id))
    task_id = session.exec(needing.order_by(*mine_first).limit(1)).first()
    if task_id is None:
        raise NotInThisOrder(f"No accepted order needs {item.name}.")
    task = viewer().task(session, task_id)
    line = picking.line_for(task, item)
    picking.pick(session, task, line, associate_id=me, typed=False, at=at)
    remember(session, task, Act.PICK, f"{item.name} picked for {task.order.number}", at=at)
    return done(session, task.id, at=at)
