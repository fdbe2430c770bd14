"""An order: what it *is* follows from its lines and its payment."""

from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, Session, SQLModel, col, select

from app import db
from app.events.log import Eventful
from app.oms import reservation
from app.oms.customer import Customer
from app.oms.inventory import Cause, Reason
from app.oms.order_events import OrderCancelled, OrderEvent, OrderReleased, PaymentFailed, PaymentRecovered
from app.oms.order_line import OrderLine
from app.refusals import Refusal

PAYMENT_WINDOW = timedelta(minutes=30)
FIRST_NUMBER = 1000


class PaymentState(StrEnum):
    """What the payment service has said."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"


PAID_ENOUGH = frozenset({PaymentState.AUTHORISED, PaymentState.CAPTURED})


class OrderStatus(StrEnum):
    """Derived, never set: a word for what the lines and the payment say."""

    AWAITING_PAYMENT = "awaiting payment"
    ACCEPTED = "accepted"
    PICKING = "picking"
    PARTLY_READY = "partly ready"
    READY = "ready"
    COLLECTED = "collected"
    UNFULFILLABLE = "unfulfillable"
    CANCELLED = "cancelled"


class OrderOver(Refusal):
    """Collected and cancelled are final."""


class Order(Eventful, SQLModel, table=True):
    """What a customer asked for and was promised. Its row is the lock under which its lines and its task change."""

    __tablename__ = "order"
    __table_args__ = (
        sa.UniqueConstraint("channel", "external_id"),
        sa.Index(
            "order_payment_due",
            "payment_due_at",
            sqlite_where=sa.text("payment_due_at IS NOT NULL"),
            postgresql_where=sa.text("payment_due_at IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    channel: str
    external_id: str
    request_hash: str
    customer_id: int = Field(foreign_key="customer.id")
    store_id: int = Field(foreign_key="node.id", index=True)
    placed_at: datetime
    promised_at: datetime
    payment_state: PaymentState = Field(sa_type=db.choice(PaymentState))
    payment_due_at: datetime | None = None
    amount_minor: int
    currency: str
    cancelled_at: datetime | None = None

    customer: Customer = Relationship()
    lines: list[OrderLine] = Relationship(back_populates="order", sa_relationship_kwargs={"order_by": "OrderLine.id"})

    @property
    def number(self) -> str:
        """Short enough to say across a counter."""
        return str(FIRST_NUMBER + self.id)

    @property
    def is_paid_enough(self) -> bool:
        """A task opens only for an order whose payment stands."""
        return self.payment_state in PAID_ENOUGH

    @property
    def status(self) -> OrderStatus:
        if self.cancelled_at is not None:
            return OrderStatus.CANCELLED
        lines = self.lines
        if all(line.ordered == line.short + line.unfilled + line.cancelled for line in lines):
            return OrderStatus.UNFULFILLABLE
        if not any(line.reserved or line.picked or line.staged for line in lines):
            return OrderStatus.COLLECTED
        if not self.is_paid_enough:
            return OrderStatus.AWAITING_PAYMENT
        if any(line.reserved or line.picked for line in lines):
            return OrderStatus.PICKING if any(line.picked for line in lines) else OrderStatus.ACCEPTED
        return OrderStatus.PARTLY_READY if any(line.short for line in lines) else OrderStatus.READY

    def pay(self, state: PaymentState, *, actor: str, at: datetime) -> None:
        """The payment service's word; the first good one makes the claims hard and lets the store begin.

        Money that was captured is there: no other word undoes it. An authorisation can still fail, at its capture.
        """
        if self.cancelled_at is not None:
            raise OrderOver(f"Order {self.number} was cancelled.")
        before = self.payment_state
        if before in (state, PaymentState.CAPTURED) or state == PaymentState.PENDING:
            return  # a word from before, arriving late
        self.payment_state = state
        if state == PaymentState.FAILED:
            self._announce(PaymentFailed, actor=actor, at=at)
        elif before not in PAID_ENOUGH:
            self._paid(actor=actor, at=at, after_all=before == PaymentState.FAILED)

    def _paid(self, *, actor: str, at: datetime, after_all: bool) -> None:
        self.payment_due_at = None
        if any(line.reserved for line in self.lines):
            self.release_to_store(actor=actor, at=at)
        if after_all:
            self._announce(PaymentRecovered, actor=actor, at=at)

    def _announce(self, kind: type[OrderEvent], *, actor: str, at: datetime) -> None:
        self.happened(kind(at=at, actor=actor, order_id=self.id, store_id=self.store_id))

    def release_to_store(self, *, actor: str, at: datetime) -> None:
        session = sa.inspect(self).session
        reservation.harden(session, [line.id for line in self.lines])
        self._announce(OrderReleased, actor=actor, at=at)

    def cancel(self, session: Session, *, reason: str, actor: str, at: datetime) -> None:
        """What nobody has picked goes back on sale at once; what is in a bag waits for its put-back."""
        if self.status in (OrderStatus.COLLECTED, OrderStatus.CANCELLED):
            raise OrderOver(f"Order {self.number} is already {self.status}.")
        claims = reservation.of_lines(session, [line.id for line in self.lines])
        back = [(claims[line.id], line.reserved) for line in self.lines if line.reserved]
        for line in self.lines:
            line.move("reserved", "cancelled", line.reserved)
            line.move("unfilled", "cancelled", line.unfilled)
        reservation.release(session, back, self.cause(Reason.RELEASED, actor=actor, at=at))
        self.cancelled_at, self.payment_due_at = at, None
        self.happened(OrderCancelled(at=at, actor=actor, order_id=self.id, store_id=self.store_id, reason=reason))

    def cause(self, reason: Reason, *, actor: str, at: datetime) -> Cause:
        return Cause(reason=reason, document=f"order/{self.id}", actor=actor, occurred_at=at, recorded_at=at)


def locked(session: Session, order_id: int) -> Order:
    """The order, for a change to it, its lines or its task: whoever comes second waits here and then sees the truth."""
    lines = selectinload(Order.lines)  # type: ignore[arg-type]
    fresh = select(Order).where(Order.id == order_id).options(lines).with_for_update()
    return session.exec(fresh.execution_options(populate_existing=True)).one()


def payment_due(session: Session, at: datetime) -> list[int]:
    """Orders that nobody paid for in time."""
    due = col(Order.payment_due_at)
    return list(session.exec(select(Order.id).where(due <= at).order_by(due).limit(500)))


def give_up_on_payment(session: Session, order_id: int, *, at: datetime) -> None:
    """Safe to call twice: an order paid or cancelled since it was listed is left alone."""
    order = locked(session, order_id)
    if order.payment_due_at is not None and order.payment_due_at <= at:
        order.cancel(session, reason="not paid in time", actor="system", at=at)


def of(session: Session, *, channel: str, external_id: str) -> Order | None:
    return session.exec(select(Order).where(Order.channel == channel, Order.external_id == external_id)).one_or_none()
