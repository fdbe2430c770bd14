"""What a stock fact has to look like: so much more or less of an item at a node, or so much there at an instant."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from app.oms.inventory import Reason

ADJUSTED = "org.readyshelf.inventory.adjusted.v1"
REPORTED = "org.readyshelf.inventory.snapshot.reported.v1"
MOST = 1_000_000
"""Of an item's unit: more than that in one fact is a slip."""

REASONS = {
    "sale": Reason.SALE, "return": Reason.RETURN, "receipt": Reason.RECEIPT, "transfer_in": Reason.TRANSFER_IN,
    "transfer_out": Reason.TRANSFER_OUT, "cycle_count": Reason.COUNT, "shrink": Reason.SHRINK,
    "damage": Reason.DAMAGE, "correction": Reason.CORRECTION,
}  # fmt: skip


def _instant(said: object) -> object:
    if not isinstance(said, str):
        raise ValueError("must be an RFC 3339 instant with its offset")
    return said


Code = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,80}$")]
Quantity = Annotated[str, Field(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,6})?$")]
"""No exponents: "1e9" is nobody's stock, and a number that takes a minute to write out is an attack."""
Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]


class Told(BaseModel):
    """What every stock fact says; a source may add names of its own, which we leave alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    node: Code
    sku: Code


class Adjusted(Told):
    """So much more or less than before."""

    delta: Quantity
    uom: Code
    reason: Literal["sale", "return", "receipt", "transfer_in", "transfer_out", "cycle_count", "shrink", "damage",
                    "correction"]  # fmt: skip
    document_ref: Annotated[str, Field(max_length=200)] | None = None

    is_absolute: ClassVar[bool] = False

    @property
    def amount(self) -> str:
        return self.delta


class Reported(Told):
    """So much was there at that instant, whatever stood in anybody's books."""

    quantity: Quantity
    as_of: Instant
    uom: Code | None = None

    is_absolute: ClassVar[bool] = True

    @property
    def amount(self) -> str:
        return self.quantity


TYPES: dict[str, type[Adjusted] | type[Reported]] = {ADJUSTED: Adjusted, REPORTED: Reported}


def units_of(amount: str, decimals: int) -> int | None:
    """In the smallest part of the item's unit; None when it is finer than that, or more than anybody has."""
    if "." not in amount:
        units = int(amount) * 10**decimals
    else:
        exact = Decimal(amount).scaleb(decimals)
        units = int(exact)
        if units != exact:
            return None
    return units if abs(units) <= MOST * 10**decimals else None
