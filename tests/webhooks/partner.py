"""Another system with an address of its own: it keeps what it is sent, and answers as it was told to."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from pathlib import Path
from threading import Event, Thread
from typing import Any, cast


@dataclass(frozen=True)
class Received:
    """One POST."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        return cast("dict[str, Any]", loads(self.body))

    @property
    def numbers(self) -> list[tuple[str, str]]:
        return [(each["sku"], each["quantity"]) for each in self.said["data"]["availability"]]


@dataclass
class Partner:
    """`answers` are used up one by one; then it says 204. While it `holds`, it answers nobody."""

    url: str = ""
    letters: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    refuses: str | None = None
    """A body with these words in it is never taken."""
    holds: Event | None = None
    was_asked: Event = field(default_factory=Event)


class _Counter(BaseHTTPRequestHandler):
    partner: Partner

    def do_POST(self) -> None:
        partner = self.partner
        body = self.rfile.read(int(self.headers["Content-Length"]))
        partner.letters.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        partner.was_asked.set()
        if partner.holds is not None:
            partner.holds.wait(20)
        status = partner.answers.pop(0) if partner.answers else 204
        if partner.refuses is not None and partner.refuses in body.decode():
            status = 422
        self.send_response(status)
        for name, value in partner.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
        """It keeps its log to itself."""


@contextmanager
def listening(certificate: Path | None = None) -> Iterator[Partner]:
    """With a certificate, behind TLS under the name localhost."""
    partner = Partner()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Counter", (_Counter,), {"partner": partner}))
    server.daemon_threads = True
    partner.url = f"http://127.0.0.1:{server.server_port}/told"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        partner.url = f"https://localhost:{server.server_port}/told"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield partner
    finally:
        if partner.holds is not None:
            partner.holds.set()
        server.shutdown()
        server.server_close()
        thread.join()
