"""One stream of real orders: what it holds, what was left out of it, and its happenings in time order."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from app.refusals import Refusal
from seed.streams import opening_stock, towns
from seed.streams.happenings import Basket, Happening
from seed.streams.window import Window
from seed.streams.world import ItemSpec, RegionSpec, StoreSpec, World

PICKUP_SHARE = 0.2
"""Of the baskets that can be, how many are played as click-and-collect orders."""


class NothingHappened(Refusal):
    """The chosen days hold no goods."""


@dataclass
class RowCount:
    """Every row read is either kept or left out for a reason; nothing disappears in between."""

    kept: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        return self.kept + self.skipped.total()


class Source(Protocol):
    """What a reader of one data set must tell."""

    title: str
    currency: str
    window: Window

    @property
    def assumptions(self) -> str: ...
    def happenings(self, rows: RowCount) -> Iterator[Happening]: ...
    def store(self, code: str) -> StoreSpec: ...
    def item(self, sku: str, price_minor: int) -> ItemSpec: ...


class Stream:
    """Reads its source once to know what is in it; `events()` reads again, so that a long one needs little memory."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rows = RowCount()
        self._baskets = self.orders = self.returns = 0
        self._demand: Counter[tuple[str, str]] = Counter()
        self._prices: dict[str, Counter[int]] = {}
        for happening in source.happenings(self._rows):
            self._note(happening)
        if not self.total:
            raise NothingHappened(f"{source.title}, {source.window}: no goods were sold in these days.")

    @property
    def title(self) -> str:
        return f"{self._source.title}, {self._source.window}"

    @property
    def total(self) -> int:
        """How many events there are."""
        return self._baskets + self.returns

    @property
    def till_sales(self) -> int:
        return self._baskets - self.orders

    @property
    def rows(self) -> int:
        """How many rows of data were read in the chosen days: the kept and the skipped."""
        return self._rows.read

    @property
    def skipped(self) -> Counter[str]:
        """Rows left out, by reason."""
        return self._rows.skipped

    def events(self) -> Iterator[Happening]:
        return self._source.happenings(RowCount())

    def world(self) -> World:
        stores = tuple(self._source.store(code) for code in self._store_codes)
        return World(
            regions=tuple(RegionSpec(code, towns.REGIONS[code]) for code in sorted({store.region for store in stores})),
            stores=stores,
            items=tuple(self._source.item(sku, _commonest(self._prices[sku])) for sku in sorted(self._prices)),
            stock=tuple(opening_stock.for_demand(self._demand)),
            currency=self._source.currency,
        )

    def describe(self) -> str:
        return "\n".join((
            f"{self.title}.",
            f"{self.rows:,} rows: {self._rows.kept:,} of goods, {self.skipped.total():,} left out.",
            *(f"  {count:>9,}  {reason}" for reason, count in self.skipped.most_common()),
            f"{self._baskets:,} baskets in {len(self._store_codes):,} stores, {len(self._prices):,} items.",
            f"{self.orders:,} click-and-collect orders, {self.till_sales:,} till sales, {self.returns:,} returns.",
            "Taken for granted:",
            self._source.assumptions.strip("\n"),
            opening_stock.ASSUMPTION.strip("\n"),
        ))  # fmt: skip

    @property
    def _store_codes(self) -> list[str]:
        return sorted({code for code, _ in self._demand})

    def _note(self, happening: Happening) -> None:
        """A return asks for no stock, but its store and item must be there to take it back."""
        is_basket = isinstance(happening, Basket)
        for line in happening.lines:
            self._demand[happening.store_code, line.sku] += line.quantity if is_basket else 0
            self._prices.setdefault(line.sku, Counter())[line.unit_price_minor] += 1
        self._baskets += is_basket
        self.returns += not is_basket
        self.orders += isinstance(happening, Basket) and happening.is_pickup


def _commonest(prices: Counter[int]) -> int:
    """The price most customers paid; the higher where two are equally common."""
    return max(prices, key=lambda price: (prices[price], price))
