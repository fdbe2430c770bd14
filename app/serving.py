"""One process, one port: pages and sockets, with the jobs beside them; or the sockets alone.

A connection that starts with `GET /live` is looked at, not read, and handed to the hub as it is: nothing is proxied.
"""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
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
from app.live.hub import PATH, Aside, Hub, LoadCookie
from app.live.tail import Tail
from app.oms import desk
from app.web import operations

LIVE = (f"GET {PATH} ".encode(), f"GET {PATH}?".encode())
LIMITS = {"threads": 4, "connection_limit": 1000, "channel_timeout": 60, "clear_untrusted_proxy_headers": True,
          "ident": None}  # fmt: skip
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
            desk.close()


def web_server(app: Flask, hub: Hub, *, host: str, port: int) -> Any:
    """The pages' server, which hands over to the hub whoever asks for a socket."""
    web = create_server(app, host=host, port=port, **LIMITS)
    web.channel_class = type("Channel", (PeekingChannel,), {"hub": hub})
    return web


def serve_live(settings: Settings, *, host: str, port: int, ready: Ready | None = None) -> None:
    """Serve sockets alone, behind a proxy that sends `/live` here, until SIGTERM or Ctrl-C."""
    from app import create_app

    app = create_app(settings)
    at_a_door = {"host": host, "port": port, "asides": _asides(settings)}
    leaving = contextlib.suppress(SystemExit, KeyboardInterrupt)
    with leaving, live(cookie_reader(app), **at_a_door) as hub, _terminable():
        if ready:
            ready(hub.port)
        threading.Event().wait()


def _asides(settings: Settings) -> dict[str, Aside]:
    """The addresses that operations have everywhere, also where there are no pages."""

    def ready() -> tuple[HTTPStatus, str]:
        lacking = operations.missing(settings)
        return (HTTPStatus.SERVICE_UNAVAILABLE, f"{lacking}\n") if lacking else (HTTPStatus.OK, "ready\n")

    return {
        "/healthz": lambda: (HTTPStatus.OK, "alive\n"),
        "/readyz": ready,
        "/metrics": lambda: (HTTPStatus.OK, operations.written().decode()),
    }


def cookie_reader(app: Flask) -> LoadCookie:
    """Reads the same signed cookie as the pages do, old keys included."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    longest = int(app.permanent_session_lifetime.total_seconds())

    def load(header: str) -> dict[str, Any]:
        try:
            value = parse_cookie(header).get(app.config["SESSION_COOKIE_NAME"])
            return dict(serializer.loads(value, max_age=longest)) if serializer and value else {}
        except (BadSignature, UnicodeError):
            return {}

    return load


@contextlib.contextmanager
def live(load_cookie: LoadCookie, **door: Any) -> Iterator[Hub]:
    """The sockets and what they hear; without a door of their own they are handed connections."""
    hub = Hub(load_cookie, **door)
    hub.start()
    operations.SOCKETS.set_function(lambda: len(hub))
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
