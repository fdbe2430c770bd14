"""Invoice lines put together into invoices, in the order they were begun."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter

from seed.streams.invoice_file import InvoiceRow, OtherFile

PATIENCE = timedelta(minutes=10)
"""Some invoices go on for a minute or two while the next is being written; later lines than this are a new invoice."""


@dataclass
class Invoice:
    number: str
    written_at: datetime
    rows: list[InvoiceRow] = field(default_factory=list)

    @property
    def customer(self) -> str | None:
        return self.rows[0].customer

    @property
    def is_cancelling(self) -> bool:
        return self.rows[0].is_cancelling

    def add(self, row: InvoiceRow) -> None:
        self.rows.append(row)
        self.written_at = min(self.written_at, row.written_at)


def put_together(rows: Iterable[InvoiceRow]) -> Iterator[Invoice]:
    """Holds an invoice back until no more of it can come, so that a file of any length needs no memory."""
    unfinished: dict[str, Invoice] = {}
    finished_before: datetime | None = None
    for row in rows:
        if finished_before is None:
            finished_before = row.written_at - PATIENCE
        if row.written_at < finished_before:
            raise OtherFile(
                f"Invoice {row.invoice} stands {PATIENCE} or more after a later one: sort the file by InvoiceDate."
            )
        if row.written_at - PATIENCE > finished_before:
            finished_before = row.written_at - PATIENCE
            yield from _taken_out(unfinished, before=finished_before)
        unfinished.setdefault(row.invoice, Invoice(row.invoice, row.written_at)).add(row)
    yield from sorted(unfinished.values(), key=attrgetter("written_at"))


def _taken_out(unfinished: dict[str, Invoice], *, before: datetime) -> list[Invoice]:
    ripe = [invoice for invoice in unfinished.values() if invoice.written_at < before]
    for invoice in ripe:
        del unfinished[invoice.number]
    return sorted(ripe, key=attrgetter("written_at"))
