"""The demo's back stage: which tablet this browser plays, who can sign in, and what customers were sent."""

import json
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, request
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.notices import mailbox
from app.people import device as devices
from app.people.store import Region, Store
from app.refusals import NotFound
from app.web.fragments import plain_page
from app.web.sign_in import remember_device

demo = Blueprint("demo", __name__)

PEOPLE_FILE = "demo-people.json"
MAIL_FOLDER = "demo-mail"
LARGEST_ID = 2**31 - 1


@demo.get("/demo")
def show():
    with db.reading() as session:
        stores = list(session.exec(select(Store).order_by(col(Store.code))))
        regions = list(session.exec(select(Region).order_by(col(Region.name))))
    return plain_page("demo/demo.html", stores=stores, regions=regions, people=people(_var()))


@demo.post("/demo/devices")
def enrol():
    """Invited and enrolled in one go: nobody carries links around in a demo."""
    with db.transaction() as session:
        name, bound_to = _place(session)
        token = devices.invite(session, name=name, at=now(), **bound_to)
        session.flush()
        device = devices.invited(session, token)
        if device is None:
            raise NotFound
        secret = device.enrol(at=now())
    return remember_device(secret)


@demo.get("/demo/mail")
def mails():
    return plain_page("demo/mails.html", mails=mailbox.mails(_var() / MAIL_FOLDER))


@demo.get("/demo/mail/<name>")
def mail(name: str):
    found = [each for each in mailbox.mails(_var() / MAIL_FOLDER) if each.name == name]
    if not found:
        raise NotFound("There is no such letter.")
    return plain_page("demo/mail.html", mail=found[0], parts=_with_links(found[0]))


def people(var: Path) -> list[dict[str, Any]]:
    """Who can sign in, as the seed wrote it down; only the demo knows anybody's PIN."""
    written = var / PEOPLE_FILE
    return list(json.loads(written.read_text())) if written.exists() else []


def _var() -> Path:
    return Path(current_app.config["SETTINGS"].var)


def _place(session: Session) -> tuple[str, dict[str, int]]:
    store_id, region_id = (request.form.get(name, 0, type=int) for name in ("store_id", "region_id"))
    if 0 < store_id <= LARGEST_ID and session.get(Store, store_id) is not None:
        return "Tablet in the demo", {"store_id": store_id}
    if 0 < region_id <= LARGEST_ID and session.get(Region, region_id) is not None:
        return "Desk in the demo", {"region_id": region_id}
    raise NotFound("There is no such store or region in this demo.")


def _with_links(letter: mailbox.Mail) -> list[tuple[str, bool]]:
    """The letter's text in order, each piece with whether it is a link; links lead to this demo."""
    pieces, at = [], 0
    for found in mailbox.LINK.finditer(letter.text):
        pieces += [(letter.text[at : found.start()], False), (found.group(), True)]
        at = found.end()
    return [*pieces, (letter.text[at:], False)]
