"""What the API reads about orders: explicit models that take nothing they do not name."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.oms.address import Address
from app.oms.item import Item
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest
from app.refusals import Unreadable
from app.web.api_fields import (
    LARGEST_AMOUNT,
    MOST_LINES,
    Amount,
    Code,
    Country,
    Currency,
    Email,
    HoldId,
    Instant,
    Name,
    Phone,
    Quantity,
    Strict,
)

PaymentWord = Literal["pending", "authorised", "captured", "failed"]
LaterWord = Literal["pending", "authorised", "captured", "failed", "refunded"]


class PickupIn(Strict):
    """Where the customer collects, and until when the shop promised."""

    type: Literal["pickup"]
    store: Code
    promised_by: Instant

    def where(self) -> dict[str, Any]:
        return {"store_code": self.store}


class AddressIn(Strict):
    """Where it is shipped to; the point, in degrees, when the channel knows one, decides how far each node is."""

    name: Name
    street: Name
    city: Name
    postal_code: Annotated[Code, Field(max_length=20)]
    country: Country
    latitude: Annotated[float, Field(ge=-90, le=90, strict=False)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180, strict=False)] | None = None

    @model_validator(mode="after")
    def _is_a_point(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("a point has a latitude and a longitude")
        return self


class ShipIn(Strict):
    """Where to, and until when the shop promised it there; which nodes send it is decided here."""

    type: Literal["ship"]
    ship_to: AddressIn
    promised_by: Instant

    def where(self) -> dict[str, Any]:
        return {"store_code": None, "ship_to": Address(**self.ship_to.model_dump())}


FulfilmentIn = Annotated[PickupIn | ShipIn, Field(discriminator="type")]


class CustomerIn(Strict):
    """Who collects, and how they hear of it."""

    name: Name
    email: Email | None = None
    phone: Phone | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)] = "en"


class PaymentIn(Strict):
    """What the payment service has said so far; money in minor units."""

    state: PaymentWord
    amount_minor: Annotated[
        Amount,
        Field(
            description="What is paid in all. Discounts, deposits and fees are the "
            "channel's matter: it need not be the sum of the lines."
        ),
    ]
    currency: Currency


class LineIn(Strict):
    """So much of one sku in the unit it is sold by, at this price for one such unit."""

    sku: Code
    quantity: Quantity
    unit: Code | None = None
    unit_price_minor: Amount
    discount_minor: Annotated[Amount, Field(description="Off the whole line.")] = 0
    tax_minor: Annotated[Amount, Field(description="Of the whole line, in its price.")] = 0

    def request(self, item: Item) -> LineRequest:
        """What it says, in the units the house counts this item in."""
        if self.unit not in (None, item.unit):
            raise Unreadable(f"{item.sku} is sold by the {item.unit}, not by the {self.unit}.")
        return LineRequest(
            sku=self.sku, quantity=item.units_of(self.quantity), unit_price_minor=self.unit_price_minor,
            discount_minor=self.discount_minor, tax_minor=self.tax_minor,
        )  # fmt: skip


class OrderIn(Strict):
    """One order, once per channel and external id."""

    channel: Code
    external_id: Code
    placed_at: Instant
    fulfilment: FulfilmentIn
    customer: CustomerIn
    payment: PaymentIn
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=MOST_LINES)]
    reservation: Annotated[
        HoldId | None,
        Field(description="What the basket holds is the order's from now on; what it lacks is asked for."),
    ] = None

    def request(self, known: Mapping[str, Item]) -> OrderRequest:
        if unknown := sorted({line.sku for line in self.lines} - known.keys()):
            raise Unreadable(f"There is no item {unknown[0]}.")
        return OrderRequest(
            channel=self.channel, external_id=self.external_id, **self.fulfilment.where(),
            placed_at=self.placed_at, promised_at=self.fulfilment.promised_by, customer_name=self.customer.name,
            email=self.customer.email, phone=self.customer.phone, language=self.customer.language,
            payment_state=PaymentState(self.payment.state), amount_minor=self.payment.amount_minor,
            currency=self.payment.currency, lines=tuple(line.request(known[line.sku]) for line in self.lines),
            hold_id=UUID(self.reservation) if self.reservation is not None else None,
        )  # fmt: skip


class PaymentStateIn(Strict):
    """The payment service's newest word, about all of the money, or about an amount under a reference of its own.

    Less than what is owed is not yet paid; what is captured beyond it falls due to go back. `failed` after `authorised`
    is a capture that failed.
    """

    state: LaterWord
    amount_minor: Annotated[int, Field(gt=0, le=LARGEST_AMOUNT)] | None = None
    currency: Currency | None = None
    reference: Annotated[Code | None, Field(description="The payment service's own; each word has another.")] = None

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Self:
        if self.amount_minor is not None and (self.reference is None or self.currency is None):
            raise ValueError("an amount needs its currency, and a reference to know it again by")
        return self


class CancellationIn(Strict):
    """Why the customer no longer wants it."""

    reason: Name


class LineCancellationIn(Strict):
    """How much of a line the customer no longer wants, in its unit; not said: all that nobody has picked."""

    reason: Name
    quantity: Quantity | None = None
