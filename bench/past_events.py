"""The events of a made-up past, chained as they would have been: rows that no database makes by itself."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app import db
from app.events.log import Event
from app.events.stream_heads import EventStream
from bench.past_size import AT, HOURS, Past, Place

STEPS = (("TaskOpened", None, "requested"), ("TaskAcknowledged", "requested", "accepted"),
         ("TaskStaged", "accepted", "staged"), ("TaskHandedOver", "staged", "collected"))  # fmt: skip
EACH_ORDER = 1 + len(STEPS)
NAMES = ("uid", "stream", "seq", "kind", "at", "actor", "subject", "data", "hash")
BATCH = 10_000


def write(connection: Connection, past: Past, place: Place) -> None:
    heads: dict[int, tuple[int, str]] = {}
    written = _chained(past, place, heads)
    while batch := list(islice(written, BATCH)):
        _bulk(connection, batch)
    streams = [{"stream": f"store/{store}", "seq": seq, "head": head} for store, (seq, head) in heads.items()]
    connection.execute(sa.insert(EventStream), streams)


def _chained(past: Past, place: Place, heads: dict[int, tuple[int, str]]) -> Iterator[tuple[Any, ...]]:
    number = 0
    for order in range(past.orders):
        store = place.node + 2 * order % past.balances // past.items
        at = AT - timedelta(days=1, hours=HOURS - order * HOURS // past.orders)
        said = {"store_id": store, "order_id": order + 1, "task_id": order + 1}
        told = [("OrderPlaced", f"order/{order + 1}", {"order_id": order + 1, "store_id": store, "channel": "web"})]
        told += [(kind, f"task/{order + 1}", said | {"was": was, "status": now}) for kind, was, now in STEPS]
        for kind, subject, data in told:
            number += 1
            seq, head = heads.get(store, (0, ""))
            row = SimpleNamespace(uid=f"{number:032x}", stream=f"store/{store}", seq=seq + 1, kind=kind, at=at,
                                  actor="past", subject=subject, data=data)  # fmt: skip
            head = Event.link(cast(Event, row), head)
            heads[store] = seq + 1, head
            yield (row.uid, row.stream, row.seq, kind, at, "past", subject, json.dumps(data), head)


def _bulk(connection: Connection, batch: list[tuple[Any, ...]]) -> None:
    columns, cursor = ", ".join(NAMES), connection.connection.cursor()
    if db.is_sqlite():
        bound = [(*row[:4], f"{row[4]:%Y-%m-%d %H:%M:%S.%f}", *row[5:]) for row in batch]
        cursor.executemany(f"INSERT INTO event ({columns}) VALUES ({', '.join('?' * len(NAMES))})", bound)
    else:
        with cast(Any, cursor).copy(f"COPY event ({columns}) FROM STDIN") as copy:
            for row in batch:
                copy.write_row(row)
