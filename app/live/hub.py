"""The sockets of all screens, on one thread: who may come in, who hears what, and who has to leave."""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from http import HTTPStatus
from threading import Event, Thread
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from app import db
from app.clock import now
from app.live import door, seat
from app.live.seat import Seat

PATH = "/live"
SIGNED_OUT = 4401
RECHECK_EVERY = 5.0
MAX_SIZE = 4096  # a screen has nothing to say
KEEPALIVE: dict[str, Any] = {"ping_interval": 20, "ping_timeout": 20, "close_timeout": 2, "max_queue": 4}

Aside = Callable[[], tuple[HTTPStatus, str]]
"""What is answered to a plain request at another address than the sockets': probes and figures."""
LoadCookie = Callable[[str], dict[str, Any]]
"""What a Cookie header says once its signature was checked; empty when it is missing, forged or too old."""

logger = logging.getLogger(__name__)


class NoDoor:
    """Stands in for a listening socket where another server accepts and hands its sockets over."""

    sockets = ()

    def __init__(self) -> None:
        self._loop, self._is_open = asyncio.get_running_loop(), True

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def is_serving(self) -> bool:
        return self._is_open

    def close(self) -> None:
        self._is_open = False

    async def wait_closed(self) -> None:
        """Nobody waits at a door that isn't there."""


class Hub:
    """An asyncio server in a thread of its own; with a host and port it listens, else it is handed sockets."""

    def __init__(
        self, load_cookie: LoadCookie, *, host: str | None = None, port: int = 0, asides: Mapping[str, Aside] = {}
    ) -> None:
        self._load_cookie, self._host, self._port, self._asides = load_cookie, host, port, asides
        self._seats: dict[ServerConnection, Seat] = {}
        self._is_up = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._run()), name="hub", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._server: Server
        self._stopping: asyncio.Event
        self.port = port

    def start(self) -> None:
        self._thread.start()
        if not self._is_up.wait(10):
            raise RuntimeError("The socket server did not start.")

    def stop(self) -> None:
        """Every screen is told 1012, so that it comes back by itself, and not all in the same second."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(10)

    def adopt(self, accepted: socket.socket) -> None:
        """Take over a connection that another server accepted and has not read from."""
        accepted.setblocking(False)
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._welcome(accepted)))

    def has_listeners(self, stream: str) -> bool:
        return any(stream in each.streams for each in list(self._seats.values()))

    def __len__(self) -> int:
        return len(self._seats)

    def broadcast(self, stream: str, html: str) -> None:
        """Send to every screen that may hear this stream; from any thread."""
        self._loop.call_soon_threadsafe(self._send, stream, html)

    def recheck(self) -> None:
        """Ask anew who may hear what: a signed cookie outlives signing out and losing a role, a socket must not."""
        asyncio.run_coroutine_threadsafe(self._seat_anew(), self._loop).result(10)

    async def _run(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._server = serve(
            self._sit, self._host, self._port, process_request=self._let_in, compression=None, max_size=MAX_SIZE,
            server_header=None, **KEEPALIVE,
        )  # fmt: skip
        if self._host is None:
            setattr(self._server, "create_server", _no_door)  # noqa: B010 - declared as returning a real asyncio.Server
        await self._server
        self.port = self._server.sockets[0].getsockname()[1] if self._server.sockets else 0
        watching = asyncio.create_task(self._watch_sessions())
        self._is_up.set()
        await self._stopping.wait()
        watching.cancel()
        self._server.close(code=CloseCode.SERVICE_RESTART)
        await self._server.wait_closed()

    async def _welcome(self, accepted: socket.socket) -> None:
        def protocol() -> ServerConnection:
            return ServerConnection(ServerProtocol(max_size=MAX_SIZE), self._server, **KEEPALIVE)

        try:
            await self._loop.connect_accepted_socket(protocol, accepted)
        except OSError:
            accepted.close()

    async def _let_in(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path in self._asides:
            return connection.respond(*await asyncio.to_thread(self._asides[path]))
        if path != PATH:
            return door.refuse(connection, HTTPStatus.NOT_FOUND, "There is nothing here.\n")
        if not door.is_same_site(request.headers):
            return door.refuse(connection, HTTPStatus.FORBIDDEN, "This page is not ours.\n")
        token = self._load_cookie("; ".join(request.headers.get_all("Cookie"))).get("_user_id")
        taken = await asyncio.to_thread(_seat_of, token) if isinstance(token, str) else None
        if taken is None:
            return door.refuse(connection, HTTPStatus.UNAUTHORIZED, "Sign in first.\n")
        self._seats[connection] = taken
        connection.connection_lost_waiter.add_done_callback(lambda _: self._seats.pop(connection, None))
        return None

    async def _sit(self, connection: ServerConnection) -> None:
        """Read and forget what a client says: reading is what answers its pings and sees it leave."""
        try:
            async for _ in connection:
                pass
        except ConnectionClosed:
            return

    def _send(self, stream: str, html: str) -> None:
        broadcast([each for each, taken in self._seats.items() if stream in taken.streams], html)

    async def _watch_sessions(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_EVERY)
            try:
                await self._seat_anew()
            except Exception:
                logger.exception("Could not ask which sessions are still open")

    async def _seat_anew(self) -> None:
        seats = dict(self._seats)
        if not seats:
            return
        now_taken = await asyncio.to_thread(_still_taken, {taken.sign_in_id for taken in seats.values()})
        ended = [each for each, taken in seats.items() if taken.sign_in_id not in now_taken]
        for connection in ended:
            self._seats.pop(connection, None)  # hears nothing more from here on
        self._seats.update({each: now_taken[seats[each].sign_in_id] for each in self._seats.keys() & seats.keys()})
        goodbyes = [connection.close(SIGNED_OUT, "signed out") for connection in ended]
        await asyncio.gather(*goodbyes, return_exceptions=True)


async def _no_door() -> NoDoor:
    return NoDoor()


def _seat_of(token: str) -> Seat | None:
    with db.reading() as session:
        return seat.take(session, token, at=now())


def _still_taken(sign_in_ids: set[int]) -> dict[int, Seat]:
    with db.reading() as session:
        return seat.still_taken(session, sign_in_ids, at=now())
