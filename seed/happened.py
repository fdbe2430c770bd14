"""One happening of a stream, told to the shop through its own verbs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.oms import inventory, order, placing
from app.oms.inventory import Cause, Change, Movement, Reason
from app.oms.item import Item
from app.oms.node import Node
from app.oms.order import Order
from app.oms.order_status import OrderStatus
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest
from seed.customers import name_of
from seed.replay_report import Report
from seed.streams import Basket, Cancellation, Happening, ReturnedLine

PROMISE = timedelta(hours=2)
PLAYED = "played before"
PART_OF_OPEN = "part of an order that still waits: only all of it can be cancelled"
OVER = (OrderStatus.COLLECTED, OrderStatus.CANCELLED)


@dataclass
class Shop:
    """The codes of the shop as its own ids, and what was played into it before, read once."""

    channel: str
    currency: str
    items: dict[str, int]
    nodes: dict[str, int]
    played: set[str]
    report: Report
    fresh: set[str] = field(default_factory=set)
    """Played by the group that has not committed yet."""

    @classmethod
    def read(cls, session: Session, channel: str, currency: str, report: Report) -> "Shop":
        ours = col(Movement.document).like(f"{channel}/%")
        documents = set(session.exec(select(Movement.document).where(ours).distinct()))
        orders = session.exec(select(Order.external_id).where(Order.channel == channel))
        return cls(
            channel, currency, dict(session.exec(select(Item.sku, Item.id)).all()),
            dict(session.exec(select(Node.code, Node.id)).all()),
            documents | {f"{channel}/order/{external_id}" for external_id in orders}, report,
        )  # fmt: skip

    def tell(self, session: Session, happening: Happening, at: datetime) -> None:
        """All of it or nothing; what was played before has no second effect."""
        with session.begin_nested():
            if isinstance(happening, Cancellation):
                self._take_back(session, happening, at)
            elif happening.is_pickup:
                self._order(session, happening, at)
            else:
                self._sell(session, happening, at)

    def keep(self) -> None:
        """The group has committed."""
        self.played |= self.fresh
        self.fresh.clear()

    def forget(self, before: Report) -> None:
        """The group was rolled back."""
        self.report.go_back_to(before)
        self.fresh.clear()

    def _is_new(self, document: str) -> bool:
        if document in self.played or document in self.fresh:
            self.report.skipped[PLAYED] += 1
            return False
        self.fresh.add(document)
        return True

    def _sell(self, session: Session, basket: Basket, at: datetime) -> None:
        document = f"{self.channel}/sale/{basket.external_id}"
        if self._is_new(document):
            node_id = self.nodes[basket.store_code]
            changes = [
                Change(item_id=self.items[line.sku], node_id=node_id, on_hand=-line.quantity) for line in basket.lines
            ]
            inventory.record(session, changes, self._cause(Reason.SALE, document, at))
            self.report.sales += 1
            self.report.stock_events += len(changes)

    def _order(self, session: Session, basket: Basket, at: datetime) -> None:
        if not self._is_new(f"{self.channel}/order/{basket.external_id}"):
            return
        placed = placing.place(session, self._request(basket, at), actor=f"channel/{self.channel}", at=at)
        is_short = placed.status == OrderStatus.UNFULFILLABLE
        self.report.orders += 1
        self.report.unfulfillable += is_short
        self.report.stock_events += 0 if is_short else len(basket.lines)

    def _request(self, basket: Basket, at: datetime) -> OrderRequest:
        lines = tuple(
            LineRequest(sku=line.sku, quantity=line.quantity, unit_price_minor=line.unit_price_minor)
            for line in basket.lines
        )
        who = basket.household or basket.external_id
        return OrderRequest(
            channel=self.channel, external_id=basket.external_id, store_code=basket.store_code, placed_at=at,
            promised_at=at + PROMISE, customer_name=name_of(who), email=f"household-{who}@example.com", phone=None,
            language="en", payment_state=PaymentState.AUTHORISED, currency=self.currency, lines=lines,
            amount_minor=sum(line.quantity * line.unit_price_minor for line in lines),
        )  # fmt: skip

    def _take_back(self, session: Session, cancellation: Cancellation, at: datetime) -> None:
        """A waiting order is called off; what was taken home comes back into stock."""
        document = f"{self.channel}/return/{cancellation.external_id}"
        brought: list[ReturnedLine] = []
        outcomes: list[str] = []
        for purchase_id, lines in _by_purchase(cancellation.lines).items():
            bought = order.of(session, channel=self.channel, external_id=purchase_id) if purchase_id else None
            if bought is None or bought.status == OrderStatus.COLLECTED:
                brought.extend(lines)
            else:
                outcomes.append(self._call_off(session, bought, lines, at))
        if brought:
            self._bring_back(session, cancellation.store_code, brought, self._cause(Reason.RETURN, document, at))
        elif "cancelled" in outcomes:
            self.report.cancelled += 1
        else:
            self.report.skipped[PLAYED if PLAYED in outcomes else PART_OF_OPEN] += 1

    def _call_off(self, session: Session, bought: Order, lines: Iterable[ReturnedLine], at: datetime) -> str:
        fresh = order.locked(session, bought.id)
        if fresh.status in OVER:
            return PLAYED
        if sum(line.quantity for line in lines) < sum(line.ordered for line in fresh.lines):
            return PART_OF_OPEN
        self.report.stock_events += sum(1 for line in fresh.lines if line.reserved)
        fresh.cancel(session, reason="cancelled by the customer", actor=f"channel/{self.channel}", at=at)
        return "cancelled"

    def _bring_back(self, session: Session, store_code: str, lines: Iterable[ReturnedLine], cause: Cause) -> None:
        if self._is_new(cause.document):
            node_id = self.nodes[store_code]
            changes = [Change(item_id=self.items[line.sku], node_id=node_id, on_hand=line.quantity) for line in lines]
            inventory.record(session, changes, cause)
            self.report.returns += 1
            self.report.stock_events += len({change.item_id for change in changes})

    def _cause(self, reason: Reason, document: str, at: datetime) -> Cause:
        return Cause(reason=reason, document=document, actor=f"till/{self.channel}", occurred_at=at, recorded_at=at)


def _by_purchase(lines: Iterable[ReturnedLine]) -> dict[str | None, list[ReturnedLine]]:
    grouped: dict[str | None, list[ReturnedLine]] = {}
    for line in lines:
        grouped.setdefault(line.purchase_id, []).append(line)
    return grouped
