"""The letter of a notice: composed from the order as it is now, just before it leaves."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader
from sqlmodel import Session

from app import drawing
from app.config import Settings
from app.notices.notice import Notice, Stage
from app.oms.order import Order
from app.people.store import Store
from app.pickup import pickup_link
from app.pickup import task as tasks

PLAIN = drawing.install(Environment(loader=FileSystemLoader(drawing.TEMPLATES), autoescape=False))  # noqa: S701 - plain text
SUBJECTS = {
    Stage.RECEIVED: "We have your order {number}",
    Stage.DELAYED: "Your order {number} takes longer",
    Stage.READY: "Your order {number} is ready",
    Stage.COLLECTED: "You have collected order {number}",
    Stage.CANCELLED: "Your order {number} was cancelled",
}


def compose(session: Session, notice: Notice, settings: Settings, *, at: datetime) -> EmailMessage:
    """The same notice always carries the same Message-ID, so that a mail sent twice after a crash is seen as one."""
    order, store = session.get_one(Order, notice.order_id), session.get_one(Store, notice.store_id)
    said = _said(session, order, store, settings)
    host = urlsplit(settings.public_url).hostname or "localhost"
    message = EmailMessage()
    message["Subject"] = _subject(notice.stage, order)
    message["From"] = f'"{_plain(store.name)}" <orders@{_domain(host)}>'
    message["To"] = order.customer.email or ""
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{notice.dedupe.replace('/', '-').replace(':', '.')}@{_domain(host)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(PLAIN.get_template(f"notices/{notice.stage}.txt").render(said))
    message.add_alternative(drawing.draw(f"notices/{notice.stage}.html", **said), subtype="html")
    return message


def _said(session: Session, order: Order, store: Store, settings: Settings) -> dict[str, object]:
    task = tasks.of_order(session, order.id)
    link = pickup_link.link_for(session, order.id)
    return {
        "number": order.number,
        "first_name": order.customer.first_name,
        "store": store,
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
