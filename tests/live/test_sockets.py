import subprocess
import sys
from threading import Thread

import pytest
import sqlalchemy as sa
from sqlmodel import col
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from app import db
from app.clock import now
from app.live.hub import SIGNED_OUT, Hub
from app.live.tail import Tail
from app.people.sign_in import SignIn
from tests.live import shop as shops
from tests.live.shop import Shop, dial

SECONDS = 10

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_a_signed_in_screen_of_this_site_is_let_in(hub: Hub, shop: Shop):
    with dial(hub, shop.first, origin=f"http://127.0.0.1:{hub.port}") as screen:
        assert screen.ping().wait(SECONDS)


@on_sqlite
@pytest.mark.parametrize("token", [None, "a token nobody has"])
def test_without_an_open_session_nobody_listens(hub: Hub, token: str | None):
    with pytest.raises(InvalidStatus) as refused:
        dial(hub, token)

    assert refused.value.response.status_code == 401
    headers = refused.value.response.headers
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    assert "Server" not in headers, "what we run, and in which version, is for nobody outside"


@on_sqlite
def test_a_forged_cookie_is_no_session(hub: Hub, shop: Shop):
    forged = {"Cookie": shops.cookie(shop.first)[:-2] + "xx"}

    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{hub.port}/live", additional_headers=forged, proxy=None)

    assert refused.value.response.status_code == 401


@on_sqlite
@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1:1", "http://["])
def test_a_page_of_another_site_cannot_listen_with_our_cookie(hub: Hub, shop: Shop, origin: str):
    with pytest.raises(InvalidStatus) as refused:
        dial(hub, shop.first, origin=origin)

    assert refused.value.response.status_code == 403


@on_sqlite
def test_there_is_one_address(hub: Hub, shop: Shop):
    with pytest.raises(InvalidStatus) as refused:
        dial(hub, shop.first, path="/live/store/2")

    assert refused.value.response.status_code == 404


def test_what_another_thread_commits_reaches_the_screens_of_its_store_and_no_others(tail: Tail, hub: Hub, shop: Shop):
    with dial(hub, shop.first) as first, dial(hub, shop.second) as second, dial(hub, shop.region) as desk:
        for store_id in (1, 2):
            writer = Thread(target=shops.escalate, args=[store_id])
            writer.start()
            writer.join()

        assert first.recv(SECONDS) == "TaskEscalated store/1"
        assert second.recv(SECONDS) == "TaskEscalated store/2", "the first it hears is its own, not store 1's"
        assert {desk.recv(SECONDS), desk.recv(SECONDS)} == {"TaskEscalated store/1", "TaskEscalated store/2"}


def test_what_another_process_commits_reaches_the_screens(tail: Tail, hub: Hub, shop: Shop, database_url: str):
    program = "import sys; from app import db; from tests.live import shop; db.connect(sys.argv[1]); shop.escalate(1)"
    with dial(hub, shop.first) as screen:
        subprocess.run([sys.executable, "-c", program, database_url], check=True, timeout=60)

        assert screen.recv(SECONDS) == "TaskEscalated store/1"


@on_sqlite
def test_a_screen_whose_session_ended_is_closed_as_signed_out(hub: Hub, shop: Shop):
    with dial(hub, shop.first) as screen, dial(hub, shop.second) as other:
        with db.transaction() as session:
            session.execute(sa.update(SignIn).where(col(SignIn.id) == 1).values(ended_at=now()))

        hub.recheck()

        with pytest.raises(ConnectionClosed) as closed:
            screen.recv(SECONDS)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == SIGNED_OUT
        assert other.ping().wait(SECONDS)


@on_sqlite
def test_at_a_restart_screens_are_told_to_come_back(hub: Hub, shop: Shop):
    with dial(hub, shop.first) as screen:
        hub.stop()

        with pytest.raises(ConnectionClosed) as closed:
            screen.recv(SECONDS)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012


@on_sqlite
def test_one_event_that_cannot_be_drawn_does_not_stop_the_next(hub: Hub, shop: Shop):
    def draw(_session: object, stream: str, events: list) -> None:
        if stream == "store/2":
            raise ValueError("no such card")
        hub.broadcast(stream, events[0].kind)

    tail = Tail(draw)
    tail.start()
    with dial(hub, shop.first) as screen:
        shops.escalate(2)
        shops.escalate(1)

        assert screen.recv(SECONDS) == "TaskEscalated"
    tail.stop()
