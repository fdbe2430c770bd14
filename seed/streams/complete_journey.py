"""The Complete Journey: a year of grocery baskets from 457 stores (dunnhumby, CC0)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from seed.streams import dice, towns
from seed.streams.grocery_goods import why_not_goods
from seed.streams.grocery_items import item_of
from seed.streams.grocery_receipts import Receipts, Row
from seed.streams.happenings import Basket, Happening, one_line_per_item
from seed.streams.stream import RowCount
from seed.streams.window import Window
from seed.streams.world import ItemSpec, StoreSpec

NAME = "completejourney"
ZONE = ZoneInfo("America/New_York")
REGIONS = 12

NOTHING = "quantity of nothing"
FREE_FOR_NO_REASON = "no price and no discount that explains it"

ROUND_THE_CLOCK = (0, 0)
DAYTIME = (6 * 60, 24 * 60)

ASSUMPTIONS = """
  - Instants are stored in UTC and every store keeps New York time: read so, the data is the calendar year 2017 and rush
    hour stays put when the clocks change; read as local time, neither is true.
  - {share:.0%} of the baskets, always the same ones, were ordered online; the rest are till sales.
  - A line's price is what the till took for it after the shop's own discounts, divided by its quantity and rounded to a
    cent; an item's is the one most often paid. Makers repay their coupons to the shop, so those change nothing.
  - Weighed goods were rung up as one pack each, and stay so.
  - A store that sold anything between midnight and six in the whole year is open round the clock; the others 06:00 to
    24:00.
  - Regions, names, shelves and barcodes are made up: the data has numbers only.
"""


class CompleteJourney:
    """The baskets of the chosen days, with the stores and products that occur in them."""

    title = "The Complete Journey (dunnhumby, CC0)"
    currency = "USD"

    def __init__(self, window: Window, pickup_share: float) -> None:
        self.window = window
        self._pickup_share = pickup_share
        self._receipts = Receipts(window, ZONE)
        self._products = self._receipts.products()

    @property
    def assumptions(self) -> str:
        return ASSUMPTIONS.format(share=self._pickup_share)

    def happenings(self, rows: RowCount) -> Iterator[Happening]:
        for basket, rung_up in groupby(self._receipts, key=attrgetter("basket")):
            receipt = list(rung_up)
            lines = one_line_per_item(row.line for row in receipt if self._keep(row, rows))
            if lines:
                yield Basket(
                    external_id=str(basket),
                    store_code=str(receipt[0].store),
                    at=datetime.fromtimestamp(receipt[0].seconds, UTC),
                    lines=lines,
                    household=str(receipt[0].household),
                    is_pickup=dice.falls_within(self._pickup_share, "pickup", str(basket)),
                )

    def store(self, code: str) -> StoreSpec:
        opens_min, closes_min = ROUND_THE_CLOCK if int(code) in self._open_at_night else DAYTIME
        rank = self._ranks[int(code)]
        return StoreSpec(code, towns.town(rank), towns.region(rank, of=REGIONS), ZONE.key, opens_min, closes_min)

    def item(self, sku: str, price_minor: int) -> ItemSpec:
        return item_of(self._products[int(sku)], price_minor=price_minor)

    def _keep(self, row: Row, rows: RowCount) -> bool:
        reason = why_not_goods(self._products.get(row.product)) or _why_not_sold(row)
        if reason:
            rows.skipped[reason] += 1
        else:
            rows.kept += 1
        return reason is None

    @cached_property
    def _ranks(self) -> dict[int, int]:
        """Every store of the chain has its place in it, whichever days are chosen."""
        return {store: rank for rank, store in enumerate(sorted({store for store, _ in self._selling_hours}))}

    @cached_property
    def _open_at_night(self) -> set[int]:
        local = {hour: datetime.fromtimestamp(hour, ZONE).hour for hour in {hour for _, hour in self._selling_hours}}
        return {store for store, hour in self._selling_hours if local[hour] * 60 < DAYTIME[0]}

    @cached_property
    def _selling_hours(self) -> list[tuple[int, int]]:
        return self._receipts.selling_hours()


def _why_not_sold(row: Row) -> str | None:
    """What the shop's own offer made free did leave the shelf; what had no price for no reason may not have."""
    if row.quantity <= 0:
        return NOTHING
    if row.paid < 0.005 and not row.discount + row.matched_coupon:
        return FREE_FOR_NO_REASON
    return None
