"""Requests that can all be granted, in one transaction of SQLite: what is not free is not found by its guarded UPDATE.

The statements are the least that writes what admission would write; nothing is looked up that a constraint knows.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from app import rows
from app.oms import touched
from app.oms.admission import Request
from app.oms.balance import Key

_PROMISE = """
UPDATE balance SET reserved = reserved + ?3, version = version + ?4
WHERE item_id = ?1 AND node_id = ?2 AND on_hand - max(0, unavailable) - reserved - suppressed - ?5 * safety >= ?3
RETURNING on_hand, unavailable, reserved - ?3, in_transit, suppressed, version - ?4
"""
_ENTER = """
INSERT INTO movement (item_id, node_id, on_hand, unavailable, reserved, in_transit, suppressed, on_hand_after,
                      unavailable_after, reserved_after, in_transit_after, suppressed_after, version,
                      reason, document, actor, occurred_at, recorded_at)
VALUES (?1, ?2, 0, 0, ?3, 0, 0, ?4, ?5, ?6, ?7, ?8, ?9, 'reserved', ?10, ?11, ?12, ?12)
"""
_ANSWER = """
INSERT INTO admission (key, request_hash, is_granted, words, decided_at) VALUES (?, ?, 1, '', ?)
"""
_CLAIM = """
INSERT INTO reservation (admission_key, order_line_id, item_id, node_id, quantity, consumed, released, state,
                         channel, expires_at, reserved_at)
VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)
"""
_TELL = "INSERT INTO touched (item_ids) VALUES (?)"


def write(connection: Connection, requests: Sequence[Request]) -> bool:
    """Whether all of it is written, for the caller to commit; an IntegrityError is a key that has its answer."""
    cursor = connection.connection.cursor()
    levels: dict[Key, list[int]] = {}
    for key, (units, entries, is_kept) in _totals(requests).items():
        found = cursor.execute(_PROMISE, (*key, units, entries, is_kept)).fetchall()
        if not found:
            return False
        levels[key] = list(found[0])
    cursor.executemany(_ANSWER, [(each.key, each.fingerprint, rows.utc_text(each.at)) for each in requests])
    cursor.executemany(_CLAIM, list(_claims(requests)))
    cursor.executemany(_ENTER, list(_entries(requests, levels)))
    marks = touched.marks(item_id for item_id, _ in levels).columns["item_ids"]
    cursor.executemany(_TELL, [(json.dumps(item_ids),) for item_ids in marks])
    return True


def _totals(requests: Iterable[Request]) -> dict[Key, tuple[int, int, bool]]:
    """Of each balance: the units they need together, in how many entries, and whether somebody keeps its safety."""
    totals: dict[Key, tuple[int, int, bool]] = {}
    for request in requests:
        for key, units in request.needs.items():
            before, entries, is_kept = totals.get(key, (0, 0, False))
            totals[key] = before + units, entries + 1, is_kept or request.keeps_safety
    return totals


def _claims(requests: Iterable[Request]) -> Iterable[tuple[Any, ...]]:
    for request in requests:
        at = rows.utc_text(request.at)
        for wish in request.wishes:
            yield (request.key, wish.order_line_id, wish.item_id, wish.node_id, wish.quantity, request.state.value,
                   request.channel, rows.utc_text(request.expires_at), at)  # fmt: skip


def _entries(requests: Iterable[Request], levels: Mapping[Key, list[int]]) -> Iterable[tuple[Any, ...]]:
    """Each with what its balance had come to."""
    for request in requests:
        for key, units in request.needs.items():
            level = levels[key]
            level[2] += units
            level[5] += 1
            yield (*key, units, *level, request.document, request.actor, rows.utc_text(request.at))
