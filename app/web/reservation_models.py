"""What the API reads and answers about what a basket holds."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from app.oms.placing import MOST_UNITS
from app.web.api_fields import MOST_LINES, Code, Strict
from app.web.transfer_models import CarriedIn

LONGEST_S = 3600
USUAL_S = 600


def _kept(said: str) -> str:
    quantity = Decimal(said)
    if quantity > MOST_UNITS:
        raise ValueError(f"must be {MOST_UNITS} at most")
    return f"{quantity.normalize():f}"


class HeldIn(CarriedIn):
    """So much of one sku, at this node."""

    node: Code


class ReservationIn(Strict):
    """A basket's hold: all of it or none, for so long."""

    channel: Code
    expires_in_s: Annotated[int, Field(ge=1, le=LONGEST_S, description="From now, by our clock.")] = USUAL_S
    lines: Annotated[list[HeldIn], Field(min_length=1, max_length=MOST_LINES)]


class KeptIn(Strict):
    """So much of it is to be held from now on; "0" lets it go."""

    sku: Code
    node: Code
    quantity: Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?$"), AfterValidator(_kept)]


class ReservationChangeIn(Strict):
    """What is held in another amount; what is not named stays as it is, and so does the end."""

    lines: Annotated[list[KeptIn], Field(min_length=1, max_length=MOST_LINES)]


class HeldOut(BaseModel):
    """So much is held of it, a decimal string in `unit`. Of a kit stand here the things it is made of."""

    sku: str
    unit: str
    node: str
    quantity: str


class ReservationOut(BaseModel):
    """A hold: `soft` until it has `expired`, was `released`, or an order took it over (`moved`)."""

    id: str
    state: str
    channel: str
    expires_at: datetime
    lines: list[HeldOut]
