"""What the customer's page says of an order they collect: how far it is, the code to show, where and when to come."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import segno
from markupsafe import Markup
from sqlmodel import Session

from app.drawing import clock_words, day_words, plural
from app.oms.order import Order
from app.oms.order_status import OrderStatus
from app.people.store import Store, opening_hours
from app.pickup import pickup_link, task
from app.pickup.pickup_link import PickupLink
from app.pickup.task import PickupTask
from app.pickup.task_status import ON_SHELF, TaskStatus

STEPS = ("Ordered", "Picked", "Ready", "Collected")
STAGES = {
    TaskStatus.PICKING: "picking",
    TaskStatus.PICKED: "picking",
    TaskStatus.RECEIVED: "picking",
    TaskStatus.STAGED: "ready",
    TaskStatus.ARRIVED: "here",
    TaskStatus.COLLECTED: "collected",
    TaskStatus.CANCELLED: "cancelled",
    TaskStatus.PUT_BACK: "cancelled",
    TaskStatus.UNFULFILLABLE: "unfulfillable",
}
REACHED = {"unpaid": 0, "ordered": 0, "picking": 1, "ready": 2, "here": 3, "collected": 4}
IS_OVER = frozenset({"collected", "cancelled", "unfulfillable"})


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One line of the order, as the customer thinks of it."""

    name: str
    detail: str
    image: str
    ordered: int
    amount: str
    missing: str


@dataclass(frozen=True, kw_only=True)
class Pickup:
    """All the page says; the code is in it only while there is a bag to collect."""

    token: str
    version: str
    stage: str
    reached: int
    title: str
    words: str
    number: str
    code: str | None
    qr: Markup
    short_words: str
    store: str
    address: str
    directions: str
    open_words: str
    phone: str
    needs_id: bool
    things: tuple[Thing, ...]

    @property
    def is_over(self) -> bool:
        return self.stage in IS_OVER


def pickup_of(session: Session, link: PickupLink, token: str, *, key: str, at: datetime) -> Pickup:
    order = session.get_one(Order, link.order_id)
    bag = task.of_order(session, order.id)
    store = session.get_one(Store, order.store_id)
    stage = _stage(order, bag)
    code = (
        pickup_link.code(link, order.number, key) if bag and bag.status in ON_SHELF and stage != "cancelled" else None
    )
    title, words = _words(order, bag, store, stage, at=at)
    return Pickup(
        token=token, version=f"{stage}-{bag.version if bag else 0}", stage=stage, reached=REACHED.get(stage, -1),
        title=title, words=words, number=order.number, code=code, qr=_qr(code) if code else Markup(),
        short_words=_short_words(order, stage), store=store.name, address=store.address, directions=store.directions,
        open_words=_open_words(session, store, at), phone=store.phone,
        needs_id=any(line.item.needs_id and line.staged for line in order.lines), things=_things(order),
    )  # fmt: skip


def _stage(order: Order, bag: PickupTask | None) -> str:
    status = order.status
    if status in {OrderStatus.CANCELLED, OrderStatus.UNFULFILLABLE}:
        return status.value
    if status == OrderStatus.AWAITING_PAYMENT:
        return "unpaid"
    return STAGES.get(bag.status, "ordered") if bag else "ordered"


def _words(order: Order, bag: PickupTask | None, store: Store, stage: str, *, at: datetime) -> tuple[str, str]:
    name, zone = order.customer.first_name, store.time_zone
    promise = f"It will be ready by {day_words(order.promised_at, zone)}."
    if order.promised_at <= at:
        promise = "It takes longer than we promised. Please wait for our message before you set out."
    hold = f"We’ll hold it until {day_words(bag.hold_until, zone)}." if bag and bag.hold_until else "It’s on the shelf."
    where = f"Wait here: {bag.spot}." if bag and bag.spot not in {None, "Desk"} else "Show your code at the desk."
    return {
        "unpaid": (f"{name}, we have your order", "We start as soon as your payment has come through."),
        "ordered": (f"{name}, we have your order", promise),
        "picking": (f"{name}, we’re putting it together", promise),
        "ready": (f"{name}, it’s ready", hold),
        "here": ("We know you’re here", where),
        "collected": (f"Collected. Thank you, {name}", "Is something not right? Call the store."),
        "cancelled": (
            "This order was cancelled",
            "If you didn’t ask for this, call the store.",
        ),
        "unfulfillable": (
            "Sorry, we don’t have it",
            "Nothing of your order could be found in the store.",
        ),
    }[stage]


def _short_words(order: Order, stage: str) -> str:
    ordered, short, unfilled = (
        sum(line.count(place) for line in order.lines) for place in ("ordered", "short", "unfilled")
    )
    missing = short + unfilled
    if not missing or stage in {"cancelled", "unfulfillable"}:
        return ""
    state = {"ready": "ready", "here": "ready", "collected": "collected"}.get(stage)
    if state:
        return f"{ordered - missing} of {ordered} {state}. The rest wasn’t in the store."
    return f"{plural(missing, 'item')} of {ordered} couldn’t be found."


def _things(order: Order) -> tuple[Thing, ...]:
    return tuple(
        Thing(name=line.item.name, detail=line.item.detail, image=line.item.image, ordered=line.count("ordered"),
              amount=line.item.said(line.ordered),
              missing=line.item.said(line.short + line.unfilled) if line.short + line.unfilled else "")
        for line in order.lines
    )  # fmt: skip


def _open_words(session: Session, store: Store, at: datetime) -> str:
    stretches = list(islice(opening_hours(session, store).openings(at), 2))
    if not stretches:
        return ""
    opens, closes = stretches[0]
    if opens <= at:
        if closes == stretches[-1][0]:
            return "Open day and night"
        closing = clock_words(closes, store.time_zone)
        return "Open until midnight" if closing == "00:00" else f"Open until {closing}"
    return f"Closed now, opens {day_words(opens, store.time_zone)}"


def _qr(code: str) -> Markup:
    drawn = segno.make(pickup_link.PREFIX + code, error="m", micro=False)
    inline = drawn.svg_inline(
        border=2, omitsize=True, dark="#141c27", svgclass=None, lineclass=None, title=f"Pickup code {code}"
    )
    return Markup(inline)  # noqa: S704 - drawn from our own code's letters
