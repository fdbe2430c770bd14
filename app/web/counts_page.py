"""Counts as they are drawn: what waits, and the one under way; nothing here has ever looked into the books."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.oms.item import Item, Place
from app.people.associate import Associate
from app.people.store import Store
from app.pickup import count as counting
from app.pickup import count_scan
from app.pickup.count import CountCause, CountStatus, StockCount
from app.web.fragments import fragment
from app.web.viewer import viewer

WHY = {
    CountCause.SHORT_PICK: "Somebody could not find it",
    CountCause.NEGATIVE: "The books can’t be right",
    CountCause.SHORTFALL: "More is promised than there is",
    CountCause.DISCREPANCY: "Two systems differ",
    CountCause.PLAN: "Today’s counts",
    CountCause.STARTED: "Started here",
}
NOWHERE = "?"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One line of the list."""

    count_id: int
    item: Item
    bin: str
    why: str
    who: str
    since: datetime


def waiting(session: Session, store: Store) -> list[Waiting]:
    """In the order of the walk, so that a round through the store counts them all."""
    living = counting.living(session, store.id)
    wanted = select(Item).where(col(Item.id).in_([each.item_id for each in living]))
    items = {each.id: each for each in session.exec(wanted)}
    places = select(Place).where(Place.node_id == store.id, col(Place.item_id).in_(items.keys()))
    where = {place.item_id: place for place in session.exec(places)}
    counters = select(Associate).where(col(Associate.id).in_([each.counter_id for each in living]))
    people = {each.id: each for each in session.exec(counters)}
    lines = [
        Waiting(count_id=each.id, item=items[each.item_id], since=each.opened_at, why=_why(each),
                bin=where[each.item_id].bin if each.item_id in where else NOWHERE,
                who=people[each.counter_id].short_name if each.counter_id else "")
        for each in living
    ]  # fmt: skip
    turn = {each.item_id: each.walk_sequence for each in where.values()}
    return sorted(lines, key=lambda line: (turn.get(line.item.id, 1_000_000), line.count_id))


def _why(count: StockCount) -> str:
    return "A second look" if count.status == CountStatus.RECOUNT else WHY[count.cause]


def draw(session: Session, count: StockCount) -> str:
    place = session.get(Place, (count.store_id, count.item_id))
    standing = count_scan.scans(session, count) if count.ended_at is None else []
    counter = session.get(Associate, count.counter_id) if count.counter_id else None
    is_theirs = count.counter_id not in (None, viewer().id)
    return fragment(
        "counts/_count.html", count=count, item=count.item, bin=place.bin if place else NOWHERE,
        hint=place.hint if place else "", why=_why(count), so_far=sum(each.quantity for each in standing),
        last_id=standing[-1].id if standing else 0, counter=counter.short_name if counter and is_theirs else "",
        is_second_look=count.status == CountStatus.RECOUNT, is_first=count.first_by == viewer().id,
        is_lead=viewer().reach.leads(session.get_one(Store, count.store_id)),
    )  # fmt: skip


def words(count: StockCount) -> str:
    if count.status == CountStatus.POSTED:
        return f"{count.item.said(count.counted or 0)} counted. {difference(count)}"
    if count.status == CountStatus.DROPPED:
        return "Nobody has to count this."
    return "Count every one you can see; leave out bags, and what is damaged."


def difference(count: StockCount) -> str:
    """Said when it is over: before, it would lead the eye."""
    if count.wrong_by is None:
        return "A newer word was known already, so the books stay."
    if count.wrong_by == 0:
        return "The books were right."
    more = "more" if count.wrong_by > 0 else "fewer"
    return f"That is {count.item.said(abs(count.wrong_by))} {more} than the books said; they are right now."
