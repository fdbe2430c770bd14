"""A shelf that falls short in an old shop costs what it costs in a new one: nothing is looked for in the past."""

from collections.abc import Callable

from sqlmodel import Session, select

from app import db
from app.oms import inventory
from app.oms.inventory import Cause, Change, Reason
from app.pickup import exception_case, oversold, picking, tally
from app.pickup import task as tasks
from app.pickup.exception_case import CaseKind
from app.pickup.task import PickupTask
from bench.past_size import AT
from bench.scale_work import Shop
from jobs.resource import resource
from tests.oms.test_plans import shop  # noqa: F401 - a fixture
from tests.plans import explained

ALL = 2_000_000


def _tell(old: Shop, units: int) -> None:
    told = Cause(reason=Reason.SALE, document="till/1", actor="till", occurred_at=AT, recorded_at=AT)
    with db.transaction() as session:
        change = Change(item_id=old.place.item + 1, node_id=old.place.node, on_hand=units)
        inventory.record(session, [change], told)


def _pick(old: Shop, task_id: int) -> None:
    with db.transaction() as session:
        task = tasks.locked(session, task_id)
        picking.pick(session, task, task.lines[0], associate_id=old.place.associate, typed=False, at=AT)


def _oversold(session: Session, old: Shop) -> int:
    living = exception_case.living(session, old.place.node)
    return sum(case.kind == CaseKind.OVERSOLD for case in living)


def test_what_falls_short_is_found_by_an_index(shop: Shop):  # noqa: F811
    with db.reading() as session:
        newest = max(session.exec(select(PickupTask.id)))
    acts: list[Callable[[], None]] = [
        lambda: _tell(shop, -ALL), lambda: resource(AT), lambda: _pick(shop, newest), lambda: _tell(shop, ALL),
    ]  # fmt: skip
    for act in acts:
        with explained() as plans:
            act()
        assert plans.whole_readings == []

        with explained() as plans, db.reading() as session:
            oversold.risks_of(session, 1, shop.place.node)
            oversold.in_region(session, 1)
        assert plans.whole_readings == []


def test_it_is_short_in_between(shop: Shop):  # noqa: F811
    _tell(shop, -ALL)
    with db.reading() as session:
        assert _oversold(session, shop) > 0
        assert list(tally.untrue(session)) == []
    _tell(shop, ALL)
    with db.reading() as session:
        assert _oversold(session, shop) == 0
