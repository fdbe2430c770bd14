"""The world the orders come from: regions, stores, items, and what lies on the shelves when the doors open."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegionSpec:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class StoreSpec:
    """A store and its hours, the same every day, in minutes after local midnight; 0 to 0 is round the clock."""

    code: str
    name: str
    region: str
    zone: str
    opens_min: int
    closes_min: int


@dataclass(frozen=True, slots=True)
class PlaceSpec:
    """Where an item stands, in every store alike; `walk_sequence` is its turn on the way through."""

    aisle: str
    bin: str
    walk_sequence: int


@dataclass(frozen=True, slots=True)
class ItemSpec:
    """A thing on sale. The GTIN is a GTIN-13 of the range kept for use inside a shop, with a true check digit."""

    sku: str
    gtin: str
    name: str
    detail: str
    image: str
    price_minor: int
    place: PlaceSpec
    unit: str = "each"
    is_cold: bool = False
    needs_id: bool = False
    is_heavy: bool = False
    is_fragile: bool = False


@dataclass(frozen=True, slots=True)
class StockSpec:
    """How many of an item a store holds before the first basket."""

    store_code: str
    sku: str
    on_hand: int


@dataclass(frozen=True, slots=True)
class World:
    """Only what occurs in the chosen days, so that a day of a big chain is a small world."""

    regions: tuple[RegionSpec, ...]
    stores: tuple[StoreSpec, ...]
    items: tuple[ItemSpec, ...]
    stock: tuple[StockSpec, ...]
    currency: str
