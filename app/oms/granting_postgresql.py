"""Requests that can all be granted, by one statement of PostgreSQL and in one trip.

It locks their balances in the order of their keys, sees whether all that is asked for is free in them by then, and
writes what admission would write, or nothing at all. Who holds a hot item's lock holds it for no trip of ours.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from app import rows
from app.oms import touched
from app.oms.admission import Request

_STATEMENT = """
WITH request AS (
    SELECT * FROM json_to_recordset(%s::json)
        AS r(n int, key text, request_hash text, document text, actor text, state text, channel text, keeps_safety bool,
             at timestamptz, expires_at timestamptz)
), wish AS (
    SELECT * FROM json_to_recordset(%s::json)
        AS w(n int, place int, item_id int, node_id int, quantity int, order_line_id int)
), need AS (
    SELECT n, item_id, node_id, sum(quantity) AS quantity FROM wish GROUP BY n, item_id, node_id
), total AS (
    SELECT item_id, node_id, sum(quantity) AS quantity, count(*) AS entries, bool_or(keeps_safety) AS is_kept
    FROM need JOIN request USING (n) GROUP BY item_id, node_id
), level AS (
    SELECT b.item_id, b.node_id, quantity, entries,
           b.on_hand - greatest(0, b.unavailable) - b.reserved - b.suppressed
               - CASE WHEN is_kept THEN b.safety ELSE 0 END >= quantity AS is_enough
    FROM total JOIN balance AS b USING (item_id, node_id) ORDER BY b.item_id, b.node_id FOR UPDATE OF b
), enough AS (
    SELECT 1 WHERE (SELECT count(*) FROM level WHERE is_enough) = (SELECT count(*) FROM total)
), moved AS (
    UPDATE balance AS b SET reserved = b.reserved + level.quantity, version = b.version + level.entries
    FROM level, enough WHERE b.item_id = level.item_id AND b.node_id = level.node_id
    RETURNING b.*, b.reserved - level.quantity AS reserved_before, b.version - level.entries AS version_before
), granted AS (
    SELECT request.* FROM request WHERE (SELECT count(*) FROM moved) = (SELECT count(*) FROM total)
), entered AS (
    INSERT INTO movement (item_id, node_id, on_hand, unavailable, reserved, in_transit, suppressed, on_hand_after,
                          unavailable_after, reserved_after, in_transit_after, suppressed_after, version,
                          reason, document, actor, occurred_at, recorded_at)
    SELECT item_id, node_id, 0, 0, need.quantity, 0, 0, on_hand,
           unavailable, reserved_before + sum(need.quantity) OVER earlier, in_transit, suppressed,
           version_before + row_number() OVER earlier, 'reserved', document, actor, at, at
    FROM need JOIN granted USING (n) JOIN moved USING (item_id, node_id)
    WINDOW earlier AS (PARTITION BY item_id, node_id ORDER BY n)
    ORDER BY n, item_id, node_id
), answered AS (
    INSERT INTO admission (key, request_hash, is_granted, words, decided_at)
    SELECT key, request_hash, true, '', at FROM granted ORDER BY key
), claimed AS (
    INSERT INTO reservation (admission_key, order_line_id, item_id, node_id, quantity, consumed, released, state,
                             channel, expires_at, reserved_at)
    SELECT key, order_line_id, item_id, node_id, quantity, 0, 0, state, channel, expires_at, at
    FROM wish JOIN granted USING (n) ORDER BY n, place
), told AS (
    INSERT INTO touched (item_ids) SELECT marks FROM unnest(%s::json[]) AS t(marks) WHERE EXISTS (SELECT FROM granted)
)
SELECT count(*) FROM granted
"""
"""`moved` asks for no version: in this statement's own snapshot a balance that was waited for still has its old one.
What is entered on the ledger is what `moved` has returned, so that they can't differ. Keys are answered in their order:
who is answering the same ones elsewhere waits for them in turn."""


def write(connection: Connection, requests: Sequence[Request]) -> bool:
    """Whether they are on disk; an IntegrityError is a key that has its answer."""
    return bool(connection.exec_driver_sql(_STATEMENT, _bound(requests)).scalar_one())


def _bound(requests: Sequence[Request]) -> tuple[str, str, list[str]]:
    """As JSON: the driver would put each column's array together by itself, value by value."""
    wishes = [{"n": n, "place": place, "item_id": wish.item_id, "node_id": wish.node_id, "quantity": wish.quantity,
               "order_line_id": wish.order_line_id}
              for n, request in enumerate(requests) for place, wish in enumerate(request.wishes)]  # fmt: skip
    marks = touched.marks(wish["item_id"] for wish in wishes).columns["item_ids"]  # type: ignore[misc]
    return _json([_asked(*each) for each in enumerate(requests)]), _json(wishes), [*map(_json, marks)]


def _asked(n: int, request: Request) -> dict[str, Any]:
    return {
        "n": n, "key": request.key, "request_hash": request.fingerprint, "document": request.document,
        "actor": request.actor, "state": request.state, "channel": request.channel,
        "keeps_safety": request.keeps_safety, "at": _instant(request.at), "expires_at": _instant(request.expires_at),
    }  # fmt: skip


def _instant(instant: datetime | None) -> str | None:
    text = rows.utc_text(instant)
    return text and f"{text}Z"


_json = json.JSONEncoder(separators=(",", ":")).encode
