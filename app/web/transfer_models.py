"""What the API reads and answers about goods that travel from one node to another."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.oms.item import Item
from app.refusals import Unreadable
from app.web.api_fields import MOST_LINES, Code, Instant, Quantity, Strict

OrderId = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}$")]


class CarriedIn(Strict):
    """So much of one sku, in the unit it is sold by."""

    sku: Code
    quantity: Quantity
    unit: Code | None = None

    def units(self, item: Item) -> int:
        if self.unit not in (None, item.unit):
            raise Unreadable(f"{item.sku} is counted by the {item.unit}, not by the {self.unit}.")
        return item.units_of(self.quantity)


Carried = Annotated[list[CarriedIn], Field(min_length=1, max_length=MOST_LINES)]


class TransferIn(Strict):
    """What is to go from one node to another, for stock or for the order that waits for it there."""

    from_node: Annotated[Code, Field(alias="from")]
    to_node: Annotated[Code, Field(alias="to")]
    order: OrderId | None = None
    expected_at: Instant | None = None
    lines: Carried


class ShipmentIn(Strict):
    """It has left; with `lines`, only so much of these, and all of the others."""

    lines: Carried | None = None


class ReceiptIn(Strict):
    """All that arrived; what is not named did not come."""

    lines: Annotated[list[CarriedIn], Field(max_length=MOST_LINES)]


class CarriedOut(BaseModel):
    """How much of one sku was asked for, has left, and has arrived: decimal strings in `unit`."""

    sku: str
    unit: str
    requested: str
    shipped: str
    received: str


class TransferOut(BaseModel):
    """A transfer as it stands."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    id: str
    state: str
    from_node: Annotated[str, Field(alias="from")]
    to_node: Annotated[str, Field(alias="to")]
    order: str | None
    lines: list[CarriedOut]
