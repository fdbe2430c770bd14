"""What can happen to an order, in the past tense."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.log import DomainEvent


@dataclass(frozen=True, kw_only=True)
class OrderEvent(DomainEvent):
    """Something that occurred to an order; of the store where it is collected, if it is."""

    about: ClassVar[str] = "order"
    order_id: int
    store_id: int | None


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(OrderEvent):
    """A customer ordered, and what could be reserved is reserved."""

    channel: str


@dataclass(frozen=True, kw_only=True)
class OrderUnfulfillable(OrderEvent):
    """Accepted, but the stock wasn't there: somebody has to find a way."""


@dataclass(frozen=True, kw_only=True)
class OrderReleased(OrderEvent):
    """Paid for and reserved: the store may begin."""


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(OrderEvent):
    """The payment service said no; before the store has begun, the claims stay until the payment window ends."""


@dataclass(frozen=True, kw_only=True)
class PaymentRecovered(OrderEvent):
    """It had failed while the store was at work, and stands after all."""


@dataclass(frozen=True, kw_only=True)
class PaymentRefunded(OrderEvent):
    """All of the money went back while the order was still going on."""


@dataclass(frozen=True, kw_only=True)
class RefundDue(OrderEvent):
    """More was captured than what the customer has or will get: the rest goes back."""

    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class UnitsCancelled(OrderEvent):
    """Some of a line were called off before anybody picked them; the rest of the order goes on."""

    line_id: int
    quantity: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(OrderEvent):
    """Called off, by whom `actor` says."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class ShipmentLeft(OrderEvent):
    """A carrier has it: so much of the order is out of our hands."""

    shipment_id: int


@dataclass(frozen=True, kw_only=True)
class ShipmentTakenBack(OrderEvent):
    """It had not left after all."""

    shipment_id: int
