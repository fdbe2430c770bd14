"""The Online Retail file, line by line: known by its header, plain or gzipped, never held in memory."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import IO

from app.refusals import Unreadable
from seed.streams.window import Window

HEADER = ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
WRITTEN_AT = HEADER.index("InvoiceDate")
DESCRIPTION = "Description"
CANCELS = "C"


class OtherFile(Unreadable):
    """The file isn't the one this reader knows; guessing at columns would fill the shops with nonsense."""


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """One line as the retailer wrote it; a quantity below nothing means goods that came back, or an adjustment."""

    invoice: str
    sku: str
    quantity: int
    written_at: datetime
    price_minor: int
    customer: str | None
    description: str

    @property
    def is_cancelling(self) -> bool:
        return self.invoice.startswith(CANCELS)


def rows(path: Path, window: Window) -> Iterator[InvoiceRow | None]:
    """The lines of the chosen days; None for one that can't be read, so that it can be counted."""
    for fields in _fields(path):
        if fields is None:
            yield None
        elif window.holds(fields[WRITTEN_AT]):
            yield _row(fields)


def _row(fields: tuple[str, ...]) -> InvoiceRow | None:
    invoice, code, quantity, written_at, price, customer, _country, *description = fields
    try:
        return InvoiceRow(
            invoice=invoice,
            sku=code.strip().upper(),
            quantity=int(quantity),
            written_at=datetime.fromisoformat(written_at),
            price_minor=round(float(price) * 100),
            customer=customer.removesuffix(".0") or None,
            description=description[0].strip() if description else "",
        )
    except (ValueError, OverflowError):
        return None


def _fields(path: Path) -> Iterator[tuple[str, ...] | None]:
    try:
        with _text(path) as text:
            table = csv.reader(text)
            header = next(table, [])
            chosen = itemgetter(*_columns(path, header))
            yield from (chosen(fields) if len(fields) == len(header) else None for fields in table if fields)
    except FileNotFoundError:
        raise OtherFile(f"There is no file {path}.") from None
    except (OSError, EOFError, zlib.error, csv.Error) as broken:
        raise OtherFile(f"{path.name} can't be read: {broken}.") from broken


def _columns(path: Path, header: list[str]) -> list[int]:
    missing = [name for name in HEADER if name not in header]
    if missing:
        raise OtherFile(
            f"{path.name} is not an Online Retail file: its first line must name the columns {', '.join(HEADER)},"
            f" and {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not there."
        )
    return [header.index(name) for name in (*HEADER, DESCRIPTION) if name in header]


def _text(path: Path) -> IO[str]:
    """Descriptions in the published file hold a stray pound sign of another encoding; it is not worth a refusal."""
    opened = gzip.open if path.suffix == ".gz" else open
    return opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
