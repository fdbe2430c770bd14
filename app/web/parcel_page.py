"""What an order's page says of it when it is shipped: where it goes, what is packed, and who took it."""

from dataclasses import dataclass

from sqlmodel import Session

from app.oms import shipment
from app.oms.address import ShipTo
from app.oms.shipment import Shipment
from app.pickup.task import PickupTask


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """The town only: the whole address stands on the slip, for whoever sticks it on."""

    city: str
    packed: int
    carriers: tuple[str, ...]
    sent: Shipment | None


def parcel_of(session: Session, task: PickupTask) -> Parcel | None:
    if not task.is_ship:
        return None
    to = session.get(ShipTo, task.order_id)
    return Parcel(
        city=to.city if to else "", packed=task.units("packed"),
        carriers=shipment.usual_carriers(session, task.store_id), sent=shipment.newest_of(session, task.fulfilment_id),
    )  # fmt: skip
