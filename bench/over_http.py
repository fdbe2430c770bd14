"""The same promises asked for over HTTP, of a web process as it is run for real, beside a request that asks nothing."""

import http.client
import itertools
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from threading import local
from typing import Any

from app import db
from app.clock import now
from app.people import api_client
from tests.processes.process import command, environment, started

Call = Callable[[int], Any]
Ask = Callable[..., int]


@contextmanager
def asking(url: str) -> Iterator[Ask]:
    """A web process on this shop, and how to ask it: each caller over a connection of its own that stays open."""
    words = command("web", "--host", "127.0.0.1", "--port", "0")
    with tempfile.TemporaryDirectory(prefix="readyshelf-bench-") as home:
        settings = environment(DATABASE_URL=url, READYSHELF_VAR=home, LOG_LEVEL="ERROR")
        with started(words, Path(home), settings) as web:
            port = web.until_it_listens().port
            yield lambda *asked, **headers: _ask(port, *asked, **headers)


_kept = local()


def _ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> int:
    if getattr(_kept, "port", None) != port:
        _kept.port, _kept.connection = port, http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    _kept.connection.request(method, path, body, named)
    reply = _kept.connection.getresponse()
    reply.read()
    return int(reply.status)


def reservations(ask: Ask, skus: list[str]) -> Callable[[bool], Call]:
    """One unit of the first sku, or of each of the others in turn, through the door that other systems use."""
    with db.transaction() as session:
        key = f"Bearer {api_client.issue_key(session, name='bench', at=now())}"
    series = itertools.count()

    def calls(is_hot: bool) -> Call:
        run_no = next(series)

        def call(number: int) -> None:
            sku = skus[0] if is_hot else skus[1 + number % (len(skus) - 1)]
            said = {"channel": "web", "lines": [{"sku": sku, "quantity": "1", "node": "014"}]}
            status = ask("POST", "/api/reservations", json.dumps(said).encode(), Content_Type="application/json",
                         Authorization=key, Idempotency_Key=f"{run_no}/{number}")  # fmt: skip
            assert status == HTTPStatus.CREATED, status

        return call

    return calls


def nothing(ask: Ask) -> Call:
    """The least that any answer costs here: no key, no database, four letters."""

    def call(_: int) -> None:
        assert ask("GET", "/healthz") == HTTPStatus.OK

    return call
