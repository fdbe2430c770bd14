"""The race for the last units as other systems run it: each process serves its own door, and is asked over HTTP."""

import http.client
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Thread, local

from waitress.server import create_server

from app import create_app, wire
from app.config import Settings
from app.oms import desk
from app.serving import LIMITS

ADDRESS = "127.0.0.1"
VERDICTS = {HTTPStatus.CREATED: True, HTTPStatus.CONFLICT: False}


class NoVerdict(Exception):
    """An answer that is neither yes nor sold out."""


@contextmanager
def door(url: str, api_key: str) -> Iterator[Callable[[str], bool]]:
    """A web process's door, open in this process; asked under a key, it says whether one unit was granted."""
    settings = Settings(database_url=url, secret_key=secrets.token_hex(32), log_level="ERROR")
    wire(settings)
    web = create_server(create_app(settings), host=ADDRESS, port=0, **LIMITS)
    Thread(target=web.run, name="door", daemon=True).start()
    kept = local()

    def ask(key: str) -> bool:
        if not hasattr(kept, "connection"):
            kept.connection = http.client.HTTPConnection(ADDRESS, int(web.effective_port), timeout=60)
        headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json", "Idempotency-Key": key}
        said = {"channel": "proof", "lines": [{"sku": "HOT", "quantity": "1", "node": "PROOF"}]}
        kept.connection.request("POST", "/api/reservations", json.dumps(said), headers)
        reply = kept.connection.getresponse()
        text = reply.read()
        if reply.status not in VERDICTS:
            raise NoVerdict(text.decode())
        return VERDICTS[reply.status]

    try:
        yield ask
    finally:
        web.task_dispatcher.shutdown()
        desk.close()
