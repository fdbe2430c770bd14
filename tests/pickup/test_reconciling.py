"""The whole way of a large difference: another system says so, the store counts, and its books follow ours."""

from datetime import datetime, timedelta

from sqlmodel import Session

from app import db
from app.oms import posting, reconciling
from app.oms.statement import Line, Statement
from app.pickup import count as counts
from app.pickup import count_posting, count_scan
from app.pickup.count import CountCause, StockCount
from tests.notices.counter import Counter

HOUR = timedelta(hours=1)


def compared(milk: str, at: datetime) -> dict[str, int]:
    lines = [Line(node="014", sku="MILK", quantity=milk)]
    return reconciling.reconcile(Statement(source="erp", as_of=at, lines=lines), at=at).run.counts


def counted(session: Session, count: StockCount, units: int, *, by: int, at: datetime) -> None:
    count_scan.scan(session, count, units, associate_id=by, typed=True, at=at)
    count_posting.finish(session, count, associate_id=by, at=at)


def test_the_store_counts_the_back_office_books_it_and_then_both_agree(committed: Counter, nine: datetime):
    with db.transaction() as session:
        posting.open_office(session, "erp", at=nine)

    assert compared("80", nine + HOUR) == {"for a person": 1}
    with db.transaction() as session:
        (count,) = counts.living(session, committed.shop.node_id)
        assert count.cause == CountCause.DISCREPANCY
        counted(session, count, 96, by=committed.maya, at=nine + 2 * HOUR)
    assert compared("80", nine + HOUR) == {"newer word known": 1}

    with db.transaction() as session:
        (told,) = posting.waiting(session, "erp")
        assert (told.payload["delta"], told.payload["reason"]) == ("-4", "count")
        posting.acknowledge(session, "erp", [told.dedupe], at=nine + 3 * HOUR)
    assert compared("96", nine + 4 * HOUR) == {"equal": 1}
