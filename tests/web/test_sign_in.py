"""Who gets in on which device, and what a stranger, another site or the next person does not get."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock, db
from app.people import device as devices
from app.web import viewer
from tests.web.conftest import PIN, SAME_ORIGIN, WRONG, Chain, enrolled, enter


def signed_in(client: FlaskClient) -> bool:
    """A page for staff only answers with itself or sends a stranger to the lock."""
    with client.session_transaction() as cookie:
        return "_user_id" in cookie


def test_a_browser_nobody_enrolled_is_told_how_to_become_a_tablet(browser: FlaskClient):
    reply = browser.get("/sign-in")

    assert reply.status_code == 403
    assert b'href="/demo"' in reply.data


def test_the_lock_shows_the_stores_people_and_nobody_elses(tablet: FlaskClient):
    shown = tablet.get("/sign-in").get_data(as_text=True)

    assert "Maya R." in shown
    assert "Sana K." in shown
    assert "Otto" not in shown
    assert "Riverside 118" in shown


def test_a_pin_signs_in_and_goes_back_to_the_same_screen(tablet: FlaskClient, chain: Chain):
    reply = enter(tablet, chain.people["Maya"], next="/pick-walk?task=4")

    assert (reply.status_code, reply.location) == (303, "/pick-walk?task=4")
    assert signed_in(tablet)


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"])
def test_nobody_is_sent_to_another_site(tablet: FlaskClient, chain: Chain, elsewhere: str):
    assert enter(tablet, chain.people["Maya"], next=elsewhere).location == "/"


def test_a_wrong_pin_says_so_and_after_five_only_the_badge_opens(tablet: FlaskClient, chain: Chain):
    answers = [enter(tablet, chain.people["Maya"], WRONG).status_code for _ in range(6)]
    with_right_pin = enter(tablet, chain.people["Maya"])
    badge = tablet.post("/sign-in/badge", data={"code": "BADGE-Maya"}, headers=SAME_ORIGIN)

    assert answers == [401] * 5 + [429]
    assert with_right_pin.status_code == 429
    assert (badge.status_code, badge.location) == (303, "/")


def test_a_person_of_another_store_gets_in_neither_by_pin_nor_by_badge(tablet: FlaskClient, chain: Chain):
    by_pin = enter(tablet, chain.people["Otto"])
    by_badge = tablet.post("/sign-in/badge", data={"code": "BADGE-Otto"}, headers=SAME_ORIGIN)

    assert (by_pin.status_code, by_badge.status_code) == (401, 403)
    assert not signed_in(tablet)


def test_locking_ends_the_session_on_the_server_so_a_copied_cookie_is_worthless(app: Flask, maya: FlaskClient):
    session_cookie, device_cookie = maya.get_cookie("session"), maya.get_cookie("device")
    assert session_cookie
    assert device_cookie

    maya.post("/lock", headers=SAME_ORIGIN)

    with app.test_request_context(headers={"Cookie": f"device={device_cookie.value}"}):
        assert viewer.load(_token(app, session_cookie.value)) is None


def _token(app: Flask, value: str) -> str:
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return str(serializer.loads(value)["_user_id"])


def test_an_enrolment_link_is_looked_at_safely_and_works_once(app: Flask, browser: FlaskClient, chain: Chain):
    with db.transaction() as session:
        token = devices.invite(session, name="Tablet 9", at=clock.now(), store_id=chain.stores["118"])
    looked = [browser.get(f"/enrol/{token}").status_code for _ in "ab"]

    first = browser.post(f"/enrol/{token}", headers=SAME_ORIGIN)
    second = app.test_client().post(f"/enrol/{token}", headers=SAME_ORIGIN)

    assert looked == [200, 200]
    assert (first.status_code, second.status_code) == (303, 409)
    assert "HttpOnly" in first.headers["Set-Cookie"] or "HttpOnly" in str(first.headers.getlist("Set-Cookie"))


def test_a_region_desk_shows_its_manager(app: Flask, chain: Chain):
    desk = enrolled(app, region_id=chain.region_id)

    shown = desk.get("/sign-in").get_data(as_text=True)

    assert "Rita V." in shown
    assert "Maya" not in shown


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {}],
)
def test_a_post_from_another_site_or_from_nowhere_does_nothing(
    tablet: FlaskClient, chain: Chain, headers: dict[str, str]
):
    reply = tablet.post("/sign-in", data={"associate": chain.people["Maya"], "pin": PIN}, headers=headers)

    assert reply.status_code == 403
    assert not signed_in(tablet)


def test_a_browser_that_says_nothing_of_its_origin_shows_our_token(tablet: FlaskClient, chain: Chain):
    page = tablet.get("/sign-in").get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    said = {"associate": chain.people["Maya"], "pin": PIN, "csrf_token": found[1]}

    assert tablet.post("/sign-in", data=said).status_code == 303


def test_every_answer_says_the_strict_policy_and_is_not_kept(tablet: FlaskClient):
    headers = tablet.get("/sign-in").headers

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Server-Now"].isdigit()


def test_the_demo_makes_a_browser_a_tablet_with_one_tap(browser: FlaskClient, chain: Chain):
    listed = browser.get("/demo").get_data(as_text=True)
    reply = browser.post("/demo/devices", data={"store_id": chain.stores["204"]}, headers=SAME_ORIGIN)

    assert "Hilltop 204" in listed
    assert reply.location == "/sign-in"
    assert "Otto B." in browser.get("/sign-in").get_data(as_text=True)


def test_the_demo_knows_no_store_that_is_not_there(browser: FlaskClient):
    reply = browser.post("/demo/devices", data={"store_id": 99999}, headers=SAME_ORIGIN)

    assert reply.status_code == 404
    assert b"There is no such store" in reply.data
