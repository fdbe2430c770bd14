"""The customer's page of an order that is shipped: what has left, with whom, by which number, and what has not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.drawing import day_words, plural
from app.notices import letter
from app.oms import shipment
from app.oms.address import ShipTo
from app.oms.order import Order
from app.oms.order_line import ALIVE, OrderLine, things
from app.oms.order_status import OrderStatus
from app.pickup import task as tasks

STEPS = ("Ordered", "Picked", "Packed", "On its way")
STAGES = {
    OrderStatus.AWAITING_PAYMENT: "unpaid",
    OrderStatus.ACCEPTED: "ordered",
    OrderStatus.PICKING: "picking",
    OrderStatus.PARTLY_READY: "picking",
    OrderStatus.PACKED: "packed",
    OrderStatus.PARTLY_SHIPPED: "partly",
    OrderStatus.SHIPPED: "shipped",
    OrderStatus.UNFULFILLABLE: "unfulfillable",
    OrderStatus.CANCELLED: "cancelled",
}
REACHED = {"unpaid": 0, "ordered": 0, "picking": 1, "packed": 2, "partly": 3, "shipped": 4}
IS_OVER = frozenset({"shipped", "cancelled"})


@dataclass(frozen=True, kw_only=True)
class Thing:
    """So much of one thing; `note` when it does not come."""

    name: str
    detail: str
    image: str
    count: int
    amount: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One shipment, as the carrier knows it."""

    carrier: str
    tracking: str
    left: str
    parcels: int
    things: tuple[Thing, ...]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """All the page says. Nobody here knows when a parcel arrives: only the carrier does, by its number."""

    token: str
    version: str
    stage: str
    reached: int
    title: str
    words: str
    short_words: str
    number: str
    store: str
    goes_to: str
    sent: tuple[Sent, ...]
    things: tuple[Thing, ...]
    """What has not left."""

    @property
    def is_over(self) -> bool:
        return self.stage in IS_OVER


def delivery_of(session: Session, order: Order, token: str, *, at: datetime) -> Delivery:
    shop, stage = letter.sender_of(session, order), STAGES.get(order.status, "ordered")
    sent = _sent(session, order, shop.time_zone)
    stage = "gone" if stage == "cancelled" and sent else stage
    title, words = _words(order, stage, shop.time_zone, at=at)
    to, versions = session.get(ShipTo, order.id), [task.version for task in tasks.all_of(session, order.id)]
    waiting = tuple(_thing(line, line.ordered - line.shipped, _note(line, stage)) for line in order.lines)
    return Delivery(
        token=token, version=f"{stage}-{sum(versions)}-{len(sent)}", stage=stage, reached=REACHED.get(stage, -1),
        title=title, words=words, short_words=_short_words(order, stage), number=order.number, store=shop.name,
        goes_to=f"{to.name}, {to.city}" if to else "", sent=sent, things=tuple(each for each in waiting if each.count),
    )  # fmt: skip


def _words(order: Order, stage: str, zone: str, *, at: datetime) -> tuple[str, str]:
    name = order.customer.first_name
    promise = f"It will be with you by {day_words(order.promised_at, zone)}."
    if order.promised_at <= at:
        promise = "It takes longer than we promised. We write to you when it is sent."
    return {
        "unpaid": (f"{name}, we have your order", "We start as soon as your payment has come through."),
        "ordered": (f"{name}, we have your order", promise),
        "picking": (f"{name}, we’re putting it together", promise),
        "packed": (f"{name}, it’s packed", "We write to you when the carrier has it."),
        "partly": (f"{name}, a part of it is on its way", _rest_words(order)),
        "shipped": (f"{name}, it’s on its way", "Ask the carrier where it is, by its number."),
        "gone": ("The rest was cancelled", "What has left already is still on its way to you."),
        "cancelled": ("This order was cancelled", "If you didn’t ask for this, write to us."),
        "unfulfillable": ("Sorry, we don’t have it", "We are looking into it and will write to you."),
    }[stage]


def _rest_words(order: Order) -> str:
    is_coming = any(getattr(line, place) for line in order.lines for place in ALIVE)
    return "The rest follows." if is_coming else "We are still looking for the rest."


def _short_words(order: Order, stage: str) -> str:
    """What is missing is said plainly, also while somebody still looks for it elsewhere."""
    missing = sum(line.count("short") + line.count("unfilled") for line in order.lines)
    if not missing or stage in {"cancelled", "gone", "unfulfillable"}:
        return ""
    total = sum(line.count("ordered") for line in order.lines)
    return f"{plural(missing, 'item')} of {total} couldn’t be found yet."


def _sent(session: Session, order: Order, zone: str) -> tuple[Sent, ...]:
    lines = {line.id: line for line in order.lines}
    return tuple(
        Sent(carrier=row.carrier, tracking=row.tracking, left=day_words(row.at, zone), parcels=row.parcels,
             things=_inside(lines, shipment.contents(session, row.id)))
        for row in shipment.standing(session, order.id)
    )  # fmt: skip


def _inside(lines: Mapping[int, OrderLine], inside: Mapping[int, int]) -> tuple[Thing, ...]:
    return tuple(_thing(lines[line_id], quantity) for line_id, quantity in inside.items() if line_id in lines)


def _note(line: OrderLine, stage: str) -> str:
    if line.cancelled and line.cancelled == line.ordered - line.shipped:
        return "Cancelled"
    missing = line.short + line.unfilled
    return f"{line.item.said(missing)} not found" if missing and stage != "cancelled" else ""


def _thing(line: OrderLine, units: int, note: str = "") -> Thing:
    item = line.item
    return Thing(name=item.name, detail=item.detail, image=item.image, count=things(units, item.decimals),
                 amount=item.said(units), note=note)  # fmt: skip
