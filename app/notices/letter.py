"""The letter of a notice: composed from the order as it is now, just before it leaves."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader
from sqlmodel import Session, col, select

from app import drawing
from app.config import Settings
from app.notices.notice import Notice, Stage
from app.oms import shipment
from app.oms.channel import Channel
from app.oms.order import Order
from app.oms.order_line import things
from app.oms.shipment import Shipment
from app.people.store import Store
from app.pickup import pickup_link
from app.pickup import task as tasks
from app.pickup.task import PickupTask

PLAIN = drawing.install(Environment(loader=FileSystemLoader(drawing.TEMPLATES), autoescape=False))  # noqa: S701 - plain text


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who writes, and where to answer or come to."""

    name: str
    time_zone: str
    address: str = ""
    phone: str = ""


SUBJECTS = {
    Stage.RECEIVED: "We have your order {number}",
    Stage.DELAYED: "Your order {number} takes longer",
    Stage.READY: "Your order {number} is ready",
    Stage.COLLECTED: "You have collected order {number}",
    Stage.SHIPPED: "Your order {number} is on its way",
    Stage.CANCELLED: "Your order {number} was cancelled",
}


def compose(session: Session, notice: Notice, settings: Settings, *, at: datetime) -> EmailMessage:
    """The same notice always carries the same Message-ID, so that a mail sent twice after a crash is seen as one."""
    order = session.get_one(Order, notice.order_id)
    sender = sender_of(session, order)
    said = _said(session, order, sender, settings) | _parcel(session, notice)
    host = urlsplit(settings.public_url).hostname or "localhost"
    message = EmailMessage()
    message["Subject"] = _subject(notice.stage, order)
    message["From"] = f'"{_plain(sender.name)}" <orders@{_domain(host)}>'
    message["To"] = order.customer.email or ""
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{notice.dedupe.replace('/', '-').replace(':', '.')}@{_domain(host)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(PLAIN.get_template(f"notices/{notice.stage}.txt").render(said))
    message.add_alternative(drawing.draw(f"notices/{notice.stage}.html", **said), subtype="html")
    return message


def sender_of(session: Session, order: Order) -> Sender:
    """The store they come to; of what is shipped, the shop they bought it in: who packed it is not theirs to care."""
    if order.store_id is not None:
        store = session.get_one(Store, order.store_id)
        return Sender(name=store.name, address=store.address, phone=store.phone, time_zone=store.time_zone)
    shop = session.exec(select(Channel).where(Channel.code == order.channel)).one_or_none()
    here = select(Store.time_zone).join(PickupTask, col(PickupTask.store_id) == col(Store.id))
    zone = session.exec(here.where(PickupTask.order_id == order.id).limit(1)).first()
    return Sender(name=shop.name if shop else order.channel, time_zone=zone or "UTC")


def _parcel(session: Session, notice: Notice) -> dict[str, object]:
    """What of the order is in this shipment, and how the carrier calls it."""
    if notice.shipment_id is None:
        return {}
    sent = session.get_one(Shipment, notice.shipment_id)
    inside = shipment.contents(session, sent.id)
    lines = session.get_one(Order, notice.order_id).lines
    count = sum(things(inside.get(line.id, 0), line.item.decimals) for line in lines)
    return {"carrier": sent.carrier, "tracking": sent.tracking, "parcels": sent.parcels, "sent": count}


def _said(session: Session, order: Order, sender: Sender, settings: Settings) -> dict[str, object]:
    task = tasks.of_order(session, order.id)
    link = pickup_link.link_for(session, order.id)
    return {
        "number": order.number,
        "first_name": order.customer.first_name,
        "store": sender,
        "is_ship": order.store_id is None,
        "promised_at": order.promised_at,
        "hold_until": task.hold_until if task else None,
        "ready": sum(line.count("staged") for line in order.lines),
        "had": sum(line.count("collected") for line in order.lines),
        "ordered": sum(line.count("ordered") for line in order.lines),
        "is_unfulfillable": order.status == "unfulfillable",
        "link": f"{settings.public_url}/p/{pickup_link.token(link, settings.secret_key)}",
    }


def _subject(stage: Stage, order: Order) -> str:
    ready, ordered = (sum(line.count(place) for line in order.lines) for place in ("staged", "ordered"))
    if stage == Stage.READY and ready < ordered:
        return f"{ready} of {ordered} ready: your order {order.number}"
    return SUBJECTS[stage].format(number=order.number)


def _plain(name: str) -> str:
    """A store's name, fit to stand between quotes in a header."""
    return "".join(letter for letter in name if letter.isprintable() and letter not in '"\\')


def _domain(host: str) -> str:
    """A mail address's right side; an IP address needs brackets there, which mail programs hate."""
    return "localhost" if host.replace(".", "").isdigit() or ":" in host else host
