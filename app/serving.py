"""One process, one port: pages and sockets, with the jobs beside them; or the sockets alone.

A connection that starts with `GET /live` is looked at, not read, and handed to the hub as it is: nothing is proxied.
"""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature
from sqlmodel import Session
from waitress.channel import HTTPChannel
from waitress.server import create_server
from werkzeug.http import parse_cookie

from app.clock import now
from app.config import Settings
from app.events.log import Event
from app.live.drawings import draw
from app.live.hub import PATH, Hub, LoadCookie
from app.live.tail import Tail

LIVE = (f"GET {PATH} ".encode(), f"GET {PATH}?".encode())
LIMITS = {"threads": 4, "connection_limit": 1000, "channel_timeout": 60, "clear_untrusted_proxy_headers": True}
Ready = Callable[[int], None]
"""Called with the port once connections are accepted."""


class PeekingChannel(HTTPChannel):  # type: ignore[misc] # waitress carries no types
    """A web connection, until its first bytes say that it wants to be a socket."""

    hub: Hub
    is_new = True

    def handle_read(self) -> None:
        if self.is_new and self._asks_for_socket():
            accepted = self.socket
            self.del_channel()
            self.connected = False
            self.hub.adopt(socket.socket(fileno=accepted.detach()))
            return
        self.is_new = False
        super().handle_read()

    def _asks_for_socket(self) -> bool:
        try:
            return bool(self.socket.recv(len(LIVE[0]), socket.MSG_PEEK) in LIVE)
        except OSError:
            return False


def serve(app: Flask, settings: Settings, *, host: str, port: int, with_jobs: bool, ready: Ready | None = None) -> None:
    """Serve pages and sockets on one port until SIGTERM or Ctrl-C; then stop cleanly."""
    with live(cookie_reader(app)) as hub, _jobs(settings, with_jobs=with_jobs), _terminable():
        web = web_server(app, hub, host=host, port=port)
        try:
            if ready:
                ready(int(web.effective_port))
            web.run()
        except SystemExit:
            web.task_dispatcher.shutdown()
        finally:
            web.close()


def web_server(app: Flask, hub: Hub, *, host: str, port: int) -> Any:
    """The pages' server, which hands over to the hub whoever asks for a socket."""
    web = create_server(app, host=host, port=port, **LIMITS)
    web.channel_class = type("Channel", (PeekingChannel,), {"hub": hub})
    return web


def serve_live(settings: Settings, *, host: str, port: int, ready: Ready | None = None) -> None:
    """Serve sockets alone, behind a proxy that sends `/live` here, until SIGTERM or Ctrl-C."""
    from app import create_app

    load_cookie = cookie_reader(create_app(settings))
    with contextlib.suppress(SystemExit, KeyboardInterrupt), live(load_cookie, host, port) as hub, _terminable():
        if ready:
            ready(hub.port)
        threading.Event().wait()


def cookie_reader(app: Flask) -> LoadCookie:
    """Reads the same signed cookie as the pages do, old keys included."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    longest = int(app.permanent_session_lifetime.total_seconds())

    def load(header: str) -> dict[str, Any]:
        value = parse_cookie(header).get(app.config["SESSION_COOKIE_NAME"])
        if serializer is None or not value:
            return {}
        try:
            return dict(serializer.loads(value, max_age=longest))
        except BadSignature:
            return {}

    return load


@contextlib.contextmanager
def live(load_cookie: LoadCookie, host: str | None = None, port: int = 0) -> Iterator[Hub]:
    hub = Hub(load_cookie, host=host, port=port)
    hub.start()
    tail = Tail(lambda session, stream, events: push(hub, session, stream, events))
    tail.start()
    try:
        yield hub
    finally:
        tail.stop()
        hub.stop()


def push(hub: Hub, session: Session, stream: str, events: list[Event]) -> None:
    """Draw what happened, if anybody looks."""
    if hub.has_listeners(stream) and (html := draw(session, stream, events, now())):
        hub.broadcast(stream, html)


@contextlib.contextmanager
def _jobs(settings: Settings, *, with_jobs: bool) -> Iterator[None]:
    if not with_jobs:
        yield
        return
    from jobs import schedule

    scheduler = schedule.start(settings)
    try:
        yield
    finally:
        schedule.stop(scheduler)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM leaves through the same door as an exit; only the main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(_signal: int, _frame: object) -> None:
    raise SystemExit(0)
