"""The customer's own page, behind a link nobody can guess: how far the order is, the code to collect it, "I'm here"."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import segno
from flask import Blueprint, current_app, make_response, redirect, request
from markupsafe import Markup
from sqlmodel import Session

from app import db
from app.clock import now
from app.drawing import clock_words, day_words, plural
from app.oms.order import Order
from app.oms.order_status import OrderStatus
from app.people.store import Store, opening_hours
from app.pickup import handover, pickup_link, task
from app.pickup.pickup_link import PickupLink
from app.pickup.task import PickupTask
from app.pickup.task_status import ON_SHELF, TaskStatus
from app.refusals import NotFound, Refusal, Unreadable
from app.web import customer_parcels
from app.web.customer_parcels import Delivery
from app.web.fragments import fragment, plain_page

customer = Blueprint("customer", __name__)
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


class NoBay(Refusal):
    """Somebody would have to look for the car."""

    status = 422


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


@customer.get("/p/<token>")
def show(token: str):
    """The page itself; looking changes nothing."""
    with db.reading() as session:
        return _whole(session, _link(session, token), token)


@customer.get("/p/<token>/now")
def look_again(token: str):
    """The page's inside, if it says something else than what is on the screen."""
    with db.reading() as session:
        shown, inside = _shown(session, _link(session, token), token)
        if request.args.get("since") == shown.version:
            return make_response("", 204)
        return inside()


@customer.post("/p/<token>/arrival")
def arrive(token: str):
    """I'm here."""
    return _change(token, lambda bag, who, at: handover.arrive(bag, spot=_spot(), actor=who, at=at))


@customer.post("/p/<token>/arrival/undo")
def not_here_yet(token: str):
    """Not here yet."""
    return _change(token, lambda bag, who, at: handover.take_arrival_back(bag, actor=who, at=at))


def _shown(session: Session, link: PickupLink, token: str) -> tuple[Pickup | Delivery, Callable[[], str]]:
    """What there is to say, and how it is drawn."""
    order, at = session.get_one(Order, link.order_id), now()
    if order.store_id is None:
        sent = customer_parcels.delivery_of(session, order, token, at=at)
        return sent, lambda: fragment("customer/_parcels.html", delivery=sent, steps=customer_parcels.STEPS)
    pickup = _pickup(session, link, token, at=at)
    return pickup, lambda: fragment("customer/_order.html", pickup=pickup, steps=STEPS)


def _whole(session: Session, link: PickupLink, token: str, refusal: str = "") -> str:
    shown, inside = _shown(session, link, token)
    return plain_page("customer/page.html", shown=shown, inside=Markup(inside()), refusal=refusal)  # noqa: S704


def _change(token: str, act):
    at = now()
    try:
        with db.transaction() as session:
            order = session.get_one(Order, _link(session, token).order_id)
            known = task.of_order(session, order.id)
            if known is None:
                why = "Your order isn't ready yet." if order.store_id is not None else "Your order comes to you."
                raise handover.NotOnTheShelf(why)
            bag = task.locked(session, known.id)
            act(bag, f"customer/{bag.order.customer_id}", at)
    except NotFound:
        raise
    except Refusal as no:
        with db.reading() as session:
            return _whole(session, _link(session, token), token, refusal=no.words), no.status
    return redirect(f"/p/{token}", 303)


def _spot() -> str:
    """Where the customer waits, in the words the board shows."""
    spot, bay, car = (request.form.get(name, "").strip()[:25] for name in ("spot", "bay", "car"))
    if spot not in {"", "desk", "bay"}:
        raise Unreadable("Say whether you are at the desk or in a bay.")
    if spot != "bay":
        return "Desk"
    if not bay:
        raise NoBay("Which bay are you in? The number is on the sign in front of you.")
    return ", ".join(filter(None, (f"Bay {bay}", car)))


def _keys() -> list[str]:
    return [current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]]


def _link(session: Session, token: str) -> PickupLink:
    link = pickup_link.by_token(session, token, _keys())
    if link is None:
        raise NotFound("This link doesn't lead to an order. Open it from our mail once more.")
    return link


def _pickup(session: Session, link: PickupLink, token: str, *, at: datetime) -> Pickup:
    order = session.get_one(Order, link.order_id)
    bag = task.of_order(session, order.id)
    store = session.get_one(Store, order.store_id)
    stage = _stage(order, bag)
    code = (
        pickup_link.code(link, order.number, _keys()[0])
        if bag and bag.status in ON_SHELF and stage != "cancelled"
        else None
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
