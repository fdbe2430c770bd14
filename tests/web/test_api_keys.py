"""A key opens what it was given out for, for as long as it stands."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import func, select

from app import db
from app.oms.order import Order
from app.people import api_client
from tests.web.conftest import Chain
from tests.web.test_api import System, is_problem, order


def new_system(app: Flask, chain: Chain, *channels: str) -> System:
    with db.transaction() as session:
        key = api_client.issue_key(session, name="partner", at=chain.at, channels=channels)
    return System(app.test_client(), key)


def test_a_key_for_one_channel_takes_no_orders_of_another(app: Flask, chain: Chain):
    partner = new_system(app, chain, "web", "kiosk")

    refused = partner.post("/api/orders", order(channel="marketplace"), key="k1")
    taken = [partner.post("/api/orders", order(channel=own), key=own).status_code for own in ("web", "kiosk")]

    assert is_problem(refused, 403)
    assert refused.json["type"] == "/problems/foreign-channel"
    assert taken == [201, 201]
    with db.reading() as session:
        assert session.exec(select(func.count()).select_from(Order)).one() == 2


def test_an_order_of_another_channel_is_not_there(app: Flask, chain: Chain):
    anybody, partner = new_system(app, chain), new_system(app, chain, "marketplace")
    own = anybody.post("/api/orders", order()).json["id"]

    looked = partner.get(f"/api/orders/{own}")
    paid = partner.post(f"/api/orders/{own}/payment", {"state": "captured"}, key="k2")
    cancelled = partner.post(f"/api/orders/{own}/cancellation", {"reason": "ours now"}, key="k3")
    missing = partner.get("/api/orders/99999")

    assert looked.json == missing.json
    assert all(is_problem(reply, 404) for reply in (looked, paid, cancelled, missing))
    assert anybody.get(f"/api/orders/{own}").json["status"] == "accepted"


def test_a_revoked_key_opens_nothing(app: Flask, chain: Chain):
    partner = new_system(app, chain)
    placed = partner.post("/api/orders", order()).json["id"]

    with db.transaction() as session:
        ended = api_client.revoke_keys(session, name="partner", at=chain.at)

    assert ended == 1
    for reply in (partner.get(f"/api/orders/{placed}"), partner.post("/api/orders", order(), key="k1")):
        assert is_problem(reply, 401)
        assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer ", "Bearer nobodys", "Basic {}", "{}", "Bearer {}x", "Bearer  {} {}", "bearer\t{}"]
)
def test_what_is_not_exactly_a_key_opens_nothing(browser: FlaskClient, chain: Chain, said: str):
    reply = browser.get("/api/orders/1", headers={"Authorization": said.format(chain.key, chain.key)})

    assert is_problem(reply, 401)


def test_a_signed_in_tablet_is_no_system(maya: FlaskClient):
    assert is_problem(maya.get("/api/orders/1"), 401)


def test_nobody_sets_what_the_api_does_not_name(app: Flask, chain: Chain):
    partner = new_system(app, chain)
    for more in ({"id": 7}, {"status": "collected"}, {"store_id": 2}, {"customer_id": 1}, {"cancelled_at": None}):
        assert is_problem(partner.post("/api/orders", order(**more), key=str(more)), 422)
