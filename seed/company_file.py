"""A company as its own people write it down: regions, stores with hours and shelves, staff, items, opening stock."""

from datetime import date, time
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.people.associate import Role
from app.pickup.staging import PREFIX, LocationKind

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _is_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is no time zone; write it like Europe/London")
    return name


Code = Annotated[str, Field(min_length=1, max_length=64)]
Zone = Annotated[str, AfterValidator(_is_zone)]
Opening = tuple[time, time]
"""From and to, in the store's own time; a `to` that is not after the `from` is on the next day."""


class Entry(BaseModel):
    """A part of the file; a word that isn't known is a mistake, not a wish to be passed over."""

    model_config = ConfigDict(extra="forbid")


class RegionEntry(Entry):
    code: Code
    name: str


class ShelfEntry(Entry):
    code: Annotated[Code, AfterValidator(lambda code: code.upper().removeprefix(PREFIX))]
    """As it is scanned: a shelf's barcode is `LOC-` and its code, in capitals."""
    kind: LocationKind = LocationKind.SHELF
    capacity: int = Field(default=8, gt=0)


class StoreEntry(Entry):
    code: Code
    name: str
    region: Code
    time_zone: Zone
    address: str = ""
    directions: str = ""
    phone: str = ""
    hours: dict[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], list[Opening]] = Field(min_length=1)
    exceptions: dict[date, Opening | None] = {}
    """What a date does instead; null is closed."""
    shelves: list[ShelfEntry] = Field(min_length=1)
    ack_window_s: int = Field(default=300, gt=0)
    answer_window_s: int = Field(default=600, gt=0)
    hold_days: int = Field(default=5, gt=0)


class PersonEntry(Entry):
    """Without a PIN one is made and told once; a PIN in the file is the first one only."""

    staff_number: Code
    name: str
    job: str = ""
    role: Role = Role.ASSOCIATE
    stores: list[Code] = []
    regions: list[Code] = []
    pin: str | None = None
    badge: str | None = None
    has_left: bool = False

    @model_validator(mode="after")
    def _works_somewhere(self) -> Self:
        if not self.stores and not self.regions:
            raise ValueError("works in a store or at a region's desk: name one at least")
        return self


class ItemEntry(Entry):
    sku: Code
    name: str
    gtin: Annotated[str, Field(pattern=r"^\d{8,14}$")] | None = None
    detail: str = ""
    image: str = "box"
    unit: str = "each"
    price_minor: int = Field(default=0, ge=0)
    cost_minor: int = Field(default=0, ge=0)
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    is_cold: bool = False
    needs_id: bool = False
    is_heavy: bool = False
    is_fragile: bool = False


class PartEntry(Entry):
    sku: Code
    quantity: str | int = 1
    """In the item's unit: "0.350" of what is sold by the kilogram."""


class KitEntry(Entry):
    """What is sold under `sku` as one thing is made of these; of nothing, and it is no kit any more."""

    sku: Code
    parts: list[PartEntry]

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len({part.sku for part in self.parts}) < len(self.parts):
            raise ValueError("names a part twice: say how many go into the kit")
        return self


class PlaceEntry(Entry):
    store: Code
    sku: Code
    aisle: str
    bin: str
    hint: str = ""
    walk_sequence: int = 0


class StockEntry(Entry):
    store: Code
    sku: Code
    on_hand: int = Field(ge=0)


class CompanyFile(Entry):
    """All of it, or any part: what is not named stays as it is."""

    regions: list[RegionEntry] = []
    stores: list[StoreEntry] = []
    people: list[PersonEntry] = []
    items: list[ItemEntry] = []
    kits: list[KitEntry] = []
    places: list[PlaceEntry] = []
    stock: list[StockEntry] = []
