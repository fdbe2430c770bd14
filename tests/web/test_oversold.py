"""What was promised and is not there, as everybody sees it: on the board, the order, the desk, in the figures."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app import db
from app.clock import now
from app.drawing import by_words
from app.events import log
from app.oms import inventory, placing
from app.oms.inventory import Cause, Reason
from app.oms.placing import LineRequest
from app.people.associate import Role
from app.pickup import oversold
from tests.oms.shop import order_form
from tests.web.shop_floor import HTMX, MILK, PLAIN, Floor, open_floor
from tests.web.test_board import queries_for

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def floor(database: db.Database, database_url: str) -> Iterator[Floor]:
    yield open_floor(database_url)
    log.react_with({})


def sell(floor: Floor, quantity: int, item_id: int | None = None) -> None:
    at = now()
    sold = Cause(reason=Reason.SALE, document="till/1", actor="till", occurred_at=at, recorded_at=at)
    with db.transaction() as session:
        inventory.record(session, [floor.shop.stock(item_id or floor.shop.milk, -quantity)], sold)


def test_the_order_in_danger_says_so_wherever_it_is_seen(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    assert "may be gone" not in tablet.get("/").text

    sell(floor, 499)

    assert "1 may be gone: count first" in tablet.get("/").text
    page = tablet.get(f"/pickup-tasks/{task_id}").text
    assert "1 may be gone" in page
    assert 'href="/counts/1"' in page
    problem = tablet.get("/exceptions").text
    assert "More promised than there is: Milk" in problem
    assert 'href="/counts/1"' in problem
    assert "More is promised than there is" in tablet.get("/counts").text


def test_a_problem_names_the_day_of_a_promise_that_is_not_today(floor: Floor):
    tablet = floor.tablet()
    with db.transaction() as session:
        day = now() + timedelta(days=3)
        lines = LineRequest(sku="MILK", quantity=5000, unit_price_minor=150)
        form = order_form(floor.shop, lines, placed_at=now(), promised_at=day)
        placing.place(session, form, actor="channel/web", at=now())

    assert f"promised by {by_words(day, now(), 'Europe/London')}." in tablet.get("/exceptions").text


def test_counting_it_first_puts_it_right(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    sell(floor, 499)

    for _ in range(2):
        tablet.post("/counts/1/scans", data={"code": MILK}, headers=HTMX)
    assert tablet.post("/counts/1/result", headers=PLAIN).status_code == 303

    assert "may be gone" not in tablet.get(f"/pickup-tasks/{task_id}").text
    assert "No problems." in tablet.get("/exceptions").text


def test_it_can_be_picked_all_the_same(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    tablet.post(f"/pickup-tasks/{task_id}/acknowledgement", headers=HTMX)

    sell(floor, 499)

    assert "Start pick" in tablet.get("/").text


def test_many_in_danger_ask_the_database_no_more_often_than_a_few(floor: Floor):
    tablet = floor.tablet()
    for number in range(12):
        floor.order(f"A-{number}")
    sell(floor, 478)
    few = [queries_for(tablet, address) for address in ("/", "/exceptions")]

    sell(floor, 20)

    assert tablet.get("/").text.count("2 may be gone") >= 11
    assert [queries_for(tablet, address) for address in ("/", "/exceptions")] == few


def test_the_region_and_the_figures_count_them(floor: Floor):
    floor.order("A-1")
    floor.order("A-2")
    sell(floor, 498)

    figures = floor.app.test_client().get("/metrics").text
    assert "readyshelf_short_shelves 1.0" in figures
    assert "readyshelf_units_short 2.0" in figures
    assert 'readyshelf_problems{kind="oversold"} 1.0' in figures
    with db.reading() as session:
        assert oversold.in_region(session, 1) == (1, 1)
        assert oversold.in_region(session, 2) == (0, 0)


def test_another_store_is_not_told_of_it(floor: Floor):
    tablet = floor.tablet("Jo Vane", Role.STORE_LEAD)
    floor.order()
    sell(floor, 499)
    with db.transaction() as session:
        assert oversold.risks_of(session, 1, floor.store_id + 1) == {}

    assert "More promised than there is" in tablet.get("/exceptions").text
