"""What stands in front of every request and is said on every answer."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from app import config, create_app, db
from app.people import device as devices
from tests.web.conftest import PIN, SAME_ORIGIN, Chain

EVERYWHERE = ["/sign-in", "/", "/board", "/nowhere", "/static/css/app.css", "/static/nothing.css", "/p/1-guess",
              "/enrol/guess", "/api/orders/1", "/openapi.json", "/healthz", "/readyz", "/metrics", "/demo"]  # fmt: skip
PUBLIC_URL = "https://pickup.example"


@pytest.fixture
def https(settings: config.Settings, app: Flask) -> Flask:
    """The same shop behind a proxy that ends TLS, and that tells of it as proxies do or not at all."""
    return create_app(replace(settings, public_url=PUBLIC_URL, environment="production"))


@pytest.fixture
def outside(https: Flask, chain: Chain) -> FlaskClient:
    return https.test_client()


def test_every_answer_carries_the_headers(maya: FlaskClient):
    for address in EVERYWHERE:
        carries_the_headers(address, maya.get(address).headers)


def carries_the_headers(address: str, headers: Headers) -> None:
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert headers["Cache-Control"] == ("no-cache" if "css/app" in address else "no-store")
    assert "Server" not in headers or "Python" not in headers["Server"]


def test_an_address_that_opens_something_is_told_to_nobody(browser: FlaskClient):
    for address in ("/p/1-guess", "/p/1-guess/now", "/enrol/guess"):
        assert browser.get(address).headers["Referrer-Policy"] == "no-referrer"


def test_an_asset_that_did_not_change_may_still_be_kept(browser: FlaskClient):
    first = browser.get("/static/css/app.css?v=1")

    again = browser.get("/static/css/app.css?v=1", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert "immutable" in first.headers["Cache-Control"]


def test_behind_a_proxy_pages_are_served_and_not_sent_round_in_circles(outside: FlaskClient):
    reply = outside.get("/sign-in", headers={"Host": "pickup.example"})

    assert reply.status_code == 403  # not enrolled: a page of ours
    assert reply.headers["Strict-Transport-Security"].startswith("max-age=31")
    assert "wss://pickup.example" in reply.headers["Content-Security-Policy"]


def test_over_https_cookies_are_ours_alone(outside: FlaskClient, chain: Chain):
    with db.transaction() as session:
        token = devices.invite(session, name="Tablet 9", at=chain.at, store_id=chain.stores["118"])
    here = {"base_url": PUBLIC_URL, "headers": SAME_ORIGIN}
    person = {"associate": chain.people["Maya"], "pin": PIN}

    enrolled = outside.post(f"/enrol/{token}", **here)
    signed_in = outside.post("/sign-in", data=person, **here)

    set_here = [*enrolled.headers.getlist("Set-Cookie"), *signed_in.headers.getlist("Set-Cookie")]
    kept = [cookie for cookie in set_here if "1970" not in cookie]
    assert {cookie.partition("=")[0] for cookie in kept} == {"__Host-device", "__Host-session"}
    for cookie in kept:
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
    assert outside.get("/", base_url=PUBLIC_URL).status_code == 200


def test_under_another_name_nothing_is_served(outside: FlaskClient):
    for host in ("evil.example", "10.0.0.7", "pickup.example.evil.example", "pickup.example@evil.example"):
        for address in ("/sign-in", "/p/1-guess", "/static/css/app.css"):
            asked = {"Host": host, "X-Forwarded-Host": "pickup.example"}
            assert outside.get(address, headers=asked).status_code in {400, 421}


def test_a_probe_comes_by_number(outside: FlaskClient):
    assert outside.get("/healthz", headers={"Host": "10.0.0.7:8001"}).status_code == 200


OF_PROXIES = [
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"},
    {"X-Original-URL": "/board", "X-Rewrite-URL": "/board"},
    {"X-HTTP-Method-Override": "GET"},
    {"Forwarded": "host=evil.example"},
]


def test_headers_of_proxies_open_nothing(tablet: FlaskClient):
    for headers in OF_PROXIES:
        assert tablet.get("/", headers=headers).location == "/sign-in"
        assert tablet.post("/lock", headers=headers | {"Sec-Fetch-Site": "cross-site"}).status_code == 403
