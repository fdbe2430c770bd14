"""What happened in the shops: a basket bought, or goods that came back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a basket; the price is what the customer paid for one."""

    sku: str
    quantity: int
    unit_price_minor: int


@dataclass(frozen=True, slots=True)
class Basket:
    """What one customer bought at one instant in one store; each item stands on one line."""

    external_id: str
    store_code: str
    at: datetime
    lines: tuple[Line, ...]
    household: str | None
    is_pickup: bool
    """True for the stated share that is replayed as click-and-collect; the rest went through the till."""


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """Units that came back; `purchase_id` is the basket they came from, None where no earlier one was found."""

    sku: str
    quantity: int
    unit_price_minor: int
    purchase_id: str | None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A purchase or part of it undone: a cancelled order while it waits, a return once it was taken home."""

    external_id: str
    store_code: str
    at: datetime
    of_customer: str | None
    lines: tuple[ReturnedLine, ...]


Happening = Basket | Cancellation


def one_line_per_item(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The same item rung up twice is one line to pick; its price is then the mean, so that the sum stays true."""
    together: dict[str, Line] = {}
    for line in lines:
        other = together.get(line.sku)
        together[line.sku] = line if other is None else _joined(other, line)
    return tuple(together.values())


def _joined(one: Line, other: Line) -> Line:
    quantity = one.quantity + other.quantity
    paid = one.quantity * one.unit_price_minor + other.quantity * other.unit_price_minor
    return Line(one.sku, quantity, round(paid / quantity))
