"""What was said about an order's money, a row a word and never changed; the state and the sums follow from the rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.events import outbox
from app.refusals import Refusal

TOPIC = "payment"


class ReferenceTaken(Refusal):
    """The payment service used this reference for another word."""


class MoreThanCaptured(Refusal):
    """Nobody can get back what was never taken."""


class PaymentState(StrEnum):
    """How the money of an order stands."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    REFUNDED = "refunded"


PAID_ENOUGH = frozenset({PaymentState.AUTHORISED, PaymentState.CAPTURED})


class PaymentKind(StrEnum):
    """What a row says; all but the last are the payment service's words."""

    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    REFUNDED = "refunded"
    REFUND_DUE = "refund due"


class Payment(SQLModel, table=True):
    """One word about so much money, under a reference of its own."""

    __tablename__ = "payment"
    __table_args__ = (sa.CheckConstraint("amount_minor >= 0", name="no_negative_money"),)

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="order.id", index=True)
    kind: PaymentKind = Field(sa_type=db.choice(PaymentKind))
    amount_minor: int
    provider_ref: str = Field(unique=True)
    actor: str
    at: datetime


@dataclass
class Account:
    """The sums of an order's rows; an authorisation that failed at its capture counts no more."""

    authorised: int = 0
    captured: int = 0
    refunded: int = 0
    refund_due: int = 0
    words: int = 0
    has_failed: bool = False

    def add(self, word: Payment) -> None:
        self.words += 1
        name = word.kind.name.lower()
        if word.kind == PaymentKind.FAILED:
            self.authorised, self.has_failed = 0, True
            return
        setattr(self, name, getattr(self, name) + word.amount_minor)
        self.has_failed = self.has_failed and word.kind not in (PaymentKind.AUTHORISED, PaymentKind.CAPTURED)

    def state(self, owed: int) -> PaymentState:
        """Less than what is owed is not yet paid; money that was captured is there until it goes back."""
        if self.captured and self.refunded >= self.captured:
            return PaymentState.REFUNDED
        if self.has_failed and (self.captured < owed or not self.captured):
            return PaymentState.FAILED
        if not self.words or max(self.authorised, self.captured) < owed:
            return PaymentState.PENDING
        return PaymentState.CAPTURED if self.captured else PaymentState.AUTHORISED

    def surplus(self, owed: int) -> int:
        """What was captured beyond what is owed, and neither went back nor was asked to."""
        return max(0, self.captured - owed - max(self.refunded, self.refund_due))

    def rest(self, kind: PaymentKind, amount_minor: int) -> int:
        """What a word without an amount speaks of: all that is left."""
        if kind == PaymentKind.REFUNDED:
            return self.captured - self.refunded
        said = {PaymentKind.AUTHORISED: self.authorised, PaymentKind.CAPTURED: self.captured}
        return max(0, amount_minor - said.get(kind, 0))


def account(session: Session, order_id: int) -> Account:
    summed = Account()
    for word in session.exec(select(Payment).where(Payment.order_id == order_id).order_by(col(Payment.id))):
        summed.add(word)
    return summed


def is_new(session: Session, word: Payment) -> bool:
    """A word under a reference that was used is the same word again, or nonsense."""
    known = session.exec(select(Payment).where(Payment.provider_ref == word.provider_ref)).one_or_none()
    same = ("order_id", "kind", "amount_minor")
    if known is not None and any(getattr(known, name) != getattr(word, name) for name in same):
        raise ReferenceTaken(f"The reference {word.provider_ref} was used for another payment.")
    return known is None


def refuse_too_much(summed: Account, word: Payment) -> None:
    if word.kind == PaymentKind.REFUNDED and 0 in (summed.captured, word.amount_minor):
        raise MoreThanCaptured("There is nothing that could go back.")
    if word.kind == PaymentKind.REFUNDED and summed.refunded + word.amount_minor > summed.captured:
        raise MoreThanCaptured("More would go back than was ever captured.")


def ask_for_refund(session: Session, *, order_id: int, amount_minor: int, currency: str, at: datetime) -> None:
    """Kept with the order's money, and posted to whoever moves it."""
    asked = select(sa.func.count()).where(Payment.order_id == order_id, Payment.kind == PaymentKind.REFUND_DUE)
    reference = f"order/{order_id}:refund:{session.exec(asked).one() + 1}"
    session.add(Payment(order_id=order_id, kind=PaymentKind.REFUND_DUE, amount_minor=amount_minor,
                        provider_ref=reference, actor="system", at=at))  # fmt: skip
    payload = {"order": str(order_id), "kind": PaymentKind.REFUND_DUE.value, "amount_minor": amount_minor,
               "currency": currency, "reference": reference}  # fmt: skip
    outbox.post(session, topic=TOPIC, dedupe=reference, payload=payload, at=at, due_at=at)


def opening(order_id: int, state: PaymentState, amount_minor: int, *, actor: str, at: datetime) -> Iterable[Payment]:
    """What the channel knew of the payment when it handed the order in."""
    if state != PaymentState.PENDING:
        yield Payment(order_id=order_id, kind=PaymentKind(state), amount_minor=amount_minor,
                      provider_ref=f"order/{order_id}:placed", actor=actor, at=at)  # fmt: skip
