"""What opens an exception case, and what ends it again because its cause is gone."""

from typing import Any

from sqlmodel import Session, col

from app.oms.order import Order
from app.oms.order_events import OrderCancelled, OrderUnfulfillable, ShipmentLeft, UnitsCancelled
from app.oms.order_status import OVER
from app.oms.routing_decision import OrderRouted, Outcome, UnitsMovedOn
from app.oms.transfer_events import TransferCancelled, TransferRequested, TransferShipped
from app.pickup.exception_case import CaseKind, ExceptionCase, cause_of, end_living, open_about, open_case
from app.pickup.task_events import ShortTakenBack, TaskReceived, UnitsShort

WORTH_A_CALL = frozenset({"ready", "delayed", "cancelled"})
"""What a customer has to hear to do the right thing next."""

LACKING = (CaseKind.NOT_ROUTED, CaseKind.UNFULFILLABLE, CaseKind.TRANSFER_SHORT)
"""Something of the order has no place it could come from."""


def short_pick(session: Session, event: UnitsShort) -> None:
    """Units could not be picked: somebody has to find them or make it good."""
    open_case(session, ExceptionCase(
        kind=CaseKind.SHORT_PICK, cause=f"line/{event.line_id}:short", store_id=event.store_id, order_id=event.order_id,
        task_id=event.task_id, line_id=event.line_id, quantity=event.quantity, detail=event.reason, opened_at=event.at,
    ), actor=event.actor)  # fmt: skip


def short_taken_back(session: Session, event: ShortTakenBack) -> None:
    """Found after all: the problem ends with its cause."""
    end_living(session, col(ExceptionCase.cause) == f"line/{event.line_id}:short", event)


def unfulfillable(session: Session, event: OrderUnfulfillable) -> None:
    """An order without stock is never lost: it waits here."""
    open_case(session, ExceptionCase(
        kind=CaseKind.UNFULFILLABLE, cause=f"order/{event.order_id}:unfulfillable", store_id=event.store_id,
        order_id=event.order_id, detail="no stock when it was placed", opened_at=event.at,
    ), actor=event.actor)  # fmt: skip


def routed(session: Session, event: OrderRouted) -> None:
    """No place can send it, and somebody has to find a way; or one was found after all."""
    if event.outcome == Outcome.NOTHING:
        open_about(session, event, CaseKind.NOT_ROUTED, detail="no place has it")
        return
    _has_a_way(session, event)


def lacks_less(session: Session, event: ShortTakenBack | UnitsCancelled | TransferRequested) -> None:
    """Found, not wanted any more, or on its way: with the last missing unit nobody has to find a way."""
    order = session.get(Order, event.order_id) if event.order_id is not None else None
    if order is not None and not any(line.short + line.unfilled for line in order.lines):
        _has_a_way(session, event)


def left(session: Session, event: ShipmentLeft) -> None:
    """All of it is out of our hands, also what no other place could send."""
    if session.get_one(Order, event.order_id).status in OVER:
        _has_a_way(session, event)


def _has_a_way(session: Session, event: Any) -> None:
    causes = [cause_of(event.order_id, kind) for kind in LACKING]
    end_living(session, col(ExceptionCase.cause).in_(causes), event)


def moved_on(session: Session, event: UnitsMovedOn) -> None:
    """What was missing here comes from elsewhere: nobody has to find it any more."""
    lines = session.get_one(Order, event.order_id).lines
    found = [f"line/{line.id}:short" for line in lines if line.item_id == event.item_id and not line.short]
    end_living(session, col(ExceptionCase.cause).in_(found), event)


def transfer_asked(session: Session, event: TransferRequested) -> None:
    """Another place has it: the way was found."""
    if event.order_id is not None:
        end_living(session, col(ExceptionCase.cause) == cause_of(event.order_id, CaseKind.UNFULFILLABLE), event)


def does_not_come(session: Session, event: TransferShipped | TransferCancelled) -> None:
    """Less was sent than its order waits for, or nothing will be: it needs another way again."""
    order = session.get(Order, event.order_id) if event.order_id is not None else None
    if order is not None and order.status not in OVER and any(line.unfilled for line in order.lines):
        open_about(session, event, CaseKind.UNFULFILLABLE, detail="not all of it was sent to its store")


def transfer_short(session: Session, event: TaskReceived) -> None:
    """Less came than the customer was promised: somebody has to make it good."""
    if event.missing:
        open_case(session, ExceptionCase(
            kind=CaseKind.TRANSFER_SHORT, cause=cause_of(event.order_id, CaseKind.TRANSFER_SHORT),
            store_id=event.store_id, order_id=event.order_id, task_id=event.task_id, quantity=event.missing,
            detail="did not come with the delivery", opened_at=event.at,
        ), actor=event.actor)  # fmt: skip


def undeliverable(session: Session, event: Any) -> None:
    """A message did not reach the customer: somebody has to call, once, however many messages it were."""
    open_about(session, event, CaseKind.UNDELIVERABLE, detail=event.stage)


def without_address(session: Session, event: Any) -> None:
    """Who left no address is called as soon as there is something to do about the order."""
    if event.stage in WORTH_A_CALL:
        undeliverable(session, event)


def reached(session: Session, event: Any) -> None:
    """The customer has a message of ours, or the bag: nobody needs to call any more."""
    end_living(session, col(ExceptionCase.cause) == cause_of(event.order_id, CaseKind.UNDELIVERABLE), event)


def order_cancelled(session: Session, event: OrderCancelled) -> None:
    """With the order its problems are gone."""
    end_living(session, col(ExceptionCase.order_id) == event.order_id, event)
