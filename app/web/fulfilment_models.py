"""What the API reads and answers about parts of orders that depots and vendors send."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.web.api_fields import MOST_LINES, Code, Name, Strict
from app.web.transfer_models import CarriedIn

Some = Annotated[list[CarriedIn], Field(min_length=1, max_length=MOST_LINES)]


class SentIn(Strict):
    """It is with the carrier; with `lines` only so much of these, without them all that was wanted."""

    carrier: Annotated[Name, Field(max_length=40)]
    tracking: Code
    parcels: Annotated[int, Field(ge=1, le=50)] = 1
    lines: Some | None = None


class RefusedIn(Strict):
    """It can't be sent from here; with `lines` only so much of these. Another place is looked for."""

    reason: Literal["not there", "damaged", "can't send it"]
    lines: Some | None = None


class WantedOut(BaseModel):
    """So much of one sku is still to be sent, a decimal string in `unit`."""

    sku: str
    name: str
    quantity: str
    unit: str


class AddressOut(BaseModel):
    """Where it goes to."""

    name: str
    street: str
    city: str
    postal_code: str
    country: str


class SentOut(BaseModel):
    """What has left already."""

    carrier: str
    tracking: str
    parcels: int
    sent_at: str


class AskedOut(BaseModel):
    """One place's part of an order; the address stands there as long as something is wanted."""

    id: str
    order: str
    node: str
    status: str
    promised_by: str
    ship_to: AddressOut | None
    lines: list[WantedOut]
    shipments: list[SentOut]


class AllAskedOut(BaseModel):
    """What is still wanted from a place; `next` asks for more, and is null at the end."""

    fulfilments: list[AskedOut]
    next: str | None
