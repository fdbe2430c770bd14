"""What every row of a made-up past says: one expression a column, for all rows of a table at once.

`i` numbers the rows from 0 and `past_hour.at` is the hour a row falls on. In a store's order `i` the lines are the
promises 2i and 2i + 1; promise `r` is round `r / balances` of balance `r % balances`.
"""

from sqlmodel import SQLModel

from app.events.inbox import InboxMessage
from app.events.outbox import OutboxMessage
from app.events.sequence import SourceCursor
from app.notices.notice import Notice
from app.oms import stock_words
from app.oms.balance import Balance
from app.oms.customer import Customer
from app.oms.inventory import Movement
from app.oms.order import Order
from app.oms.order_line import Fulfilment, OrderLine
from app.oms.payment import Payment
from app.oms.reservation import Reservation
from app.oms.verdict import Admission
from app.pickup.handover import Handover
from app.pickup.pickup_link import PickupLink
from app.pickup.staging import Staging
from app.pickup.task import Acknowledgement, PickupTask

STOCK = 1_000_000
HOUR = "past_hour.at"
ID = "i + 1"
ORDER_STORE = "{node} + (2 * i) % {balances} / {items}"
STORE = "{node} + i % {balances} / {items}"
ITEM = "{item} + i % {balances} % {items}"
TOLD = "CASE i % 2 WHEN 0 THEN 'received' ELSE 'ready' END"
DEDUPE = f"'order/' || (i / 2 + 1) || ':' || {TOLD} || ':mail'"
MESSAGE = "'m-' || (i + 1)"
SAID = (
    """'{{"delta":"-1","node":"N' || (i % {balances} / {items}) || '","reason":"sale","sku":"SKU-' ||"""
    """ (i % {balances} % {items}) || '","uom":"each"}}'"""
)
IN_ROUND = "CASE WHEN i < {balances} THEN -1 ELSE (i / {balances} - 1) % 4 END"
"""Where a movement stands in its round; -1 is the opening."""
PROMISE = "(i % {balances} + (i / {balances} - 1) / 4 * {balances})"
"""The sale and the promise of a movement's round have the same number."""
MOVED = f"CASE {IN_ROUND} WHEN -1 THEN {STOCK} WHEN 0 THEN -1 WHEN 1 THEN 0 WHEN 2 THEN -1 ELSE 2 END"
REASON = (
    f"CASE {IN_ROUND} WHEN -1 THEN 'opening' WHEN 0 THEN 'sale' WHEN 1 THEN 'reserved' WHEN 2 THEN 'collected'"
    " ELSE 'receipt' END"
)
CAUSE = (
    f"CASE {IN_ROUND} WHEN -1 THEN 'opening' WHEN 0 THEN 'message/m-' || ({PROMISE} + 1) WHEN 3 THEN 'delivery/' || i"
    f" ELSE CASE WHEN {PROMISE} / 2 < {{orders}} THEN 'order/' || ({PROMISE} / 2 + 1)"
    f" ELSE 'basket/' || {PROMISE} END END"
)

ACTOR = f"CASE {IN_ROUND} WHEN 0 THEN '/tills/' || (i % {{balances}} / {{items}}) ELSE 'past' END"

Row = tuple[type[SQLModel], dict[str, str], str]
"""A table, what its columns say, and how many rows it has: by their name in a past."""

ROWS: list[Row] = [
    (Balance, {"item_id": "{item} + i % {items}", "node_id": "{node} + i / {items}", "on_hand": str(STOCK),
               "version": "1 + 4 * {rounds}"}, "balances"),
    (Movement, {
        "id": ID, "item_id": ITEM, "node_id": STORE, "version": "i / {balances} + 1",
        "on_hand": MOVED, "reserved": f"CASE {IN_ROUND} WHEN 1 THEN 1 WHEN 2 THEN -1 ELSE 0 END",
        "on_hand_after": f"{STOCK} - CASE {IN_ROUND} WHEN 0 THEN 1 WHEN 1 THEN 1 WHEN 2 THEN 2 ELSE 0 END",
        "reserved_after": f"CASE {IN_ROUND} WHEN 1 THEN 1 ELSE 0 END", "suppressed_after": "0", "reason": REASON,
        "document": CAUSE, "actor": ACTOR, "occurred_at": HOUR, "recorded_at": HOUR,
    }, "movements"),
    (InboxMessage, {
        "id": ID, "source": "'/tills/' || (i % {balances} / {items})", "message_id": MESSAGE,
        "type": f"'{stock_words.ADJUSTED}'", "sequence": "i / {balances} * {items} + i % {balances} % {items} + 1",
        "payload": SAID, "payload_hash": "'past-' || i", "occurred_at": HOUR, "received_at": HOUR, "state": "'applied'",
        "words": "''", "applied_at": HOUR,
    }, "promises"),
    (SourceCursor, {"source": "'/tills/' || i", "owner": "'till'", "lowest": "1", "highest": "{rounds} * {items}"},
     "stores"),
    (Customer, {"id": ID, "name": "'Priya N. ' || i", "email": "'priya@example.com'"}, "orders"),
    (Order, {
        "id": ID, "channel": "'web'", "external_id": "'P-' || i", "request_hash": "'past-' || i", "customer_id": ID,
        "store_id": ORDER_STORE, "placed_at": HOUR, "promised_at": HOUR, "payment_state": "'captured'",
        "amount_minor": "300", "currency": "'GBP'",
    }, "orders"),
    (Fulfilment, {"id": ID, "order_id": ID, "node_id": ORDER_STORE, "kind": "'pickup'"}, "orders"),
    (OrderLine, {"id": ID, "order_id": "i / 2 + 1", "fulfilment_id": "i / 2 + 1", "item_id": ITEM, "ordered": "1",
                 "collected": "1", "unit_price_minor": "150"}, "lines"),
    (Payment, {"id": ID, "order_id": ID, "kind": "'captured'", "amount_minor": "300", "provider_ref": "'past/' || i",
               "actor": "'past'", "at": HOUR}, "orders"),
    (Admission, {"key": "'order/' || (i + 1)", "request_hash": "'past-' || i", "is_granted": "TRUE",
                 "decided_at": HOUR}, "orders"),
    (Reservation, {
        "id": ID, "admission_key": "CASE WHEN i / 2 < {orders} THEN 'order/' || (i / 2 + 1) END",
        "order_line_id": "CASE WHEN i / 2 < {orders} THEN i + 1 END", "item_id": ITEM, "node_id": STORE,
        "channel": "'web'", "quantity": "1", "consumed": "1", "state": "'consumed'", "reserved_at": HOUR,
    }, "promises"),
    (PickupTask, {
        "id": ID, "fulfilment_id": ID, "order_id": ID, "store_id": ORDER_STORE, "status": "'collected'",
        "opened_at": HOUR, "promised_at": HOUR, "window_from": HOUR, "owner_id": "{associate}", "staged_at": HOUR,
    }, "orders"),
    (Acknowledgement, {"task_id": ID, "cycle": "1", "associate_id": "{associate}", "at": HOUR}, "orders"),
    (Staging, {"id": ID, "task_id": ID, "location_id": "{shelf} + (2 * i) % {balances} / {items}",
               "associate_id": "{associate}", "typed": "FALSE", "at": HOUR}, "orders"),
    (Handover, {"id": ID, "task_id": ID, "associate_id": "{associate}", "method": "'code'", "at": HOUR}, "orders"),
    (PickupLink, {"id": ID, "order_id": ID, "nonce": "'past-' || i"}, "orders"),
    (Notice, {"id": ID, "order_id": "i / 2 + 1", "task_id": "i / 2 + 1", "stage": TOLD,
              "staging_id": "CASE i % 2 WHEN 1 THEN i / 2 + 1 END", "dedupe": DEDUPE, "created_at": HOUR},
     "lines"),
    (OutboxMessage, {"id": ID, "topic": "'mail'", "receiver": "'mail'", "dedupe": DEDUPE,
                     "payload": """'{{"notice": ' || (i + 1) || '}}'""",
                     "state": "'sent'", "attempts": "1", "sent_at": HOUR, "posted_at": HOUR},
     "lines"),
]  # fmt: skip
