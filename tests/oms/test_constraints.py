"""The schema's own guards: what must never be true can't be written, whichever code writes it."""

import re
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from app.events import outbox
from app.oms import admission, availability, channel, transfer_moves, transfer_request
from app.oms.channel import Channel
from app.oms.transfer_request import Wanted
from tests.oms.shop import Shop
from tests.oms.test_admission import basket
from tests.oms.test_stock_facts import sold, take
from tests.oms.test_transfers import open_depot

MOVED = "item_id, node_id, version, on_hand_after, reserved_after, suppressed_after, reason, document, actor"
COPIED = f"""INSERT INTO movement ({MOVED}, on_hand, unavailable, reserved, in_transit, suppressed, unavailable_after,
 in_transit_after, occurred_at, recorded_at)
 SELECT {MOVED}, on_hand, unavailable, reserved, in_transit, suppressed, unavailable_after, in_transit_after,
 occurred_at, recorded_at FROM movement"""
TWICE = "INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}"
INBOX = "source, message_id, type, payload, payload_hash, received_at, state, words, repeats, attempts"
OUTBOX = "topic, dedupe, payload, state, due_at, attempts, posted_at"
ANSWER = "key, request_hash, is_granted, words, decided_at"


GUARDS = [
    (COPIED, "unique"),
    *((f"UPDATE balance SET {state} = -1", "never_negative") for state in
      ("reserved", "suppressed", "safety", "version")),
    ("UPDATE reservation SET quantity = 0, consumed = 0, released = 0", "amounts_are_positive|over_when"),
    ("UPDATE reservation SET consumed = -1", "amounts_are_positive"),
    ("UPDATE reservation SET released = -1", "amounts_are_positive"),
    ("UPDATE reservation SET consumed = quantity, released = 1, state = 'consumed'", "never_more_than_granted"),
    ("UPDATE reservation SET consumed = 0, released = 0, state = 'released'", "over_when_used_up"),
    ("UPDATE reservation SET consumed = quantity, released = 0, state = 'hard'", "over_when_used_up"),
    (TWICE.format(table="admission", columns=ANSWER), "unique"),
    (TWICE.format(table="inbox_message", columns=INBOX), "unique"),
    ("UPDATE inbox_message SET due_at = received_at", "due_only_while_open"),
    ("UPDATE source_gap SET last = first - 1", "not_empty"),
    (TWICE.format(table="outbox_message", columns=OUTBOX), "unique"),
    ("UPDATE outbox_message SET due_at = NULL", "due_only_while_open"),
    ("UPDATE ats SET quantity = -1", "ats_never_negative"),
    ("UPDATE channel SET buffer = -1", "channel_never_negative"),
    ("UPDATE transfer SET from_id = to_id", "goes_somewhere_else"),
    ("UPDATE transfer SET shipped_at = NULL", "shipped_when_gone"),
    ("UPDATE transfer_line SET shipped = requested + 1", "no_more_leaves_than_was_kept"),
    ("UPDATE transfer_line SET requested = 0, shipped = 0", "something_is_carried"),
    ("UPDATE transfer_line SET for_order = received + 1", "only_what_arrived_is_promised"),
]  # fmt: skip
"""A statement each, and the guard that refuses it."""


@pytest.fixture
def one_of_everything(session: Session, shop: Shop, nine: datetime) -> None:
    admission.admit(session, [basket(shop, milk=3)])
    wanted = Wanted(from_id=open_depot(session, shop), to_id=shop.node_id, quantities={shop.milk: 2})
    transfer_moves.ship(
        session, transfer_request.request(session, wanted, actor="api/1", at=nine), actor="api/1", at=nine
    )
    take(session, sold(1, at=nine), sold(5, at=nine), at=nine)
    outbox.post(session, topic="test", dedupe="test/1", payload={}, at=nine, due_at=nine)
    channel.open_channel(session, Channel(code="web", name="Web"))
    availability.catch_up(session, at=nine)


def refusal_of(session: Session, sql: str) -> str:
    undo = session.begin_nested()
    try:
        session.execute(sa.text(sql))
    except sa.exc.DBAPIError as no:
        return str(no.orig)
    else:
        return "written"
    finally:
        undo.rollback()


@pytest.mark.usefixtures("one_of_everything")
def test_what_must_never_be_true_cannot_be_written(session: Session):
    told = {sql: (by, refusal_of(session, sql)) for sql, by in GUARDS}

    assert {sql: said for sql, (by, said) in told.items() if not re.search(by, said, re.IGNORECASE)} == {}
