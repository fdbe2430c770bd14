"""What is sold, in which units, how it is recognised by a scanner, and where it stands in each store."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import sqlalchemy as sa
from biip import ParseError, parse
from sqlmodel import Field, Session, SQLModel, col, select

from app.refusals import Refusal, Unreadable

MOST_DECIMALS = 3


class UnknownBarcode(Refusal):
    """What was scanned can't be one of our items."""

    status = 422


class NotSoldSo(Unreadable):
    """The quantity is none this item can be had in."""


class Item(SQLModel, table=True):
    """A thing with a sku. The GTIN is kept with 14 digits, so that every barcode of it reads as the same number."""

    __tablename__ = "item"
    __table_args__ = (sa.CheckConstraint(f"decimals BETWEEN 0 AND {MOST_DECIMALS}", name="decimals_of_a_unit"),)

    id: int = Field(default=None, primary_key=True)
    sku: str = Field(unique=True)
    gtin: str | None = Field(default=None, unique=True, min_length=14, max_length=14)
    name: str
    detail: str = ""
    image: str = "box"
    unit: str = "each"
    decimals: int = 0
    """Of a quantity in `unit`: 0 for what is sold by the piece, 3 for kilograms that are counted in grams."""
    price_minor: int = 0
    currency: str = "GBP"
    cost_minor: int = 0
    weight_g: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Of one, in the unit it is sold by; 0 when nobody said."""
    is_cold: bool = False
    needs_id: bool = False
    is_heavy: bool = False
    is_fragile: bool = False

    @property
    def full_name(self) -> str:
        return f"{self.name}, {self.detail}" if self.detail else self.name

    @property
    def is_weighed(self) -> bool:
        return self.decimals > 0

    def units_of(self, amount: str | int | Decimal) -> int:
        """The integer the house counts in: "0.350" kg are 350 of the item's smallest parts."""
        try:
            units = Decimal(amount).scaleb(self.decimals)
        except InvalidOperation:
            units = Decimal("NaN")
        if not units.is_finite() or units != units.to_integral_value():
            fineness = f"with up to {self.decimals} decimals" if self.is_weighed else "in whole numbers"
            raise NotSoldSo(f"{self.sku} is sold by the {self.unit}, {fineness}.")
        return int(units)

    def amount_of(self, units: int) -> str:
        """The decimal string other systems read: 350 grams of something sold by the kilogram are "0.350"."""
        return f"{Decimal(units).scaleb(-self.decimals):f}"

    def said(self, units: int) -> str:
        """As people read it: "2", or "0.35 kg"."""
        if not self.is_weighed:
            return str(units)
        plain = self.amount_of(units).rstrip("0").removesuffix(".")
        return f"{plain} {self.unit}"

    def priced(self, units: int, unit_price_minor: int) -> int:
        """What so many units cost, half a minor unit rounded up."""
        exact = Decimal(units * unit_price_minor).scaleb(-self.decimals)
        return int(exact.to_integral_value(ROUND_HALF_UP))

    @property
    def code_ending(self) -> str:
        """The four digits a person can compare with the label."""
        return (self.gtin or self.sku)[-4:]


class Place(SQLModel, table=True):
    """Where an item stands in a store; `walk_sequence` is its turn on the way through."""

    __tablename__ = "place"

    node_id: int = Field(foreign_key="node.id", primary_key=True)
    item_id: int = Field(foreign_key="item.id", primary_key=True)
    aisle: str
    bin: str
    hint: str = ""
    walk_sequence: int = 0


def gtin_of(scanned: str) -> str | None:
    """The 14-digit GTIN in a scanned or typed code: GTIN-8/12/13/14, UPC, GS1-128, DataMatrix or Digital Link."""
    try:
        gtin = parse(scanned.strip()).gtin
    except (ParseError, ValueError, IndexError):  # the last two are the library's slips: on "https://[", on "]"
        return None
    return gtin.as_gtin_14() if gtin is not None else None


def scanned_item(session: Session, code: str) -> Item:
    """The item behind a barcode or a typed sku."""
    gtin = gtin_of(code)
    wanted = Item.gtin == gtin if gtin else col(Item.sku) == code.strip()
    item = session.exec(select(Item).where(wanted)).one_or_none()
    if item is None and gtin:
        item = session.exec(select(Item).where(Item.sku == code.strip())).one_or_none()
    if item is None:
        raise UnknownBarcode("That isn't a code of ours. Scan the label again, or type its last 4 digits.")
    return item


def by_sku(session: Session, skus: set[str]) -> dict[str, Item]:
    return {item.sku: item for item in session.exec(select(Item).where(col(Item.sku).in_(skus)))}
