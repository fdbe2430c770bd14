"""What colleagues and customers do with a task, by the same verbs as everybody else."""

from datetime import datetime

from sqlmodel import Session, col, select

from app.oms.order_line import OrderLine
from app.people import associate
from app.people.store import Store
from app.pickup import carrier, handover, packing, picking, short_picks, staging, task
from app.pickup.handover import HandoverMethod
from app.pickup.short_picks import ShortReason
from app.pickup.task import PickupTask
from app.pickup.task_status import LANE_OF, TaskStatus

SPOTS = ("Bay 1, blue van", "Bay 2, silver Corolla", "At the desk", "Bay 3, red Fiesta", "Bike rack")
CARRIER = "Parcel Post"


def staff_of(session: Session, store_id: int) -> list[int]:
    return [person.id for person in associate.working_in(session, session.get_one(Store, store_id))]


def open_tasks(session: Session) -> list[PickupTask]:
    """What somebody can still do something about, oldest first."""
    states = [status for status in LANE_OF if status != TaskStatus.CANCELLED]
    waiting = select(PickupTask).where(col(PickupTask.status).in_(states))
    return list(session.exec(waiting.order_by(col(PickupTask.id))))


def accept(session: Session, task_id: int, who: int, at: datetime) -> None:
    task.locked(session, task_id).acknowledge(associate_id=who, at=at)


def pick_one(session: Session, task_id: int, who: int, at: datetime) -> None:
    held = task.locked(session, task_id)
    line = _next_line(held)
    if line is not None:
        picking.pick(session, held, line, associate_id=who, typed=False, at=at)


def miss_one(session: Session, task_id: int, who: int, at: datetime) -> None:
    """The next thing on the list isn't there."""
    held = task.locked(session, task_id)
    line = _next_line(held)
    if line is not None:
        short_picks.short(session, held, line, reason=ShortReason.NOT_FOUND, associate_id=who, at=at)


def put_on_shelf(session: Session, task_id: int, who: int, at: datetime) -> None:
    """On the shelf the screen suggests; where all are full the bag stays where it is."""
    held = task.locked(session, task_id)
    shelf = staging.suggested(session, held)
    if shelf is not None:
        here = staging.location_for(session, held.store_id, shelf.barcode)
        staging.stage(session, held, here, associate_id=who, typed=False, at=at)


def put_away(session: Session, task_id: int, who: int, at: datetime) -> None:
    """What is collected goes on a shelf, what is shipped into a parcel."""
    is_ship = task.locked(session, task_id).is_ship
    (pack if is_ship else put_on_shelf)(session, task_id, who, at)


def pack(session: Session, task_id: int, who: int, at: datetime) -> None:
    packing.pack(session, task.locked(session, task_id), parcels=1, weight_g=None, associate_id=who, at=at)


def give_to_carrier(session: Session, task_id: int, who: int, at: datetime) -> None:
    """The van came."""
    held = task.locked(session, task_id)
    what = carrier.consignment(CARRIER, f"1550{task_id:010}")
    carrier.hand_to_carrier(session, held, what, associate_id=who, at=at)


def come(session: Session, task_id: int, _who: int, at: datetime) -> None:
    """The customer is here."""
    held = task.locked(session, task_id)
    handover.arrive(held, spot=SPOTS[task_id % len(SPOTS)], actor="customer", at=at)


def give(session: Session, task_id: int, who: int, at: datetime) -> None:
    """The customer's code was right."""
    held = task.locked(session, task_id)
    handover.hand_over(session, held, method=HandoverMethod.CODE, associate_id=who, at=at)


def _next_line(held: PickupTask) -> OrderLine | None:
    return next((line for line in held.lines if line.reserved), None)
