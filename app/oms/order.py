"""An order: what it *is* follows from its lines and its payment."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, Session, SQLModel, select

from app import db
from app.events.log import Eventful
from app.oms import payment, reservation, worth
from app.oms.customer import Customer
from app.oms.inventory import Cause, Reason
from app.oms.order_events import (
    OrderCancelled,
    OrderEvent,
    OrderReleased,
    PaymentFailed,
    PaymentRecovered,
    PaymentRefunded,
    RefundDue,
)
from app.oms.order_line import Fulfilment, OrderLine
from app.oms.order_status import OVER, OrderStatus, status_of
from app.oms.payment import PAID_ENOUGH, Payment, PaymentKind, PaymentState
from app.refusals import Refusal

FIRST_NUMBER = 1000

_OURS = "and_(Order.id == OrderLine.order_id, OrderLine.is_kit == {})"
_LINES = {"order_by": "OrderLine.id", "primaryjoin": _OURS.format(False)}
_KITS = {"order_by": "OrderLine.id", "primaryjoin": _OURS.format(True), "viewonly": True}


class OrderOver(Refusal):
    """Collected and cancelled are final."""


class Order(Eventful, SQLModel, table=True):
    """What a customer asked for and was promised. Its row is the lock under which its lines and its task change."""

    __tablename__ = "order"
    __table_args__ = (
        sa.UniqueConstraint("channel", "external_id"),
        sa.Index("order_payment_due", "payment_due_at", sqlite_where=sa.text("payment_due_at IS NOT NULL"),
                 postgresql_where=sa.text("payment_due_at IS NOT NULL")),
        sa.Index("order_route_due", "route_due_at", sqlite_where=sa.text("route_due_at IS NOT NULL"),
                 postgresql_where=sa.text("route_due_at IS NOT NULL")),
    )  # fmt: skip

    id: int = Field(default=None, primary_key=True)
    channel: str
    external_id: str
    request_hash: str
    customer_id: int = Field(foreign_key="customer.id")
    store_id: int | None = Field(default=None, foreign_key="node.id", index=True)
    """Where the customer collects; none, when all of it is shipped to them."""
    placed_at: datetime
    promised_at: datetime
    payment_state: PaymentState = Field(sa_type=db.choice(PaymentState))
    payment_due_at: datetime | None = None
    route_due_at: datetime | None = None
    """When another node is looked for, for what nobody has or nobody found; null when nothing is."""
    amount_minor: int
    currency: str
    cancelled_at: datetime | None = None

    customer: Customer = Relationship()
    lines: list[OrderLine] = Relationship(back_populates="order", sa_relationship_kwargs=_LINES)
    """What has to be brought to the customer; of a kit, the things it is made of."""
    kits: list[OrderLine] = Relationship(sa_relationship_kwargs=_KITS)
    fulfilments: list[Fulfilment] = Relationship(sa_relationship_kwargs={"order_by": "Fulfilment.id"})

    @property
    def number(self) -> str:
        """Short enough to say across a counter."""
        return str(FIRST_NUMBER + self.id)

    @property
    def pickup_store_id(self) -> int:
        """Asked of an order that somebody collects."""
        assert self.store_id is not None, self.id  # noqa: S101 - whoever asks has a pickup in hand
        return self.store_id

    @property
    def is_paid_enough(self) -> bool:
        """A task opens only for an order whose payment stands."""
        return self.payment_state in PAID_ENOUGH

    @property
    def status(self) -> OrderStatus:
        if self.cancelled_at is not None:
            return OrderStatus.CANCELLED
        return status_of(self.lines, is_paid_enough=self.is_paid_enough)

    def status_at(self, fulfilment: Fulfilment) -> OrderStatus:
        """How one node's part of it stands."""
        lines = [line for line in self.lines if line.fulfilment_id == fulfilment.id]
        return status_of(lines, is_paid_enough=self.is_paid_enough)

    def pay(
        self,
        state: PaymentState,
        *,
        actor: str,
        at: datetime,
        amount_minor: int | None = None,
        reference: str | None = None,
    ) -> None:
        """The payment service's word; the first good one makes the claims hard and lets the store begin.

        Under a reference a word counts once, for its amount; without one it speaks of all the money, and a state known
        already is a word from before, arriving late. Money captured for an order that was cancelled goes back.
        """  # fmt: skip
        if self.cancelled_at is not None and state not in (PaymentState.CAPTURED, PaymentState.REFUNDED):
            raise OrderOver(f"Order {self.number} was cancelled.")
        if state == PaymentState.PENDING or (reference is None and self._knows(state)):
            return
        session = sa.inspect(self).session
        summed = payment.account(session, self.id)
        kind = PaymentKind(state)
        whole = self.owed_minor if self.cancelled_at is None else self.amount_minor
        amount = summed.rest(kind, whole) if amount_minor is None else amount_minor
        reference = reference or f"order/{self.id}:{kind}:{summed.words + 1}"
        word = Payment(order_id=self.id, kind=kind, amount_minor=amount, provider_ref=reference, actor=actor, at=at)
        if payment.is_new(session, word):
            payment.refuse_too_much(summed, word)
            session.add(word)
            self.settle(actor=actor, at=at)

    def _knows(self, state: PaymentState) -> bool:
        """Money that was captured is there: only giving it back is news."""
        is_there = self.payment_state in (PaymentState.CAPTURED, PaymentState.REFUNDED)
        return self.payment_state == state or (is_there and state != PaymentState.REFUNDED)

    def _stands(self, after: PaymentState, *, actor: str, at: datetime) -> None:
        before, self.payment_state = self.payment_state, after
        if self.cancelled_at is not None or after == before:
            return
        if after == PaymentState.FAILED:
            self._announce(PaymentFailed, actor=actor, at=at)
        elif after == PaymentState.REFUNDED and self.status not in OVER:
            self._announce(PaymentRefunded, actor=actor, at=at)
        elif after in PAID_ENOUGH and before not in PAID_ENOUGH:
            after_all = before != PaymentState.PENDING or self.payment_due_at is None
            self._paid(actor=actor, at=at, after_all=after_all)

    def _paid(self, *, actor: str, at: datetime, after_all: bool) -> None:
        self.payment_due_at = None
        if any(line.reserved for line in self.lines):
            self.release_to_store(actor=actor, at=at)
        if after_all:
            self._announce(PaymentRecovered, actor=actor, at=at)

    @property
    def owed_minor(self) -> int:
        return worth.owed(self.amount_minor, self.lines, is_over=self.cancelled_at is not None)

    @property
    def margin_minor(self) -> int:
        return worth.margin(self.lines, is_over=self.cancelled_at is not None)

    def settle(self, *, actor: str, at: datetime) -> None:
        """How the money stands beside what is owed by now: what was captured beyond it goes back, asked for once."""
        session = sa.inspect(self).session
        summed = payment.account(session, self.id)
        self._stands(summed.state(self.owed_minor), actor=actor, at=at)
        due = summed.surplus(self.owed_minor)
        if due:
            payment.ask_for_refund(session, order_id=self.id, amount_minor=due, currency=self.currency, at=at)
            self.happened(RefundDue(at=at, actor=actor, order_id=self.id, store_id=self.store_id, amount_minor=due))

    def _announce(self, kind: type[OrderEvent], *, actor: str, at: datetime) -> None:
        self.happened(kind(at=at, actor=actor, order_id=self.id, store_id=self.store_id))

    def release_to_store(self, *, actor: str, at: datetime) -> None:
        session = sa.inspect(self).session
        reservation.harden(session, [line.id for line in self.lines])
        self._announce(OrderReleased, actor=actor, at=at)

    def cancel(self, session: Session, *, reason: str, actor: str, at: datetime) -> None:
        """What nobody has picked goes back on sale at once; what is in a bag waits for its put-back."""
        if self.status in OVER:
            raise OrderOver(f"Order {self.number} is already {self.status}.")
        claims = reservation.of_lines(session, [line.id for line in self.lines])
        back = [(claims[line.id], line.reserved) for line in self.lines if line.reserved]
        for line in self.lines:
            line.move("reserved", "cancelled", line.reserved)
            line.move("unfilled", "cancelled", line.unfilled)
        for kit in self.kits:
            kit.move("in_parts", "cancelled", kit.in_parts)
            kit.move("unfilled", "cancelled", kit.unfilled)
        reservation.let_go(session, back, self.cause(Reason.RELEASED, actor=actor, at=at))
        self.cancelled_at, self.payment_due_at, self.route_due_at = at, None, None
        self.happened(OrderCancelled(at=at, actor=actor, order_id=self.id, store_id=self.store_id, reason=reason))
        self.settle(actor=actor, at=at)

    def cause(self, reason: Reason, *, actor: str, at: datetime) -> Cause:
        return Cause(reason=reason, document=f"order/{self.id}", actor=actor, occurred_at=at, recorded_at=at)


def locked(session: Session, order_id: int) -> Order:
    """The order, for a change to it, its lines or its task: whoever comes second waits here and then sees the truth.

    Rows that only point to the order may still be added: the clock adds them holding the task, which waits for us.
    """
    lines = selectinload(Order.lines)  # type: ignore[arg-type]
    fresh = select(Order).where(Order.id == order_id).options(lines).with_for_update(key_share=True)
    return session.exec(fresh.execution_options(populate_existing=True)).one()


def settle_for(session: Session, event: Any) -> None:
    """The bag has left: what was missing from it will not come any more."""
    session.get_one(Order, event.order_id).settle(actor=event.actor, at=event.at)


def of(session: Session, *, channel: str, external_id: str) -> Order | None:
    return session.exec(select(Order).where(Order.channel == channel, Order.external_id == external_id)).one_or_none()
