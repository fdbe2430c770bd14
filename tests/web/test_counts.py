import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app import db
from app.events import log
from app.oms import inventory
from app.oms.item import Item
from app.people.associate import Role
from tests.web.shop_floor import BREAD, HTMX, MILK, PLAIN, Floor, open_floor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def floor(database: db.Database, database_url: str) -> Iterator[Floor]:
    yield open_floor(database_url)
    log.react_with({})


def start(tablet) -> str:
    return str(tablet.post("/counts", data={"code": MILK}, headers=PLAIN).location)


def count_out(tablet, count: str, amount: str):
    typed = {"ending": MILK[-4:], "amount": amount}
    assert tablet.post(f"{count}/scans", data=typed, headers=HTMX).status_code == 200
    return tablet.post(f"{count}/result", headers=HTMX)


def on_hand(floor: Floor) -> int:
    with db.reading() as session:
        kept = inventory.balance_of(session, item_id=floor.shop.milk, node_id=floor.store_id)
        assert kept is not None
        return kept.on_hand


def test_something_is_counted_scan_by_scan_and_stands_in_the_books(floor: Floor):
    maya = floor.tablet()
    count = start(maya)

    for _ in range(2):
        assert "counted</b>" in maya.post(f"{count}/scans", data={"code": MILK}, headers=HTMX).text
    count_out(maya, count, "495")

    assert on_hand(floor) == 497
    assert "Nothing waits" in maya.get("/counts").text


def test_the_screen_never_says_what_the_books_say_before_it_is_over(floor: Floor):
    maya = floor.tablet()
    count = start(maya)
    seen = [maya.get("/counts").text, maya.get(count).text,
            maya.post(f"{count}/scans", data={"code": MILK}, headers=HTMX).text]  # fmt: skip

    assert not [page for page in seen if re.search(r"\b500\b", re.sub(r"<[^>]*>", " ", page))]
    done = count_out(maya, count, "497")
    assert "2 fewer than the books said" in done.text


def test_what_one_tablet_scanned_is_there_on_the_next(floor: Floor):
    maya, again = floor.tablet(), floor.tablet(name="Maya Again")
    count = start(maya)
    maya.post(f"{count}/scans", data={"code": MILK}, headers=HTMX)

    assert "1 counted" in maya.get(count).text
    assert "Maya R." in again.get(count).text
    no = again.post(f"{count}/scans", data={"code": MILK}, headers=HTMX)
    assert (no.status_code, "is counting this" in no.text) == (409, True)


def test_the_wrong_item_is_named_and_not_counted(floor: Floor):
    maya = floor.tablet()
    count = start(maya)

    no = maya.post(f"{count}/scans", data={"code": BREAD}, headers=HTMX)

    assert (no.status_code, "That&#39;s Bread. You are counting Milk." in no.text) == (409, True)
    assert "0 counted" in maya.get(count).text


@pytest.mark.parametrize("amount", ["0", "-1", "1.5", "many", "NaN", "9999999", "1e999999999", ""])
def test_an_absurd_amount_counts_nothing(floor: Floor, amount: str):
    maya = floor.tablet()
    count = start(maya)

    no = maya.post(f"{count}/scans", data={"ending": MILK[-4:], "amount": amount}, headers=HTMX)

    assert no.status_code == 422
    assert "0 counted" in maya.get(count).text


def test_what_is_weighed_is_typed_and_not_scanned(floor: Floor):
    with db.transaction() as session:
        milk = session.exec(select(Item).where(Item.sku == "MILK")).one()
        milk.unit, milk.decimals = "kg", 3
    maya = floor.tablet()
    count = start(maya)

    assert maya.post(f"{count}/scans", data={"code": MILK}, headers=HTMX).status_code == 422
    said = maya.post(f"{count}/scans", data={"ending": MILK[-4:], "amount": "0.350"}, headers=HTMX)

    assert "0.35 kg counted" in said.text


def test_the_same_tap_twice_takes_one_scan_back(floor: Floor):
    maya = floor.tablet()
    count = start(maya)
    for _ in range(3):
        maya.post(f"{count}/scans", data={"code": MILK}, headers=HTMX)

    for _ in range(2):
        maya.post(f"{count}/scans/undo", headers=HTMX | {"Idempotency-Key": "count-1-undo-3"})

    assert "2 counted" in maya.get(count).text


def test_a_large_difference_goes_to_a_colleague(floor: Floor):
    maya, jonas = floor.tablet(), floor.tablet(name="Jonas Tan")
    count = start(maya)

    assert "counted again by a colleague" in count_out(maya, count, "10").text
    assert "A second look" in jonas.get("/counts").text
    assert "10" not in re.sub(r"<[^>]*>", " ", jonas.get(count).text).split()
    count_out(jonas, count, "12")

    assert on_hand(floor) == 12


def test_only_a_lead_says_that_nobody_has_to_count(floor: Floor):
    maya, sana = floor.tablet(), floor.tablet(name="Sana Khan", role=Role.STORE_LEAD)
    count = start(maya)

    assert maya.post(f"{count}/dismissal", data={"reason": "no"}, headers=HTMX).status_code == 403
    assert sana.post(f"{count}/dismissal", data={"reason": " "}, headers=HTMX).status_code == 422
    assert "Nobody has to count this" in sana.post(f"{count}/dismissal", data={"reason": "sold"}, headers=HTMX).text


def test_without_scripts_a_count_goes_from_page_to_page(floor: Floor):
    maya = floor.tablet()
    count = start(maya)

    after = maya.post(f"{count}/scans", data={"code": MILK}, headers=PLAIN)
    assert (after.status_code, after.location) == (303, count)
    no = maya.post(f"{count}/scans", data={"code": BREAD}, headers=PLAIN)

    assert (no.status_code, "You are counting Milk" in no.text) == (409, True)


def test_a_short_pick_puts_the_item_on_the_list_with_its_bin(floor: Floor):
    maya = floor.tablet()
    task_id = floor.order()
    maya.post(f"/pickup-tasks/{task_id}/acknowledgement", headers=HTMX)
    line = floor.task(task_id).lines[0]
    maya.post(f"/pickup-tasks/{task_id}/shorts", data={"line_id": line.id, "reason": "not found"}, headers=HTMX)

    shown = maya.get("/counts").text

    assert "Somebody could not find it" in shown
    assert "A00" in shown


def test_a_list_of_two_counts_asks_the_database_no_more_than_a_list_of_one(floor: Floor):
    maya = floor.tablet()
    start(maya)
    one = questions(lambda: maya.get("/counts"))
    maya.post("/counts", data={"code": BREAD}, headers=PLAIN)

    assert questions(lambda: maya.get("/counts")) == one


def questions(look: Callable[[], Any]) -> int:
    asked: list[str] = []

    def listen(*said: Any) -> None:
        asked.append(said[2])

    sa.event.listen(db.current().engine, "before_cursor_execute", listen)
    look()
    sa.event.remove(db.current().engine, "before_cursor_execute", listen)
    return len(asked)
