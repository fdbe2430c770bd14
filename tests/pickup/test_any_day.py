"""Whatever is tapped, in whatever order: the books add up, and "ready" is said of no bag that is on no shelf."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from app.events.outbox import OutboxState
from app.notices.notice import Notice, Stage
from app.oms import books, cancelling, inventory, order, payment, reservation
from app.oms.inventory import Reason
from app.oms.order import Order
from app.oms.payment import PaymentState
from app.pickup import escalation, handover, picking, put_back, short_picks, staging
from app.pickup.handover import HandoverMethod
from app.pickup.short_picks import ShortReason
from app.pickup.task import PickupTask
from app.pickup.task_status import ON_SHELF
from app.refusals import Refusal
from tests.notices.counter import Counter, state_of
from tests.oms.shop import bread, two_milk

Tap = Callable[[Session, PickupTask, int, datetime], object]


def _pick(session: Session, task: PickupTask, maya: int, at: datetime) -> None:
    line = next((line for line in task.lines if line.reserved), task.lines[0])
    picking.pick(session, task, line, associate_id=maya, typed=False, at=at)


def _miss(session: Session, task: PickupTask, maya: int, at: datetime) -> None:
    short_picks.short(session, task, task.lines[0], reason=ShortReason.DAMAGED, associate_id=maya, at=at)


def _stage(session: Session, task: PickupTask, maya: int, at: datetime) -> None:
    shelf = staging.location_for(session, task.store_id, "S-02" if task.location_id else "S-01")
    staging.stage(session, task, shelf, associate_id=maya, typed=True, at=at)


def _put_back(session: Session, task: PickupTask, maya: int, at: datetime) -> None:
    line = next((line for line in task.lines if line.picked or line.staged), task.lines[0])
    put_back.put_back(session, task, line, associate_id=maya, at=at)


def _call_off(number: int, quantity: int | None) -> Tap:
    def call_off(session: Session, task: PickupTask, _: int, at: datetime) -> None:
        placed = order.locked(session, task.order_id)
        line = placed.lines[number]
        cancelling.cancel_units(session, placed, line, quantity, reason="-", actor="customer", at=at)

    return call_off


def _say(state: PaymentState) -> Tap:
    return lambda s, task, _, at: order.locked(s, task.order_id).pay(state, actor="payments", at=at)


TAPS: dict[str, Tap] = {
    "accept": lambda _, task, maya, at: task.acknowledge(associate_id=maya, at=at),
    "give back": lambda session, task, maya, at: task.give_back(session, associate_id=maya, at=at),
    "pick": _pick,
    "take the pick back": lambda s, task, maya, at: picking.take_pick_back(s, task, associate_id=maya, at=at),
    "miss": _miss,
    "find": lambda s, task, maya, at: short_picks.take_short_back(s, task, associate_id=maya, at=at),
    "stage": _stage,
    "unstage": lambda s, task, maya, at: staging.take_back(s, task, associate_id=maya, at=at),
    "arrive": lambda _, task, __, at: handover.arrive(task, spot="Bay 1", actor="customer", at=at),
    "not here": lambda _, task, __, at: handover.take_arrival_back(task, actor="customer", at=at),
    "hand over": lambda s, task, maya, at: handover.hand_over(
        s, task, method=HandoverMethod.CODE, associate_id=maya, at=at
    ),
    "take back": lambda s, task, maya, at: handover.take_back(s, task, associate_id=maya, at=at),
    "cancel": lambda s, task, _, at: order.locked(s, task.order_id).cancel(s, reason="-", actor="customer", at=at),
    "put back": _put_back,
    "call one off": _call_off(0, 1),
    "call the rest off": _call_off(1, None),
    "capture": _say(PaymentState.CAPTURED),
    "fail": _say(PaymentState.FAILED),
    "refund": _say(PaymentState.REFUNDED),
    "sweep": lambda s, task, _, at: escalation.escalate(s, task.id, at=at),
    "say late": lambda s, task, _, at: escalation.tell_late(s, task.id, at=at),
}
numbers = count(1)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taps=st.lists(st.sampled_from([*TAPS, "pick", "pick", "stage"]), max_size=24))
def test_the_books_add_up_after_any_taps(session: Session, nine: datetime, counter: Counter, taps: list[str]):
    delivery = [counter.shop.stock(item, 2) for item in (counter.shop.milk, counter.shop.bread)]
    inventory.record(session, delivery, counter.shop.cause(Reason.RECEIPT))
    placed = counter.place(session, two_milk(), bread(1), at=nine, external_id=f"W-{next(numbers)}")
    task = counter.task(session, placed)

    for step, tap in enumerate(taps):
        tap_once(session, task, TAPS[tap], counter.maya, nine + timedelta(minutes=step))

        _ready_is_true(session, task, placed)
        assert payment.account(session, placed.id).surplus(placed.owed_minor) == 0, "what is too much is asked back"

    assert list(books.unexplained_balances(session)) == []
    assert list(books.unexplained_claims(session)) == []
    held = sum(claim.open_quantity for claim in reservation.of_lines(session, [li.id for li in placed.lines]).values())
    assert held == sum(task.units(place) for place in ("reserved", "picked", "staged"))


def tap_once(session: Session, task: PickupTask, tap: Tap, maya: int, at: datetime) -> None:
    """A refusal changes nothing, as at an edge, where it rolls the transaction back."""
    before = session.info.get("pending_events", [])[:]
    try:
        with session.begin_nested():
            tap(session, task, maya, at)
    except Refusal:
        session.info["pending_events"] = before
        session.expire_all()


def _ready_is_true(session: Session, task: PickupTask, placed: Order) -> None:
    told = session.exec(select(Notice).where(Notice.order_id == placed.id, Notice.stage == Stage.READY)).one_or_none()
    if told is not None and state_of(session, placed, Stage.READY) == OutboxState.PENDING:
        assert task.status in ON_SHELF
        assert staging.standing(session, task.id) is not None
