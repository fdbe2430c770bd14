"""The demo: a world that is true to its books, looks alive at once, and goes on."""

import json
from datetime import timedelta
from random import Random

import pytest
from sqlmodel import col, select

from app import db
from app.config import Settings
from app.events import log
from app.oms import books, item, transfer
from app.oms.order import Order
from app.oms.transfer import TransferState
from app.people.associate import Associate
from app.people.store import Region, Store
from app.pickup import count, count_cause, escalation, tally
from app.pickup.task import PickupTask
from app.pickup.task_status import TaskStatus
from seed import demo, demo_goods
from seed.day import Day


@pytest.fixture
def settings(database, database_url, tmp_path):
    return Settings(database_url=database_url, secret_key="k" * 40, var=tmp_path)


def what_is_untrue() -> list[str]:
    with db.reading() as session:
        checks = (books.unexplained_balances, books.unexplained_claims, log.broken_links, tally.untrue)
        return [words for check in checks for words in check(session)]


def test_every_barcode_of_the_demo_can_be_scanned():
    goods = demo_goods.items()

    assert len(goods) >= 60
    assert len({spec.sku for spec in goods}) == len({spec.gtin for spec in goods}) == len(goods)
    assert all(item.gtin_of(spec.gtin) == spec.gtin.zfill(14) for spec in goods)


@pytest.mark.parametrize("later", [timedelta(), timedelta(hours=15, minutes=20)], ids=["morning", "after midnight"])
def test_the_first_look_at_the_demo_is_alive_and_its_books_are_true(settings, nine, later):
    at = nine + later
    demo.build(settings, at)

    assert what_is_untrue() == []
    with db.reading() as session:
        board = tally.of(session, 1)
        assert (board.new, board.pick, board.stage, board.hand_off, board.here) == (4, 7, 3, 9, 2)
        north = session.exec(select(Region).where(Region.code == "NORTH")).one()
        assert len(escalation.waiting(session, north.id)) == 1
        assert max(event.at for event in session.exec(select(log.Event))) <= at


def test_a_newcomer_sees_parcels_at_every_step_each_at_the_shop_that_is_nearest(settings, nine):
    demo.build(settings, nine)

    with db.reading() as session:
        sent = [task for task in session.exec(select(PickupTask).order_by(col(PickupTask.store_id))) if task.is_ship]
        codes = dict(session.exec(select(Store.id, Store.code)).all())
        assert sorted((codes[task.store_id], task.status.value) for task in sent) == [
            ("118", "accepted"), ("118", "packed"), ("118", "picked"), ("118", "requested"), ("118", "shipped"),
            ("204", "accepted"), ("204", "packed"),
        ]  # fmt: skip


def test_the_demo_has_a_box_on_its_way_and_something_to_count(settings, nine):
    demo.build(settings, nine)

    with db.transaction() as session:
        assert count_cause.open_plan(session, at=nine) >= demo.DAILY_COUNTS
        riverside = session.exec(select(Store).where(Store.code == "118")).one()
        assert len(count.living(session, riverside.id)) >= demo.DAILY_COUNTS
        (coming,) = transfer.coming(session, riverside.id)
        assert (coming.state, len(coming.lines)) == (TransferState.SHIPPED, 3)


def test_the_list_of_people_opens_the_door(settings, nine):
    demo.build(settings, nine)

    told = json.loads((settings.var / "demo-people.json").read_text())
    with db.reading() as session:
        maya = session.exec(select(Associate).where(Associate.name == "Maya Rossi")).one()
        assert maya.has_pin(next(person["pin"] for person in told if person["name"] == "Maya Rossi"))
    assert {person.get("store") or person.get("region") for person in told} == {
        "118", "204", "311", "427", "NORTH", "SOUTH"
    }  # fmt: skip


def test_a_demo_that_is_there_stays_as_it_is(settings, nine):
    demo.build(settings, nine)
    with db.reading() as session:
        before = log.heads(session)

    demo.build(settings, nine + timedelta(hours=1))

    with db.reading() as session:
        assert log.heads(session) == before


def test_the_day_goes_on_and_the_first_board_is_left_to_the_visitor(settings, nine):
    demo.build(settings, nine)
    with db.reading() as session:
        orders = len(session.exec(select(Order.id)).all())
    day = Day(settings, dice=Random(4))
    for turn in range(60):
        day.step(nine + timedelta(seconds=15 * turn))

    assert what_is_untrue() == []
    with db.reading() as session:
        assert len(session.exec(select(Order.id)).all()) > orders
        here = session.exec(select(PickupTask).where(PickupTask.store_id == 1)).all()
        assert sum(task.status == TaskStatus.REQUESTED for task in here) >= 3
