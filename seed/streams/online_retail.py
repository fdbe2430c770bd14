"""UCI Online Retail: a year of a British gift shop's invoices and their cancellations, given a chain of stores."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from seed.streams import dice, invoice_file, retail_goods, towns
from seed.streams.barcodes import gtin_of
from seed.streams.happenings import Basket, Cancellation, Happening, Line, one_line_per_item
from seed.streams.invoice_file import InvoiceRow
from seed.streams.invoices import Invoice, put_together
from seed.streams.returns import Bought, Purchases
from seed.streams.stream import RowCount
from seed.streams.window import Window
from seed.streams.world import ItemSpec, PlaceSpec, StoreSpec

ZONE = ZoneInfo("Europe/London")
STORES = 12
REGIONS = 3
AISLES = "ABCDEGHJKL"
BINS = 60

MOST = 10_000
UNREADABLE = "can't be read"
ADJUSTMENT = "stock adjustment: no goods went out, and no cancellation"
NO_PRICE = "no price: gift, write-off or adjustment"
BEYOND_ANY_ORDER = f"more than {MOST:,} of one item: typing errors, each taken back within minutes"

ASSUMPTIONS = f"""
  - The retailer had no stores: each customer is given one of {STORES} and keeps it; an invoice without a customer
    is given one of its own.
  - {{share:.0%}} of the invoices with a customer, always the same ones, are click-and-collect orders; the rest, and all
    without a customer, are till sales.
  - Times are London's. The stores are open every day, from the first hour an invoice is written in these days to the
    last, and at least 08:00 to 20:00.
  - A cancellation undoes the customer's latest earlier purchase of the item in these days that has some left; where
    there is none, it is a plain return.
  - Stock codes that differ in capitals only are one item. The same item twice on an invoice is one line, at the
    mean price.
  - Barcodes and shelves are made up, and names where the file has no descriptions.
"""


@dataclass
class Glance:
    """What must be known before the first invoice: who will return what, the shop's hours, what things are called."""

    to_be_returned: set[Bought] = field(default_factory=set)
    first_hour: int = 8
    last_hour: int = 19
    names: dict[str, str] = field(default_factory=dict)

    def note(self, row: InvoiceRow) -> None:
        if row.is_cancelling and row.customer:
            self.to_be_returned.add((row.customer, row.sku))
        if row.description and row.price_minor > 0:
            self.names.setdefault(row.sku, row.description)
        self.first_hour = min(self.first_hour, row.written_at.hour)
        self.last_hour = max(self.last_hour, row.written_at.hour)


class OnlineRetail:
    """The invoices of the chosen days; the retailer had no stores, so every customer is given one and keeps it."""

    title = "Online Retail (UCI 352, D. Chen 2015, CC BY 4.0)"
    currency = "GBP"

    def __init__(self, path: Path, window: Window, pickup_share: float) -> None:
        self.window = window
        self._path = path
        self._pickup_share = pickup_share
        self._glance = Glance()
        for row in invoice_file.rows(path, window):
            if row is not None:
                self._glance.note(row)

    @property
    def assumptions(self) -> str:
        return ASSUMPTIONS.format(share=self._pickup_share)

    def happenings(self, rows: RowCount) -> Iterator[Happening]:
        purchases = Purchases(self._glance.to_be_returned)
        for invoice in put_together(self._goods(rows)):
            if invoice.is_cancelling:
                yield self._cancellation(invoice, purchases)
            else:
                basket = self._basket(invoice)
                purchases.note(basket)
                yield basket

    def store(self, code: str) -> StoreSpec:
        rank = int(code) - 1
        opens_min, closes_min = self._glance.first_hour * 60, (self._glance.last_hour + 1) * 60
        return StoreSpec(code, towns.town(rank), towns.region(rank, of=REGIONS), ZONE.key, opens_min, closes_min)

    def item(self, sku: str, price_minor: int) -> ItemSpec:
        name = self._glance.names.get(sku)
        return ItemSpec(
            sku=sku,
            gtin=gtin_of(sku),
            name=name.capitalize() if name else f"Gift {sku}",
            detail=f"No. {sku}",
            image="gift",
            price_minor=price_minor,
            place=_place(sku),
        )

    def _goods(self, rows: RowCount) -> Iterator[InvoiceRow]:
        for row in invoice_file.rows(self._path, self.window):
            reason = UNREADABLE if row is None else retail_goods.why_not_goods(row.sku) or _why_not_sold(row)
            if reason:
                rows.skipped[reason] += 1
            elif row is not None:
                rows.kept += 1
                yield row

    def _basket(self, invoice: Invoice) -> Basket:
        return Basket(
            external_id=invoice.number,
            store_code=_store_of(invoice),
            at=invoice.written_at.replace(tzinfo=ZONE).astimezone(UTC),
            lines=_lines(invoice),
            household=invoice.customer,
            is_pickup=bool(invoice.customer) and dice.falls_within(self._pickup_share, "pickup", invoice.number),
        )

    def _cancellation(self, invoice: Invoice, purchases: Purchases) -> Cancellation:
        return Cancellation(
            external_id=invoice.number,
            store_code=_store_of(invoice),
            at=invoice.written_at.replace(tzinfo=ZONE).astimezone(UTC),
            of_customer=invoice.customer,
            lines=purchases.returned(invoice.customer, _lines(invoice)),
        )


def _lines(invoice: Invoice) -> tuple[Line, ...]:
    return one_line_per_item(Line(row.sku, abs(row.quantity), row.price_minor) for row in invoice.rows)


def _store_of(invoice: Invoice) -> str:
    return f"{1 + dice.pick(STORES, 'store', invoice.customer or invoice.number):02d}"


def _place(sku: str) -> PlaceSpec:
    aisle, shelf = dice.pick(len(AISLES), "aisle", sku), 1 + dice.pick(BINS, "shelf", sku)
    return PlaceSpec(AISLES[aisle], f"{AISLES[aisle]}{shelf:02d}", walk_sequence=aisle * 100 + shelf)


def _why_not_sold(row: InvoiceRow) -> str | None:
    if row.is_cancelling is not (row.quantity < 0) or row.quantity == 0:
        return ADJUSTMENT
    if row.price_minor <= 0:
        return NO_PRICE
    return BEYOND_ANY_ORDER if abs(row.quantity) > MOST else None
