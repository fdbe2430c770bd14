"""The end of a count: the books say what was found, and what was missed before it is settled."""

from datetime import datetime

from sqlmodel import Session

from app.oms import correction, inventory
from app.oms import order as orders
from app.oms.balance import Key
from app.oms.correction import Reckoning
from app.oms.inventory import Cause, Reason
from app.pickup import count_scan, short_picks
from app.pickup.count import CountStatus, StockCount
from app.pickup.count_events import CountPosted, RecountAsked
from app.pickup.short_picks import ShortPick
from app.pickup.task import PickupTask

RECOUNT_UNITS = 5
RECOUNT_VALUE_MINOR = 5_000


def finish(session: Session, count: StockCount, *, associate_id: int, at: datetime) -> None:
    """Nothing is left to scan. A large difference is looked at by a second person, whose count then stands."""
    count.begin(session, associate_id=associate_id)
    if count.as_of is None:
        count_scan.look(session, count, at=at)
    missed = _missed(session, count)
    key, as_of = (count.item_id, count.store_id), count.as_of or at
    counted = sum(each.quantity for each in count_scan.scans(session, count))
    reckoning = correction.open_reckoning(session, [], [(key, as_of)])
    in_books = counted + count.in_bags + reckoning.stood_at(key, "unavailable", as_of)
    wrong_by = reckoning.wrong_by(key, in_books, as_of)
    if count.status == CountStatus.OPEN and _is_large(count, wrong_by or 0):
        _ask_another(count, counted, associate_id=associate_id, at=at)
        return
    _correct(reckoning, key, in_books, count, actor=f"associate/{associate_id}", at=at)
    count.status, count.ended_at, count.counted, count.wrong_by = CountStatus.POSTED, at, counted, wrong_by
    count.say(CountPosted, f"associate/{associate_id}", at, counted=counted, wrong_by=wrong_by)
    _make_good(session, key, missed, associate_id=associate_id, at=at)


def _is_large(count: StockCount, wrong_by: int) -> bool:
    """In units of the item, or in money at its price."""
    item, off = count.item, abs(wrong_by)
    return off > item.units_of(RECOUNT_UNITS) or item.priced(off, item.price_minor) > RECOUNT_VALUE_MINOR


def _ask_another(count: StockCount, counted: int, *, associate_id: int, at: datetime) -> None:
    count.status, count.counter_id, count.as_of = CountStatus.RECOUNT, None, None
    count.first_by, count.first_counted = associate_id, counted
    count.say(RecountAsked, f"associate/{associate_id}", at, counted=counted)


def _correct(reckoning: Reckoning, key: Key, in_books: int, count: StockCount, *, actor: str, at: datetime) -> None:
    as_of = count.as_of or at
    cause = Cause(reason=Reason.COUNT, document=count.document, actor=actor, occurred_at=as_of, recorded_at=at)
    missed = reckoning.missed_before(key, as_of)
    reckoning.correct_to(key, in_books, as_of, cause, unsuppress=missed)
    reckoning.save()


def _missed(session: Session, count: StockCount) -> list[ShortPick]:
    """What was missed of this item; its orders are locked before the balance is, as everywhere."""
    missed = short_picks.missed_here(session, count.store_id, count.item_id)
    order_ids = {session.get_one(PickupTask, each.task_id).order_id for each in missed}
    for order_id in sorted(order_ids):
        orders.locked(session, order_id)
    return short_picks.missed_here(session, count.store_id, count.item_id) if order_ids else []


def _make_good(session: Session, key: Key, missed: list[ShortPick], *, associate_id: int, at: datetime) -> None:
    """The count has proved some of it to be there: it goes to the orders that wait for it, as far as it lasts."""
    for each in missed:
        stock = inventory.balance_of(session, item_id=key[0], node_id=key[1])
        free = stock.on_hand - stock.unavailable - stock.reserved - stock.suppressed if stock else 0
        task = session.get_one(PickupTask, each.task_id)
        if free >= each.quantity and task.order.cancelled_at is None:
            short_picks.found(session, task, each, associate_id=associate_id, at=at)
