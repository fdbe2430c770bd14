"""A transfer: stock that leaves one node for another, and is the same in sum until somebody counts it in."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Relationship, Session, SQLModel, col, select

from app import db
from app.events.log import Eventful
from app.oms import order as orders
from app.oms.inventory import Cause, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.order_events import OrderCancelled
from app.oms.transfer_events import TransferCancelled, TransferEvent
from app.refusals import Refusal, Unreadable

MOST_UNITS = 1_000_000


class TransferOver(Refusal):
    """It has moved on, and this can't be done to it any more."""


class NotOnTransfer(Refusal):
    """The scanned thing is not what was sent."""


class NotForTransfer(Unreadable):
    """Nothing that could be carried from one place to another."""


class TransferState(StrEnum):
    """Kept for it, on its way, counted in; or called off before it left."""

    REQUESTED = "requested"
    SHIPPED = "shipped"
    RECEIVED = "received"
    CANCELLED = "cancelled"


ALIVE = (TransferState.REQUESTED, TransferState.SHIPPED)


class TransferLine(SQLModel, table=True):
    """So many units of an item; `received` is kept scan by scan while somebody counts them in."""

    __tablename__ = "transfer_line"
    __table_args__ = (
        sa.UniqueConstraint("transfer_id", "item_id", "order_line_id"),
        sa.CheckConstraint("requested > 0 AND received >= 0", name="something_is_carried"),
        sa.CheckConstraint("shipped >= 0 AND shipped <= requested", name="no_more_leaves_than_was_kept"),
        sa.CheckConstraint("for_order >= 0 AND for_order <= received", name="only_what_arrived_is_promised"),
    )

    id: int = Field(default=None, primary_key=True)
    transfer_id: int = Field(default=None, foreign_key="transfer.id")
    item_id: int = Field(foreign_key="item.id")
    order_line_id: int | None = Field(default=None, foreign_key="order_line.id")
    requested: int
    shipped: int = 0
    received: int = 0
    for_order: int = 0
    """Of what was received, the units that the order waited for."""

    item: Item = Relationship()


class Transfer(Eventful, SQLModel, table=True):
    """Goods from one node to another, for stock or for one customer's order."""

    __tablename__ = "transfer"
    __table_args__ = (
        sa.CheckConstraint("from_id <> to_id", name="goes_somewhere_else"),
        sa.CheckConstraint("(shipped_at IS NULL) = (state IN ('requested', 'cancelled'))", name="shipped_when_gone"),
        sa.Index("transfer_coming", "to_id", "state"),
    )

    id: int = Field(default=None, primary_key=True)
    from_id: int = Field(foreign_key="node.id")
    to_id: int = Field(foreign_key="node.id")
    order_id: int | None = Field(default=None, foreign_key="order.id", index=True)
    state: TransferState = Field(default=TransferState.REQUESTED, sa_type=db.choice(TransferState))
    requested_at: datetime
    expected_at: datetime | None = None
    shipped_at: datetime | None = None
    ended_at: datetime | None = None

    lines: list[TransferLine] = Relationship(sa_relationship_kwargs={"order_by": "TransferLine.id"})

    @property
    def document(self) -> str:
        return f"transfer/{self.id}"

    def cause(self, reason: Reason, *, actor: str, at: datetime) -> Cause:
        return Cause(reason=reason, document=self.document, actor=actor, occurred_at=at, recorded_at=at)

    def must_be(self, state: TransferState) -> None:
        if self.state != state:
            raise TransferOver(f"Transfer {self.id} is already {self.state}.")

    def say(self, event: type[TransferEvent], *, actor: str, at: datetime, **said: int | str) -> None:
        session = sa.inspect(self).session
        is_store = session.get_one(Node, self.to_id).kind == NodeKind.STORE
        self.happened(event(at=at, actor=actor, transfer_id=self.id, from_id=self.from_id, to_id=self.to_id,
                            store_id=self.to_id if is_store else None, order_id=self.order_id, **said))  # fmt: skip


def locked(session: Session, transfer_id: int) -> Transfer | None:
    """The transfer, after the order it is for: whoever comes second waits here and then sees the truth."""
    order_id = session.exec(select(Transfer.order_id).where(Transfer.id == transfer_id)).one_or_none()
    if order_id is not None:
        orders.locked(session, order_id)
    fresh = select(Transfer).where(Transfer.id == transfer_id).with_for_update()
    transfer = session.exec(fresh.execution_options(populate_existing=True)).one_or_none()
    if transfer is not None:
        session.refresh(transfer, ["lines"])
    return transfer


def scan(transfer: Transfer, item: Item, quantity: int) -> TransferLine:
    """So many more have arrived; kept at once. More than was sent is taken down, too."""
    transfer.must_be(TransferState.SHIPPED)
    if not 0 < quantity <= MOST_UNITS:
        raise NotForTransfer("Type how many there are: a number above nothing.")
    of_item = [line for line in transfer.lines if line.item_id == item.id]
    if not of_item:
        raise NotOnTransfer(f"That's {item.full_name}. It is not on this delivery; put it aside.")
    line = next((each for each in of_item if each.received < each.shipped), of_item[-1])
    line.received += quantity
    return line


def count_in(transfer: Transfer, arrived: Iterable[tuple[Item, int]]) -> None:
    """All that arrived, as another system counted it; what it does not name did not come."""
    transfer.must_be(TransferState.SHIPPED)
    for line in transfer.lines:
        line.received = 0
    for item, units in arrived:
        left = units
        for line in transfer.lines:
            taken = min(left, line.shipped) if line.item_id == item.id else 0
            line.received, left = line.received + taken, left - taken
        if left:
            scan(transfer, item, left)


def take_back(transfer: Transfer, line: TransferLine) -> None:
    """One too many was scanned; what is weighed was typed whole, and goes whole."""
    transfer.must_be(TransferState.SHIPPED)
    line.received -= line.received if line.item.is_weighed else min(1, line.received)


def coming(session: Session, node_id: int) -> list[Transfer]:
    """What this node waits for, what is nearest first."""
    here = select(Transfer).where(Transfer.to_id == node_id, col(Transfer.state).in_(ALIVE))
    return list(session.exec(here.order_by(col(Transfer.state).desc(), col(Transfer.requested_at), col(Transfer.id))))


def living_for(session: Session, order_id: int) -> list[Transfer]:
    """What an order still waits for."""
    waiting = select(Transfer).where(Transfer.order_id == order_id, col(Transfer.state).in_(ALIVE))
    return list(session.exec(waiting))


def order_cancelled(session: Session, event: OrderCancelled) -> None:
    """What has not left for the order stays where it is; its claims went with the order."""
    for transfer in living_for(session, event.order_id):
        if transfer.state == TransferState.REQUESTED:
            transfer.state, transfer.ended_at = TransferState.CANCELLED, event.at
            transfer.say(TransferCancelled, actor=event.actor, at=event.at, reason=event.reason)
