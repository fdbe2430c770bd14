"""Handing packed parcels to a carrier: from then on the order is out of our hands, and its customer is told how."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from app.oms import shipment
from app.oms.shipment import Consignment
from app.pickup import clock_face
from app.pickup.handover import NotPaid
from app.pickup.packing import PREFIX
from app.pickup.parcel_events import ShippingTakenBack, TaskShipped
from app.pickup.task import MovedOn, PickupTask
from app.pickup.task_status import TaskStatus
from app.refusals import Refusal

TAKE_BACK_WINDOW = timedelta(minutes=10)


class NotPacked(Refusal):
    """Only closed parcels go to a carrier."""


class OurOwnLabel(Refusal):
    """The slip says whose parcel it is, not how the carrier calls it."""

    status = 422


def consignment(carrier: str, tracking: str) -> Consignment:
    """What was scanned or typed."""
    if tracking.strip().upper().startswith(PREFIX):
        raise OurOwnLabel("That's our own slip. Scan the carrier's label.")
    return shipment.consignment(carrier, tracking)


def hand_to_carrier(session: Session, task: PickupTask, what: Consignment, *, associate_id: int, at: datetime) -> None:
    """The parcels change hands; nothing after this brings them back but the carrier."""
    if task.status != TaskStatus.PACKED:
        already = "not packed yet" if task.status != TaskStatus.SHIPPED else "with the carrier already"
        raise NotPacked(f"Order {task.order.number} is {already}.")
    if not task.order.is_paid_enough:
        raise NotPaid(f"The payment of order {task.order.number} doesn't stand. Ask your lead.")
    units = [(line, line.packed) for line in task.lines if line.packed]
    what, actor = replace(what, parcels=task.parcels), f"associate/{associate_id}"
    row = shipment.ship(session, task.order, units, what, origin="packed", actor=actor, at=at)
    clock_face.end(task)
    task.become(TaskStatus.SHIPPED, TaskShipped, by=associate_id, at=at, shipment_id=row.id,
                on_time=at <= task.promised_at)  # fmt: skip


def take_back(session: Session, task: PickupTask, *, associate_id: int, at: datetime) -> None:
    """The van has not left, or the number was wrong; only until the customer has been told (the notice refuses).

    Called off meanwhile, it is unpacked and put back like any other parcel of the order.
    """
    row = shipment.newest_of(session, task.fulfilment_id)
    if task.status != TaskStatus.SHIPPED or row is None or at > row.at + TAKE_BACK_WINDOW:
        raise MovedOn(f"Order {task.order.number} has left; it can't be taken back any more.")
    shipment.take_back(session, task.order, row, target="packed", actor=f"associate/{associate_id}", at=at)
    is_off = task.order.cancelled_at is not None
    if not is_off:
        clock_face.watch(task, task.order.promised_at, at=at)
    task.become(TaskStatus.CANCELLED if is_off else TaskStatus.PACKED, ShippingTakenBack, by=associate_id, at=at)
