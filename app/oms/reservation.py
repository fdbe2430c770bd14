"""A claim on a balance for one order line; terminal states are final and exclusive."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.oms import inventory
from app.oms.balance import Key
from app.oms.inventory import Cause, Change
from app.refusals import Refusal


class ReservationState(StrEnum):
    """Soft until the order is paid for, then hard; then consumed, or let go in one of three ways."""

    SOFT = "soft"
    HARD = "hard"
    CONSUMED = "consumed"
    RELEASED = "released"
    EXPIRED = "expired"
    MOVED = "moved"


class ReservationOver(Refusal):
    """A claim that ended can't be used again."""


class Reservation(SQLModel, table=True):
    """So many units of an item, kept at a node for one order line."""

    __tablename__ = "reservation"
    __table_args__ = (
        sa.CheckConstraint("quantity > 0 AND consumed >= 0 AND released >= 0", name="amounts_are_positive"),
        sa.CheckConstraint("consumed + released <= quantity", name="never_more_than_granted"),
        sa.CheckConstraint("(state IN ('soft', 'hard')) = (consumed + released < quantity)", name="over_when_used_up"),
        sa.Index("reservation_of_line", "order_line_id"),
        sa.Index("reservation_of_balance", "item_id", "node_id", "state"),
        sa.Index(
            "reservation_expires",
            "expires_at",
            sqlite_where=sa.text("state = 'soft' AND expires_at IS NOT NULL"),
            postgresql_where=sa.text("state = 'soft' AND expires_at IS NOT NULL"),
        ),
        sa.Index(
            "reservation_running_out",
            "item_id",
            "node_id",
            "expires_at",
            sqlite_where=sa.text("state = 'soft' AND expires_at IS NOT NULL"),
            postgresql_where=sa.text("state = 'soft' AND expires_at IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    admission_key: str | None = Field(default=None, foreign_key="admission.key", index=True)
    order_line_id: int | None = Field(default=None, foreign_key="order_line.id")
    item_id: int = Field(foreign_key="item.id")
    node_id: int = Field(foreign_key="node.id")
    channel: str = ""
    expires_at: datetime | None = None
    quantity: int
    consumed: int = 0
    released: int = 0
    state: ReservationState = Field(sa_type=db.choice(ReservationState))
    reserved_at: datetime

    @property
    def open_quantity(self) -> int:
        return self.quantity - self.consumed - self.released

    @property
    def key(self) -> Key:
        return self.item_id, self.node_id

    def is_standing(self, at: datetime) -> bool:
        """It keeps something, and has not run out: also before the sweep comes by."""
        return self.open_quantity > 0 and (self.expires_at is None or self.expires_at > at)

    @property
    def document(self) -> str:
        return self.admission_key or f"reservation/{self.id}"

    def end(self, state: ReservationState) -> None:
        """What is still open is let go, and the state says how."""
        self.released += self.open_quantity
        self.state = state

    def resize(self, more: int) -> None:
        """Keep more, or fewer: what was granted stays the sum of what is kept, used and given back."""
        if more > 0:
            self.quantity += more
        else:
            self.use_up(released=-more)

    def use_up(self, *, consumed: int = 0, released: int = 0) -> None:
        """Spend part of the claim; the state that ends it says what the last unit did."""
        if consumed + released > self.open_quantity:
            raise ReservationOver("These units are no longer reserved for this order.")
        self.consumed += consumed
        self.released += released
        if self.open_quantity == 0:
            self.state = ReservationState.CONSUMED if self.consumed else ReservationState.RELEASED


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
    return of_lines(session, [order_line_id])[order_line_id]


def of_lines(session: Session, order_line_ids: Iterable[int]) -> dict[int, Reservation]:
    """Each line's claim: the newest, since a line that was routed anew has the old ones too."""
    claims = select(Reservation).where(col(Reservation.order_line_id).in_(list(order_line_ids)))
    found = session.exec(claims.order_by(col(Reservation.id)).execution_options(populate_existing=True))
    return {claim.order_line_id: claim for claim in found if claim.order_line_id is not None}


def release(session: Session, amounts: Iterable[tuple[Reservation, int]], cause: Cause) -> None:
    """Give units back to sale."""
    changes = []
    for claim, quantity in amounts:
        claim.use_up(released=quantity)
        changes.append(Change(item_id=claim.item_id, node_id=claim.node_id, reserved=-quantity))
    inventory.record(session, changes, cause)


def let_go(session: Session, amounts: Iterable[tuple[Reservation, int]], cause: Cause) -> None:
    """Give back what is still held of it; units on their way from another node stand in no claim until they arrive."""
    release(session, [(claim, min(quantity, claim.open_quantity)) for claim, quantity in amounts], cause)


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
    """Found after all: they go back to the order, so no guard is needed; a count may have freed them meanwhile."""
    claim.released -= quantity
    claim.state = ReservationState.HARD
    key = claim.item_id, claim.node_id
    page = inventory.open_page(session, [key])
    held_back = min(quantity, page.levels[key].suppressed)
    page.enter(Change(item_id=key[0], node_id=key[1], reserved=quantity, suppressed=-held_back), cause)
    page.save()
