"""Postings: what a back office with books of its own has to hear of our stock, each movement once, in the outbox.

Told is what we did ourselves: a hand-off, a transfer, a count. What another system told us is not told back. Until the
back office says that it has booked a posting, its books are known to differ from ours by it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import rows
from app.events.outbox import OutboxMessage, OutboxState
from app.oms.balance import Key
from app.oms.item import Item
from app.oms.node import Node

TOPIC = "posting"
MOST = 500


class BackOffice(SQLModel, table=True):
    """A system with books of its own; what moved before `since` it knows from elsewhere."""

    __tablename__ = "back_office"

    code: str = Field(primary_key=True)
    since: datetime


class Posting(SQLModel, table=True):
    """One movement that a back office has to book; whether it has, its message in the outbox says."""

    __tablename__ = "posting"

    office: str = Field(foreign_key="back_office.code", primary_key=True)
    item_id: int = Field(foreign_key="item.id", primary_key=True)
    node_id: int = Field(foreign_key="node.id", primary_key=True)
    version: int = Field(primary_key=True)
    units: int
    moved_at: datetime
    dedupe: str = Field(unique=True)


class Moved(NamedTuple):
    """A movement of ours, as far as others have to know it."""

    key: Key
    version: int
    units: int
    reason: str
    document: str
    occurred_at: datetime
    recorded_at: datetime


def receiver_of(office: str) -> str:
    """Whose queue in the outbox they wait in: until the back office fetches them, or is told at an address."""
    return f"office:{office}"


def open_office(session: Session, code: str, *, at: datetime) -> BackOffice:
    """From now on it is told."""
    office = BackOffice(code=code, since=at)
    session.add(office)
    session.flush()
    return office


def posts(session: Session, moved: Sequence[Moved]) -> Iterable[rows.Insert]:
    """The writes that go with these movements, for every back office there is."""
    offices = session.exec(select(BackOffice.code).order_by(BackOffice.code)).all() if moved else []
    told = [(office, each) for office in offices for each in moved]
    if told:
        names = [f"{TOPIC}/{office}/{each.key[0]}/{each.key[1]}/{each.version}" for office, each in told]
        yield rows.Insert(Posting, {
            "office": [office for office, _ in told], "item_id": [each.key[0] for _, each in told],
            "node_id": [each.key[1] for _, each in told], "version": [each.version for _, each in told],
            "units": [each.units for _, each in told], "moved_at": [each.occurred_at for _, each in told],
            "dedupe": names,
        })  # fmt: skip
        yield _messages(session, told, names)


def _messages(session: Session, told: Sequence[tuple[str, Moved]], names: Sequence[str]) -> rows.Insert:
    items = _by_id(session, Item, {each.key[0] for _, each in told})
    nodes = _by_id(session, Node, {each.key[1] for _, each in told})
    many, ats = len(told), [each.recorded_at for _, each in told]
    payloads = [{
        "id": name, "node": nodes[each.key[1]].code, "sku": items[each.key[0]].sku,
        "delta": items[each.key[0]].amount_of(each.units), "uom": items[each.key[0]].unit, "reason": each.reason,
        "document_ref": each.document, "occurred_at": each.occurred_at.isoformat(),
    } for name, (_, each) in zip(names, told, strict=True)]  # fmt: skip
    return rows.Insert(OutboxMessage, {
        "topic": [f"{TOPIC}/{office}" for office, _ in told],
        "receiver": [receiver_of(office) for office, _ in told], "dedupe": names, "payload": payloads,
        "state": [OutboxState.PENDING] * many, "due_at": ats, "attempts": [0] * many, "posted_at": ats,
    })  # fmt: skip


def _by_id(session: Session, model: Any, ids: Iterable[int]) -> dict[int, Any]:
    return {row.id: row for row in session.exec(select(model).where(col(model.id).in_(sorted(ids))))}


def waiting(session: Session, office: str, *, most: int = MOST) -> list[OutboxMessage]:
    """What it has not booked yet, the oldest first."""
    open_ones = select(OutboxMessage).where(
        OutboxMessage.receiver == receiver_of(office), col(OutboxMessage.due_at).is_not(None)
    )
    return list(session.exec(open_ones.order_by(col(OutboxMessage.id)).limit(most)))


def acknowledge(session: Session, office: str, names: Iterable[str], *, at: datetime) -> int:
    """It has booked these; how many of them are news."""
    booked = session.execute(
        sa.update(OutboxMessage)
        .where(col(OutboxMessage.topic) == f"{TOPIC}/{office}", col(OutboxMessage.dedupe).in_(sorted(set(names))))
        .where(col(OutboxMessage.state) != OutboxState.SENT)
        .values(state=OutboxState.SENT, due_at=None, sent_at=at)
    )
    return booked.rowcount  # type: ignore[attr-defined, no-any-return]


def unbooked(session: Session, office: str, keys: Collection[Key], *, at: datetime) -> dict[Key, int]:
    """By how much its books could not know better at that instant: what had moved, and was not booked by then."""
    items, nodes = {item_id for item_id, _ in keys}, {node_id for _, node_id in keys}
    found = (
        sa.select(col(Posting.item_id), col(Posting.node_id), sa.func.sum(Posting.units))
        .join(OutboxMessage, col(OutboxMessage.dedupe) == Posting.dedupe)
        .where(col(Posting.office) == office, col(Posting.item_id).in_(items), col(Posting.node_id).in_(nodes))
        .where(col(Posting.moved_at) <= at)
        .where(sa.or_(col(OutboxMessage.sent_at).is_(None), col(OutboxMessage.sent_at) > at))
        .group_by(col(Posting.item_id), col(Posting.node_id))
    )
    return {(row[0], row[1]): int(row[2]) for row in session.execute(found)}
