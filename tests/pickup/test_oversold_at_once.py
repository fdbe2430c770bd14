"""Tills, pickers, counters and customers at one empty shelf: nobody waits for another for ever, and all is as it is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random

from sqlmodel import Session, select

from app import db
from app.events import log
from app.oms import books, endangered, inventory, shortfall
from app.oms import order as orders
from app.oms.inventory import Cause, Reason
from app.oms.order import Order
from app.oms.shortfall import Shortfall
from app.pickup import count as counts
from app.pickup import count_posting, count_scan, exception_case, oversold, picking, short_picks, tally
from app.pickup import task as tasks
from app.pickup.count import StockCount
from app.pickup.exception_case import CaseKind, CaseStatus
from app.pickup.short_picks import ShortReason
from app.pickup.task import PickupTask
from app.refusals import Refusal
from tests.notices.counter import Counter
from tests.oms.shop import bread, two_milk

AT_ONCE, TURNS = 5, 10


def test_whatever_happens_at_once_the_problems_are_those_of_the_shelf(committed: Counter, nine: datetime):
    def work(number: int) -> None:
        dice = Random(number)
        for turn in range(TURNS):
            try:
                with db.transaction() as session:
                    _act(session, committed, dice, number * 100 + turn, nine + timedelta(minutes=turn))
            except Refusal:
                continue

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, range(AT_ONCE)))

    _agree(committed, nine + timedelta(hours=1))


def _act(session: Session, counter: Counter, dice: Random, number: int, at: datetime) -> None:
    act = dice.choice(["place", "place", "sell", "sell", "sell", "pick", "miss", "cancel", "count", "solve"])
    if act == "place":
        lines = dice.sample([two_milk(), bread(1)], dice.randint(1, 2))
        counter.place(session, *lines, at=at, external_id=f"A-{number}")
    elif act == "sell":
        told = Cause(reason=Reason.SALE, document=f"till/{number}", actor="till", occurred_at=at, recorded_at=at)
        both = [counter.shop.stock(item, dice.randint(-60, 20)) for item in (counter.shop.milk, counter.shop.bread)]
        inventory.record(session, dice.sample(both, dice.randint(1, 2)), told)
    elif act == "cancel":
        ids = session.exec(select(Order.id)).all()
        if ids:
            orders.locked(session, dice.choice(ids)).cancel(session, reason="-", actor="w", at=at)
    elif act == "count":
        _count(session, counter, dice, at)
    elif act == "solve":
        _solve(session, counter, at)
    else:
        _fetch(session, counter, dice, act, at)


def _fetch(session: Session, counter: Counter, dice: Random, act: str, at: datetime) -> None:
    ids = session.exec(select(PickupTask.id)).all()
    if not ids:
        return
    task = tasks.locked(session, dice.choice(ids))
    line = dice.choice(task.lines)
    if act == "pick":
        picking.pick(session, task, line, associate_id=counter.maya, typed=False, at=at)
    else:
        short_picks.short(session, task, line, reason=ShortReason.NOT_FOUND, associate_id=counter.maya, at=at)


def _count(session: Session, counter: Counter, dice: Random, at: datetime) -> None:
    waiting = session.exec(select(StockCount.id)).all()
    count = counts.locked(session, dice.choice(waiting)) if waiting else None
    if count is not None and count.ended_at is None:
        count_scan.scan(session, count, dice.randint(1, 40), associate_id=counter.maya, typed=True, at=at)
        count_posting.finish(session, count, associate_id=counter.maya, at=at)


def _solve(session: Session, counter: Counter, at: datetime) -> None:
    living = exception_case.living(session, counter.shop.node_id)
    if living:
        session.refresh(living[0], with_for_update=True)
        living[0].end(CaseStatus.RESOLVED, actor=f"associate/{counter.maya}", at=at, reason="seen")


def _agree(counter: Counter, at: datetime) -> None:
    with db.transaction() as session:
        for owing in session.exec(select(Shortfall).order_by(Shortfall.id)):  # type: ignore[arg-type]
            oversold.look_again(session, owing, at=at)
    with db.reading() as session:
        for check in (books.unexplained_balances, books.unexplained_claims, shortfall.untrue, log.broken_links,
                      tally.untrue):  # fmt: skip
            assert list(check(session)) == []
        living = exception_case.living(session, counter.shop.node_id)
        known = {(case.line_id, case.quantity) for case in living if case.kind == CaseKind.OVERSOLD}
        assert known <= {
            (each.line_id, each.units)
            for owing in session.exec(select(Shortfall))
            for each in endangered.at(session, item_id=owing.item_id, node_id=owing.node_id, units=owing.units)
        }
