"""The lock screen: who is using this tablet, by PIN or badge; and how a tablet becomes one of ours."""

from datetime import timedelta

from flask import Blueprint, current_app, make_response, redirect, request
from flask import session as cookie
from flask_login import login_user
from sqlmodel import Session

from app import db
from app.clock import now
from app.people import associate as associates
from app.people import device as devices
from app.people import sign_in as sign_ins
from app.people.associate import Associate
from app.people.device import Device, EnrolmentOver
from app.people.sign_in import TooManyTries, WrongPin
from app.people.store import Region, Store
from app.refusals import Refusal
from app.web.addresses import asked_for, came_from, lock_for
from app.web.fragments import plain_page
from app.web.viewer import DEVICE_COOKIE, cookie_name, known_device, load

sign_in = Blueprint("sign_in", __name__)

DEVICE_COOKIE_LASTS = timedelta(days=400)


class NoDevice(Refusal):
    """A person signs in on a device we know, never on any other."""

    status = 403


@sign_in.get("/sign-in")
def show():
    with db.reading() as session:
        device = known_device(session)
        return _lock(session, device) if device else _unenrolled()


@sign_in.post("/sign-in")
def by_pin():
    associate_id, pin = request.form.get("associate", 0, type=int), request.form.get("pin", "")
    with db.transaction() as session:
        device = _device(session)
        try:
            token = sign_ins.by_pin(session, device, associate_id, pin, at=now()) if 0 < associate_id < 2**31 else None
        except Refusal as refusal:
            return _lock(session, device, refusal=refusal, chosen=associate_id)
        if token is None:
            wrong = WrongPin("That PIN isn't right. Try again, or scan your badge.")
            return _lock(session, device, refusal=wrong, chosen=associate_id)
    return _enter(token)


@sign_in.post("/sign-in/badge")
def by_badge():
    with db.transaction() as session:
        device = _device(session)
        try:
            token = sign_ins.by_badge(session, device, request.form.get("code", "").strip(), at=now())
        except Refusal as refusal:
            return _lock(session, device, refusal=refusal)
    return _enter(token)


def switch_by_badge(code: str):
    """A badge scanned on any screen: its person takes over right there. Refused, whoever was signed in still is."""
    with db.transaction() as session:
        token = sign_ins.by_badge(session, _device(session), code, at=now())
    return _enter(token, back=came_from())


@sign_in.post("/lock")
def lock():
    """Whoever was signed in on this device no longer is, on the server first; whoever comes next goes on there."""
    with db.transaction() as session:
        device = known_device(session)
        if device is not None:
            sign_ins.end(session, device, at=now())
    cookie.clear()
    return redirect(lock_for(came_from()), code=303)


@sign_in.get("/enrol/<token>")
def enrolment(token: str):
    """Only shows a button: previews and scanners fetch links, and this one works once."""
    with db.reading() as session:
        device = devices.invited(session, token)
        if device is None:
            raise EnrolmentOver("This enrolment link was used already or is too old. Ask for a new one.")
        return plain_page("sign_in/enrolment.html", device=device, place=place_of(session, device))


@sign_in.post("/enrol/<token>")
def enrol(token: str):
    with db.transaction() as session:
        device = devices.invited(session, token)
        if device is None:
            raise EnrolmentOver("This enrolment link was used already or is too old. Ask for a new one.")
        secret = device.enrol(at=now())
    return remember_device(secret)


def remember_device(secret: str):
    """The tablet keeps its secret; whoever was signed in with it before is not any more."""
    cookie.clear()
    reply = redirect("/sign-in", code=303)
    settings = current_app.config["SETTINGS"]
    reply.set_cookie(cookie_name(DEVICE_COOKIE, settings), secret, max_age=DEVICE_COOKIE_LASTS, httponly=True,
                     secure=settings.is_https, samesite="Lax")  # fmt: skip
    return reply


def place_of(session: Session, device: Device) -> str:
    if device.store_id is not None:
        return session.get_one(Store, device.store_id).title
    return session.get_one(Region, device.region_id).name


def _device(session: Session) -> Device:
    device = known_device(session)
    if device is None:
        raise NoDevice("This tablet isn't known here. Ask your store lead for an enrolment link.")
    return device


def _enter(token: str, back: str = ""):
    """A new session in the browser too: nothing of the person before stays in the cookie."""
    cookie.clear()
    found = load(token)
    if found is None:
        return redirect("/sign-in", code=303)
    login_user(found)
    return redirect(asked_for(back or request.form.get("next", ""), found), code=303)


def _lock(session: Session, device: Device, *, refusal: Refusal | None = None, chosen: int = 0):
    people = _people(session, device)
    drawn = plain_page(
        "sign_in/lock.html",
        place=place_of(session, device),
        device=device,
        people=people,
        chosen=chosen or (people[0].id if people else 0),
        pin_digits=associates.PIN_DIGITS,
        words=refusal.words if refusal else "",
        back=request.values.get("next", ""),
    )
    reply = make_response(drawn, refusal.status if refusal else 200)
    if reply.status_code == TooManyTries.status:
        reply.headers["Retry-After"] = str(int(sign_ins.WINDOW.total_seconds()))
    return reply


def _people(session: Session, device: Device) -> list[Associate]:
    if device.store_id is not None:
        return associates.working_in(session, session.get_one(Store, device.store_id))
    assert device.region_id is not None  # noqa: S101 - a device is bound to a store or a region, says its table
    return associates.working_for(session, device.region_id)


def _unenrolled():
    return make_response(plain_page("sign_in/unenrolled.html", is_demo=current_app.config["IS_DEMO"]), 403)
