"""The customer's own page, behind a link nobody can guess: how far the order is, the code to collect it, "I'm here"."""

from collections.abc import Callable

from flask import Blueprint, current_app, make_response, redirect, request
from markupsafe import Markup
from sqlmodel import Session

from app import db
from app.clock import now
from app.oms.order import Order
from app.pickup import handover, pickup_link, task
from app.pickup.pickup_link import PickupLink
from app.refusals import NotFound, Refusal, Unreadable
from app.web import customer_parcels, customer_pickup
from app.web.customer_parcels import Delivery
from app.web.customer_pickup import Pickup
from app.web.fragments import fragment, plain_page

customer = Blueprint("customer", __name__)


class NoBay(Refusal):
    """Somebody would have to look for the car."""

    status = 422


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
    pickup = customer_pickup.pickup_of(session, link, token, key=_keys()[0], at=at)
    return pickup, lambda: fragment("customer/_order.html", pickup=pickup, steps=customer_pickup.STEPS)


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
