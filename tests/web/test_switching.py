"""One tablet, one person after the other: each comes back to the screen, and nothing of the one before is left."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, select

from app import db
from app.clock import now
from app.oms import inventory, placing
from app.oms.inventory import Cause, Change, Reason
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest
from app.people.associate import Associate
from app.people.device import Device
from app.people.store import Store
from app.pickup.task import PickupTask
from tests.web.conftest import PIN, SAME_ORIGIN, WRONG, Chain, enrolled, enter

HTMX = SAME_ORIGIN | {"HX-Request": "true"}


def task_in(chain: Chain, store: str) -> int:
    """An order that waits there; the id of its task."""
    lines = (LineRequest(sku="22423", quantity=1, unit_price_minor=100),)
    request = OrderRequest(
        channel="web", external_id=f"W-{store}", store_code=store, placed_at=chain.at, promised_at=chain.at,
        customer_name="Priya Nair", email=None, phone=None, language="en", payment_state=PaymentState.CAPTURED,
        amount_minor=100, currency="GBP", lines=lines,
    )  # fmt: skip
    with db.transaction() as session:
        one = Change(item_id=chain.items["22423"], node_id=chain.stores[store], on_hand=1)
        found = Cause(reason=Reason.RECEIPT, document=f"receipt/{store}", actor="test", occurred_at=chain.at,
                      recorded_at=chain.at)  # fmt: skip
        inventory.record(session, [one], found)
        order = placing.place(session, request, actor="api/web", at=chain.at)
        session.flush()
        return session.exec(select(PickupTask.id).where(PickupTask.order_id == order.id)).one()


def lock(client: FlaskClient, on: str) -> str:
    """Locked while this page is shown; where the lock stands."""
    reply = client.post("/lock", headers=SAME_ORIGIN | {"Referer": f"http://localhost{on}"})
    assert reply.status_code == 303
    return str(reply.location)


def go_on(client: FlaskClient, chain: Chain, who: str, at: str) -> str:
    """As the lock's own form does it: the page is drawn, its hidden field is sent back."""
    page = client.get(at)
    assert page.status_code == 200
    asked = page.get_data(as_text=True).partition('name="next" value="')[2].partition('"')[0]
    return str(enter(client, chain.people[who], next=asked.replace("&amp;", "&")).location)


def test_the_next_person_comes_back_to_the_same_screen(maya: FlaskClient, chain: Chain):
    task_id = task_in(chain, "118")
    for screen in (f"/pickup-tasks/{task_id}", "/pick-walk?task=1&skip=2", "/exceptions", "/"):
        assert go_on(maya, chain, "Sana", lock(maya, screen)) == screen


def test_after_a_wrong_pin_too(maya: FlaskClient, chain: Chain):
    there = lock(maya, "/exceptions")

    wrong = enter(maya, chain.people["Sana"], WRONG, next="/exceptions")

    assert there == "/sign-in?next=%2Fexceptions"
    assert 'name="next" value="/exceptions"' in wrong.get_data(as_text=True)


def test_nobody_is_led_to_what_is_no_screen_or_not_for_them(maya: FlaskClient, chain: Chain):
    foreign = task_in(chain, "204")
    for elsewhere in (f"/pickup-tasks/{foreign}", "/pickup-tasks/99999", "/region", "/board?since=1", "/lock", "/p/1-x",
                      "/static/js/app.js", "/demo", "/enrol/x", "/sign-in", "//evil.example", "/\\evil.example",
                      "https://evil.example/", "/exceptions\r\nSet-Cookie: x", "/%2F/evil.example", "x",
                      "/exceptions?" + "x" * 600):  # fmt: skip
        assert enter(maya, chain.people["Sana"], next=elsewhere).location == "/", elsewhere


def test_a_desk_comes_back_to_the_desk(app: Flask, chain: Chain):
    desk = enrolled(app, region_id=chain.region_id)
    enter(desk, chain.people["Rita"])

    assert go_on(desk, chain, "Rita", lock(desk, "/region?period=7")) == "/region?period=7"
    assert enter(desk, chain.people["Rita"], next="/exceptions").location == "/"


def test_a_piece_of_page_asked_for_by_a_stranger_leads_back_to_its_page(tablet: FlaskClient):
    piece = tablet.get("/board?since=3", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/pick-walk"})
    page = tablet.get("/pick-walk?task=3")

    assert piece.location == "/sign-in?next=%2Fpick-walk"
    assert page.location == "/sign-in?next=%2Fpick-walk%3Ftask%3D3"


@pytest.mark.parametrize("headers", [SAME_ORIGIN, HTMX])
def test_one_scan_of_a_badge_switches_the_person_on_the_same_screen(
    maya: FlaskClient, chain: Chain, headers: dict[str, str]
):
    there = {"Referer": "http://localhost/exceptions", "HX-Current-URL": "http://localhost/exceptions"}

    reply = maya.post("/scans", data={"code": "BADGE-Sana"}, headers=headers | there)

    assert (reply.status_code, reply.location) == (303, "/exceptions")
    assert "Sana K." in maya.get("/exceptions").get_data(as_text=True)


@pytest.mark.parametrize(("badge", "status"), [("BADGE-Otto", 403), ("BADGE-nobody", 401), ("BADGE-sana", 401)])
def test_a_badge_that_opens_nothing_here_leaves_the_person_signed_in(maya: FlaskClient, badge: str, status: int):
    reply = maya.post("/scans", data={"code": badge}, headers=HTMX)

    assert reply.status_code == status
    assert 'hx-target="#refusal"' in reply.get_data(as_text=True)
    assert "Maya R." in maya.get("/").get_data(as_text=True)


def test_each_sign_in_begins_a_session_of_its_own(app: Flask, maya: FlaskClient, chain: Chain):
    """A cookie that somebody planted or copied is worth nothing after the next sign-in, or after the lock."""
    planted = maya.get_cookie("session")
    device = maya.get_cookie("device")
    assert planted
    assert device

    enter(maya, chain.people["Sana"])
    first, second = planted.value, maya.get_cookie("session")
    assert second
    lock(maya, "/")

    for copied in (first, second.value):
        thief = app.test_client()
        thief.set_cookie("device", device.value)
        thief.set_cookie("session", copied)
        assert thief.get("/").location == "/sign-in"
    assert first != second.value


def test_a_session_is_worth_nothing_on_another_tablet(app: Flask, maya: FlaskClient, chain: Chain):
    copied = maya.get_cookie("session")
    assert copied
    other = enrolled(app, store_id=chain.stores["118"])
    other.set_cookie("session", copied.value)

    assert other.get("/").location == "/sign-in"
    assert maya.get("/").status_code == 200


def leaves(session: Session, chain: Chain) -> None:
    session.get_one(Associate, chain.people["Maya"]).left_at = now()


def has_the_tablet_revoked(session: Session, chain: Chain) -> None:
    for device in session.exec(select(Device)):
        device.revoke(at=now())


def has_the_tablet_moved(session: Session, chain: Chain) -> None:
    for device in session.exec(select(Device)):
        device.store_id = chain.stores["204"]


@pytest.mark.parametrize("change", [leaves, has_the_tablet_revoked, has_the_tablet_moved])
def test_the_next_request_is_refused_when_somebody(maya: FlaskClient, chain: Chain, change):
    with db.transaction() as session:
        change(session, chain)

    assert maya.get("/").location == "/sign-in"
    assert maya.post("/pickup-tasks/acknowledgements", headers=HTMX).location == "/sign-in"


def test_a_store_says_when_its_tablets_lock(maya: FlaskClient, chain: Chain):
    with db.transaction() as session:
        store = session.get_one(Store, chain.stores["118"])
        store.warn_after_s, store.lock_after_s = 20, 30

    assert 'data-lock-after="30" data-warn-after="20"' in maya.get("/").get_data(as_text=True)


def test_too_many_tries_say_so_with_the_right_pin_too(tablet: FlaskClient, chain: Chain):
    for _ in range(5):
        enter(tablet, chain.people["Maya"], WRONG)

    refused = enter(tablet, chain.people["Maya"], PIN)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "300")
    assert enter(tablet, chain.people["Sana"], PIN).status_code == 303
