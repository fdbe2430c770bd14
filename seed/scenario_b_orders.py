"""The orders of scenario B: real baskets of a stream, or made-up ones in the demo's manner, each given an address."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, islice
from random import Random
from statistics import median_low

from seed import demo_goods, shopping
from seed.scenario_b_stock import Sales
from seed.streams import Basket, ItemSpec, Line, dice, open_stream
from seed.uk_towns import TOWNS, Point

MADE_UP = "Made-up orders, in the demo's manner"
FIRST = datetime(2026, 9, 7, 7, tzinfo=UTC)
BETWEEN = timedelta(minutes=12)
EXPRESS_SHARE = 0.15
EXPRESS_HOURS = 36
EXPRESS, STANDARD = timedelta(hours=EXPRESS_HOURS), timedelta(days=4)

ASSUMPTIONS = f"""
  - Every basket is an order to be shipped. The data knows no addresses: each customer lives in or near a town, drawn by
    its people, and stays there; a basket without a customer has one of its own.
  - {EXPRESS_SHARE:.0%} of the orders are promised in {EXPRESS_HOURS} hours, the others in {STANDARD.days} days.
"""
_PEOPLE = list(accumulate(town.thousands for town in TOWNS))


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for, when, by when, and where it goes."""

    number: str
    at: datetime
    promised_at: datetime
    home: Point
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """Orders in the order of time, the items they are of, and what was taken for granted."""

    title: str
    assumptions: str
    orders: tuple[Order, ...]
    items: dict[str, ItemSpec]

    @property
    def sales(self) -> dict[str, Sales]:
        asked: defaultdict[str, list[int]] = defaultdict(list)
        for order in self.orders:
            for line in order.lines:
                asked[line.sku].append(line.quantity)
        return {sku: Sales(sum(each), median_low(each), max(each)) for sku, each in asked.items()}


def read(source: str, *, first: date | None, last: date | None, most: int | None, most_lines: int) -> Trade:
    """The first so many baskets of the chosen days of a stream (see `seed.streams`) that have no more lines."""
    stream = open_stream(source, first=first, last=last)
    baskets = (each for each in stream.events() if isinstance(each, Basket) and len(each.lines) <= most_lines)
    items = {item.sku: item for item in stream.world().items}
    return _trade(f"{stream.title}, baskets of up to {most_lines} lines", islice(baskets, most), items)


def make_up(count: int, *, seed: int) -> Trade:
    """Where no real orders are at hand."""
    goods, chance = demo_goods.items(), Random(seed)  # noqa: S311 - which cup somebody orders is no secret
    return _trade(MADE_UP, _made_up(goods, chance, count), {item.sku: item for item in goods})


def _made_up(goods: Sequence[ItemSpec], chance: Random, count: int) -> Iterator[Basket]:
    for number in range(count):
        asked = shopping.basket(chance, goods, most=8)
        lines = tuple(Line(each.sku, int(each.quantity), each.unit_price_minor) for each in asked)
        yield Basket(f"M{number}", "", FIRST + number * BETWEEN, lines, household=None, is_pickup=False)


def _trade(title: str, baskets: Iterable[Basket], items: dict[str, ItemSpec]) -> Trade:
    orders = tuple(_order(basket) for basket in baskets)
    sold = Counter(line.sku for order in orders for line in order.lines)
    return Trade(title, ASSUMPTIONS, orders, {sku: item for sku, item in items.items() if sku in sold})


def _order(basket: Basket) -> Order:
    is_express = dice.falls_within(EXPRESS_SHARE, "express", basket.external_id)
    promised_at = basket.at + (EXPRESS if is_express else STANDARD)
    return Order(
        basket.external_id, basket.at, promised_at, home_of(basket.household or basket.external_id), basket.lines
    )


def home_of(customer: str) -> Point:
    """In a town or up to some fifteen kilometres around it."""
    town = TOWNS[bisect_left(_PEOPLE, 1 + dice.pick(_PEOPLE[-1], "town", customer))]
    north, east = (dice.pick(2001, way, customer) / 1000 - 1 for way in ("north", "east"))
    return Point(town.at.latitude + north * 0.12, town.at.longitude + east * 0.18)
