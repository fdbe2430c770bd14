"""What whoever runs it is told: alive, ready or why not, and figures that name nobody."""

from datetime import datetime

from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.events import outbox
from app.webhooks import receiver
from tests.web.conftest import Chain


def test_it_is_alive_and_ready_and_says_how_late_it_is(browser: FlaskClient):
    assert browser.get("/healthz").json == {"status": "alive"}
    assert browser.get("/readyz").json == {"status": "ready", "escalation_late_s": 0, "outbox_late_s": 0}


def test_it_is_not_ready_on_a_schema_it_does_not_know(browser: FlaskClient):
    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")

    reply = browser.get("/readyz")

    assert reply.status_code == 503
    assert b"migrate" in reply.data


def test_figures_count_by_route_and_never_by_address(browser: FlaskClient):
    browser.get("/enrol/a-secret-token")

    figures = browser.get("/metrics").get_data(as_text=True)

    assert 'endpoint="sign_in.enrolment"' in figures
    assert "a-secret-token" not in figures
    assert "readyshelf_orders 0.0" in figures


def test_a_database_that_is_gone_is_an_apology_with_a_time_to_come_back(app: Flask, chain: Chain):
    with db.transaction() as session:
        session.connection().exec_driver_sql("ALTER TABLE device RENAME TO gone")
    browser = app.test_client()
    browser.set_cookie("device", "x")

    page, fragment = browser.get("/sign-in"), browser.get("/sign-in", headers={"HX-Request": "true"})

    assert (page.status_code, fragment.status_code) == (503, 503)
    assert page.headers["Retry-After"]
    assert b"Traceback" not in page.data
    assert fragment.data.startswith(b'<hx-partial hx-target="#refusal"')


def test_an_address_that_is_not_there_is_a_sentence(browser: FlaskClient):
    reply = browser.get("/nowhere")

    assert reply.status_code == 404
    assert b"There is no such page" in reply.data


def test_each_receiver_is_a_figure_of_its_own(browser: FlaskClient, nine: datetime):
    with db.transaction() as session:
        known = receiver.name(session, "payment", "https://pay.example/told", is_demo=False, at=nine)
        known.stayed_away(at=nine, error="It answered 503.", asked_for=None, jitter=0)
        outbox.post(session, topic="payment", dedupe="refund/1", payload={}, at=nine, due_at=nine)

    figures = browser.get("/metrics").get_data(as_text=True)

    assert 'readyshelf_receiver_failures{receiver="payment"} 1.0' in figures
    assert 'readyshelf_receiver_late_seconds{receiver="payment"}' in figures
