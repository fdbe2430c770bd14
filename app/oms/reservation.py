"""A claim on a balance for one order line; terminal states are final and exclusive."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.oms import inventory
from app.oms.inventory import Cause, Change
from app.refusals import Refusal


class ReservationState(StrEnum):
    """Soft until the order is paid for, then hard; then consumed or released."""

    SOFT = "soft"
    HARD = "hard"
    CONSUMED = "consumed"
    RELEASED = "released"


class ReservationOver(Refusal):
    """A claim that ended can't be used again."""


class Reservation(SQLModel, table=True):
    """So many units of an item, kept at a node for one order line."""

    __tablename__ = "reservation"
    __table_args__ = (
        sa.CheckConstraint("quantity > 0 AND consumed >= 0 AND released >= 0", name="amounts_are_positive"),
        sa.CheckConstraint("consumed + released <= quantity", name="never_more_than_granted"),
        sa.CheckConstraint("(state IN ('soft', 'hard')) = (consumed + released < quantity)", name="over_when_used_up"),
    )

    id: int = Field(default=None, primary_key=True)
    order_line_id: int = Field(foreign_key="order_line.id", unique=True)
    item_id: int = Field(foreign_key="item.id", index=True)
    node_id: int = Field(foreign_key="node.id", index=True)
    quantity: int
    consumed: int = 0
    released: int = 0
    state: ReservationState = Field(sa_type=db.choice(ReservationState))
    reserved_at: datetime

    @property
    def open_quantity(self) -> int:
        return self.quantity - self.consumed - self.released

    def use_up(self, *, consumed: int = 0, released: int = 0) -> None:
        """Spend part of the claim; the state that ends it says what the last unit did."""
        if consumed + released > self.open_quantity:
            raise ReservationOver("These units are no longer reserved for this order.")
        self.consumed += consumed
        self.released += released
        if self.open_quantity == 0:
            self.state = ReservationState.CONSUMED if self.consumed else ReservationState.RELEASED


def reserve(session: Session, wanted: Iterable[Reservation], cause: Cause) -> None:
    """All lines of an order or none, in one guarded step; `NotEnoughStock` leaves no trace."""
    claims = list(wanted)
    inventory.promise(
        session, [Change(item_id=c.item_id, node_id=c.node_id, reserved=c.quantity) for c in claims], cause
    )
    session.add_all(claims)


def harden(session: Session, order_line_ids: Iterable[int]) -> None:
    """The order is paid for: nobody can slip in between, because the balance does not move."""
    session.execute(
        sa.update(Reservation)
        .where(
            col(Reservation.order_line_id).in_(list(order_line_ids)), col(Reservation.state) == ReservationState.SOFT
        )
        .values(state=ReservationState.HARD)
    )


def of_line(session: Session, order_line_id: int) -> Reservation:
    claim = select(Reservation).where(Reservation.order_line_id == order_line_id)
    return session.exec(claim.execution_options(populate_existing=True)).one()


def of_lines(session: Session, order_line_ids: Iterable[int]) -> dict[int, Reservation]:
    claims = select(Reservation).where(col(Reservation.order_line_id).in_(list(order_line_ids)))
    found = session.exec(claims.execution_options(populate_existing=True))
    return {claim.order_line_id: claim for claim in found}


def release(session: Session, amounts: Iterable[tuple[Reservation, int]], cause: Cause) -> None:
    """Give units back to sale."""
    changes = []
    for claim, quantity in amounts:
        claim.use_up(released=quantity)
        changes.append(Change(item_id=claim.item_id, node_id=claim.node_id, reserved=-quantity))
    inventory.record(session, changes, cause)


def consume(session: Session, amounts: Iterable[tuple[Reservation, int]], cause: Cause) -> None:
    """The customer has it: the units leave the shelf and the promise together."""
    changes = []
    for claim, quantity in amounts:
        claim.use_up(consumed=quantity)
        changes.append(Change(item_id=claim.item_id, node_id=claim.node_id, on_hand=-quantity, reserved=-quantity))
    inventory.record(session, changes, cause)


def unconsume(session: Session, amounts: Iterable[tuple[Reservation, int]], cause: Cause) -> None:
    """A hand-off taken back: the goods are on the counter again, and still this customer's."""
    changes = []
    for claim, quantity in amounts:
        claim.consumed -= quantity
        claim.state = ReservationState.HARD
        changes.append(Change(item_id=claim.item_id, node_id=claim.node_id, on_hand=quantity, reserved=quantity))
    inventory.record(session, changes, cause)


def suppress(session: Session, claim: Reservation, quantity: int, cause: Cause) -> None:
    """Nobody could find these units: they stop being promised to this order and are not for sale to another."""
    claim.use_up(released=quantity)
    change = Change(item_id=claim.item_id, node_id=claim.node_id, reserved=-quantity, suppressed=quantity)
    inventory.record(session, [change], cause)


def unsuppress(session: Session, claim: Reservation, quantity: int, cause: Cause) -> None:
    """Found after all: the very units go back to the order, so no guard is needed."""
    claim.released -= quantity
    claim.state = ReservationState.HARD
    change = Change(item_id=claim.item_id, node_id=claim.node_id, reserved=quantity, suppressed=-quantity)
    inventory.record(session, [change], cause)
