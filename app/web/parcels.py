"""What a store does with an order that is shipped: pack it, print its slips, hand it to the carrier."""

import re
from decimal import Decimal

import segno
from flask import Blueprint, request
from markupsafe import Markup
from sqlmodel import Session

from app import db
from app.clock import now
from app.drawing import plural
from app.oms.address import ShipTo
from app.pickup import carrier, packing
from app.pickup.packing import PREFIX
from app.pickup.task import MovedOn
from app.pickup.task_status import TaskStatus
from app.pickup.undo import Act
from app.refusals import Unreadable
from app.web import said
from app.web.fragments import plain_page
from app.web.task_replies import done, remember, task_act
from app.web.viewer import viewer

parcels = Blueprint("parcels", __name__, url_prefix="/pickup-tasks")
KILOGRAMS = re.compile(r"\d{1,4}([.,]\d{1,3})?", re.ASCII)


@parcels.post("/<int:task_id>/packing")
@task_act
def pack(session: Session, task_id: int):
    """With a code, that one thing; without, everything that is in the bag."""
    task, at = viewer().task(session, task_id), now()
    if "code" in request.form or "line_id" in request.form:
        line, _ = said.line(session, task)
        packing.pack_one(session, task, line, associate_id=viewer().id, at=at)
        words = f"{line.item.name} packed for {task.order.number}"
    else:
        closed, weight_g = request.form.get("parcels", 1, type=int), _weight()
        packing.pack(session, task, parcels=closed, weight_g=weight_g, associate_id=viewer().id, at=at)
        words = f"{task.order.number} packed in {plural(closed, 'parcel')}"
    remember(session, [task], Act.PACKING, words, at=at)
    return done(session, task_id, at=at)


def _weight() -> int | None:
    given = request.form.get("weight", "").strip()
    if given and not KILOGRAMS.fullmatch(given):
        raise Unreadable("Type what it weighs in kilograms, such as 2.5.")
    return int(Decimal(given.replace(",", ".")).scaleb(3)) if given else None


@parcels.post("/<int:task_id>/shipment")
@task_act
def hand_to_carrier(session: Session, task_id: int):
    task, at = viewer().task(session, task_id), now()
    what = carrier.consignment(request.form.get("carrier", "")[: said.LONGEST_CODE], said.code())
    carrier.hand_to_carrier(session, task, what, associate_id=viewer().id, at=at)
    remember(session, [task], Act.SHIPMENT, f"{task.order.number} given to {what.carrier}", at=at)
    return done(session, task_id, at=at)


@parcels.get("/<int:task_id>/label-slip")
def slip(task_id: int):
    """One slip a parcel, to print and stick on; nobody else's page shows the address."""
    with db.reading() as session:
        task = viewer().look_at_task(session, task_id)
        if task.status != TaskStatus.PACKED:
            raise MovedOn(f"Slips are printed when an order is packed. Order {task.order.number} is {task.status}.")
        store, packed = viewer().store(session), packing.standing(session, task.id)
        return plain_page(
            "pickup_tasks/slips.html", task=task, to=session.get(ShipTo, task.order_id), store=store,
            codes=[(number, _qr(f"{PREFIX}{task.id}-{number}")) for number in range(1, task.parcels + 1)],
            weight=f"{packed.weight_g / 1000:g}" if packed and packed.weight_g else "",
        )  # fmt: skip


def _qr(code: str) -> Markup:
    drawn = segno.make(code, error="m", micro=False).svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None)
    return Markup(drawn)  # noqa: S704 - drawn from numbers of our own
