"""What channels are told: the newest number and its version, once for each change that lasted until it was due.

At least once, so a channel drops what is not newer than what it has; whoever sends asks `worth_sending` first, so that
most of what has been overtaken never leaves.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import rows
from app.events.outbox import OutboxMessage, OutboxState
from app.oms.availability import Ats, Key
from app.oms.channel import Channel
from app.oms.item import Item

TOPIC = "availability"
MOST = 500

Payload = Mapping[str, Any]
"""What a channel is told of one item."""


def receiver_of(channel_code: str) -> str:
    """Whose queue in the outbox a channel's numbers wait in."""
    return f"channel:{channel_code}"


def post_due(session: Session, *, at: datetime, most: int = MOST) -> int:
    """How many numbers were due; those a channel has been told already leave no message."""
    due = _due(session, at, most)
    news = [(row, item, code) for row, item, code in due if row.quantity != row.pushed_quantity]
    if news:
        rows.write(session, _messages([_payload(row, item, code) for row, item, code in news], at))
    for row, _, _ in due:
        row.push_due_at = None
        if row.quantity != row.pushed_quantity:
            row.pushed_quantity, row.pushed_version = row.quantity, row.version
    session.flush()
    return len(due)


def is_due(session: Session, *, at: datetime) -> bool:
    return session.execute(sa.select(col(Ats.item_id)).where(col(Ats.push_due_at) <= at).limit(1)).first() is not None


def tell_all(session: Session, channel: Channel, *, at: datetime) -> None:
    """A channel that has just begun to listen, or lost what it knew, hears of every item under a version of its own."""
    anew = {"push_due_at": at, "pushed_quantity": None, "version": col(Ats.version) + 1}
    session.execute(sa.update(Ats).where(col(Ats.channel_id) == channel.id).values(anew))


def worth_sending(session: Session, said: Sequence[Payload]) -> list[bool]:
    """Not once a newer number is waiting to leave, or the channel has one."""
    kept = _told(session, said)
    return [
        (row := kept.get((each["channel"], each["sku"]))) is not None
        and each["version"] == row.pushed_version > row.acked_version
        for each in said
    ]


def acknowledge(session: Session, said: Sequence[Payload]) -> None:
    """The channel has them: nothing older is sent any more. Locked as whoever works numbers out locks them."""
    kept = _told(session, said)
    newest: dict[Key, int] = {}
    for each in said:
        row = kept.get((each["channel"], each["sku"]))
        if row is not None:
            key = row.channel_id, row.item_id
            newest[key] = max(each["version"], newest.get(key, 0))
    if newest:
        channel_ids, item_ids = zip(*newest, strict=True)
        rows.find(session, Ats, ("version",), {"channel_id": channel_ids, "item_id": item_ids}, locked=True)
        given = [{"of_channel": key[0], "of_item": key[1], "has": version} for key, version in sorted(newest.items())]
        session.connection().execute(_ACKNOWLEDGE, given)


_HAS = sa.bindparam("has", type_=sa.Integer())
_ACKNOWLEDGE = (
    sa.update(Ats)
    .where(
        col(Ats.channel_id) == sa.bindparam("of_channel"),
        col(Ats.item_id) == sa.bindparam("of_item"),
        col(Ats.acked_version) < _HAS,
    )
    .values(acked_version=_HAS)
)


def _due(session: Session, at: datetime, most: int) -> Sequence[tuple[Ats, Item, str]]:
    due = (
        select(Ats, Item, Channel.code)
        .join(Item, col(Item.id) == Ats.item_id)
        .join(Channel, col(Channel.id) == Ats.channel_id)
        .where(col(Ats.push_due_at) <= at)
        .order_by(col(Ats.push_due_at), col(Ats.channel_id), col(Ats.item_id))
        .limit(most)
    )
    locked = due.with_for_update(of=Ats, skip_locked=True).execution_options(populate_existing=True)
    return session.exec(locked).all()


def _payload(row: Ats, item: Item, code: str) -> dict[str, Any]:
    return {
        "channel": code, "sku": item.sku, "quantity": item.amount_of(row.quantity), "unit": item.unit,
        "version": row.version, "as_of": row.changed_at.isoformat(),
    }  # fmt: skip


def _messages(payloads: list[dict[str, Any]], at: datetime) -> rows.Insert:
    many = len(payloads)
    queues = [receiver_of(said["channel"]) for said in payloads]
    named = [f"{TOPIC}/{said['channel']}/{said['sku']}/{said['version']}" for said in payloads]
    return rows.Insert(OutboxMessage, {
        "topic": [TOPIC] * many, "receiver": queues, "dedupe": named, "payload": payloads,
        "state": [OutboxState.PENDING] * many, "due_at": [at] * many, "attempts": [0] * many, "posted_at": [at] * many,
    }, skip_taken=True)  # fmt: skip


def _told(session: Session, said: Sequence[Payload]) -> dict[tuple[str, str], Any]:
    """By channel and sku."""
    told = (
        sa.select(
            col(Channel.code), col(Item.sku), col(Ats.channel_id), col(Ats.item_id), col(Ats.pushed_version),
            col(Ats.acked_version),
        )
        .join(Item, col(Item.id) == col(Ats.item_id))
        .join(Channel, col(Channel.id) == col(Ats.channel_id))
        .where(col(Channel.code).in_({each["channel"] for each in said}), col(Item.sku).in_({e["sku"] for e in said}))
    )  # fmt: skip
    session.flush()
    return {(row.code, row.sku): row for row in session.execute(told)}
