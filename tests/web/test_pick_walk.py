import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import col, select

from app import db
from app.events import log
from app.oms.item import Item, Place
from app.pickup.task import PickupTask
from tests.oms.shop import two_milk
from tests.web.shop_floor import BREAD, HTMX, MILK, Floor, open_floor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WALKING = {**HTMX, "HX-Current-URL": "http://localhost/pick-walk"}


@pytest.fixture
def floor(database: db.Database, database_url: str) -> Iterator[Floor]:
    yield open_floor(database_url)
    log.react_with({})


def accepted(floor: Floor, tablet, *names: str) -> list[int]:
    ids = [floor.order(name) for name in names]
    for task_id in ids:
        tablet.post(f"/pickup-tasks/{task_id}/acknowledgement", headers=HTMX)
    return ids


def undo_in(reply: str) -> str:
    """Where the undo slot of a reply leads."""
    return str(re.findall(r"/my-actions/\d+/undo", reply)[0])


def test_a_place_is_visited_once_for_all_orders(floor: Floor):
    tablet = floor.tablet()
    accepted(floor, tablet, "A-1", "A-2")

    shown = tablet.get("/pick-walk")

    assert shown.text.count('<div class="tote">') == 2
    assert shown.text.count("Take 2") == 2
    assert "0 of 6 items, 2 orders." in shown.text


def test_each_scan_goes_to_the_first_order_that_needs_it_until_all_is_picked(floor: Floor):
    tablet = floor.tablet()
    ids = accepted(floor, tablet, "A-1", "A-2")

    for code in (MILK, MILK, MILK, MILK, BREAD, BREAD):
        said = tablet.post("/pick-walk/scans", data={"code": code}, headers=WALKING)
        assert said.status_code == 200, said.text
        assert 'hx-target="#walk"' in said.text

    assert {floor.task(task_id).status for task_id in ids} == {"picked"}
    assert "Everything is picked" in tablet.get("/pick-walk").text


def test_a_wrong_item_is_refused_with_what_is_needed(floor: Floor):
    tablet = floor.tablet()
    accepted(floor, tablet, "A-1")

    for _ in range(2):
        tablet.post("/pick-walk/scans", data={"code": MILK}, headers=WALKING)
    refused = tablet.post("/pick-walk/scans", data={"code": MILK}, headers=WALKING)

    assert refused.status_code == 409
    assert "All 2 of Milk are picked already." in refused.text


def test_what_is_wrong_and_what_is_needed_are_both_named(floor: Floor):
    tablet = floor.tablet()
    with db.transaction() as session:
        milk, bread = session.exec(select(Item).order_by(col(Item.id)))
        milk.detail, bread.detail = "350 ml", "sliced"
    accepted(floor, tablet, "A-1", "A-2")
    tablet.post("/pick-walk/shorts", data={"item_id": bread.id, "reason": "not found"}, headers=WALKING)
    only_milk = floor.order("A-3", two_milk())

    refused = tablet.post(
        "/pick-walk/scans",
        data={"code": BREAD, "task": only_milk},
        headers={**HTMX, "HX-Current-URL": f"http://localhost/pick-walk?task={only_milk}"},
    )

    assert refused.status_code == 409
    assert "That&#39;s Bread, sliced. You need Milk, 350 ml." in refused.text


def test_a_code_nobody_knows_is_said_to_be_none_of_ours(floor: Floor):
    tablet = floor.tablet()
    accepted(floor, tablet, "A-1")

    refused = tablet.post("/pick-walk/scans", data={"code": "4006381333931"}, headers=WALKING)

    assert refused.status_code == 422
    assert "isn&#39;t a code of ours" in refused.text


def test_what_is_not_there_for_several_orders_is_taken_back_for_all_of_them(floor: Floor):
    tablet = floor.tablet()
    ids = accepted(floor, tablet, "A-1", "A-2", "A-3")
    bread = floor.task(ids[0]).order.lines[1].item_id

    said = tablet.post("/pick-walk/shorts", data={"item_id": bread, "reason": "not found"}, headers=WALKING)
    assert "Bread not picked for 1001, 1002, 1003" in said.text
    assert [floor.task(task_id).order.lines[1].short for task_id in ids] == [1, 1, 1]
    undone = tablet.post(undo_in(said.text), headers=WALKING)

    assert undone.status_code == 200
    assert [floor.task(task_id).order.lines[1].short for task_id in ids] == [0, 0, 0]


def test_if_one_of_them_moved_on_none_is_taken_back(floor: Floor):
    maya, ben = floor.tablet(), floor.tablet("Ben Ash")
    ids = accepted(floor, maya, "A-1", "A-2")
    bread = floor.task(ids[0]).order.lines[1].item_id
    said = maya.post("/pick-walk/shorts", data={"item_id": bread, "reason": "not found"}, headers=WALKING)

    ben.post(f"/pickup-tasks/{ids[1]}/picks", data={"code": MILK}, headers=HTMX)
    refused = maya.post(undo_in(said.text), headers=WALKING)

    assert refused.status_code == 409
    assert "Order 1002 has moved on since" in refused.text
    assert [floor.task(task_id).order.lines[1].short for task_id in ids] == [1, 1]


def test_a_tablet_keeps_the_way_its_people_chose(floor: Floor):
    tablet, other = floor.tablet(), floor.tablet("Ben Ash")
    accepted(floor, tablet, "A-1")
    with db.transaction() as session:
        session.exec(select(Place).where(Place.bin == "A00")).one().walk_sequence = 9
    late = accepted(floor, tablet, "A-2")[0]
    with db.transaction() as session:
        session.get_one(PickupTask, late).promised_at -= timedelta(hours=1)
        milk_only = session.get_one(PickupTask, late).order.lines[1]
        milk_only.reserved, milk_only.short = 0, 1

    def stops(browser) -> list[str]:
        walk = browser.get("/pick-walk").text
        return re.findall(r'<div class="stop.*?<bdi>(Milk|Bread)', walk)

    assert stops(tablet) == ["Bread", "Milk"]
    assert tablet.post("/pick-walk/way", data={"way": "late"}, headers=WALKING).status_code == 200
    assert stops(tablet) == ["Milk", "Bread"]
    assert tablet.post("/pick-walk/way", data={"way": "by moonlight"}, headers=WALKING).status_code == 422
    assert stops(other) == ["Bread", "Milk"]


def test_heavy_things_come_first_in_their_aisle_and_cold_ones_last_of_all(floor: Floor):
    tablet = floor.tablet()
    with db.transaction() as session:
        session.exec(select(Item).where(Item.sku == "BREAD")).one().is_heavy = True
    accepted(floor, tablet, "A-1")
    heavy_first = tablet.get("/pick-walk").text
    with db.transaction() as session:
        session.exec(select(Item).where(Item.sku == "BREAD")).one().is_cold = True
    cold_last = tablet.get("/pick-walk").text

    assert '<h2 id="p-h"><bdi>Bread</bdi></h2>' in heavy_first
    assert '<h2 id="p-h"><bdi>Milk</bdi></h2>' in cold_last


def test_a_shelf_scanned_on_the_walk_means_what_it_means_everywhere(floor: Floor):
    tablet = floor.tablet()
    task_id = accepted(floor, tablet, "A-1")[0]
    for code in (MILK, MILK, BREAD):
        tablet.post("/pick-walk/scans", data={"code": code}, headers=WALKING)
    accepted(floor, tablet, "A-2")

    assert tablet.post("/pick-walk/scans", data={"code": "LOC-S-09"}, headers=WALKING).status_code == 200
    assert floor.task(task_id).status == "staged"
    assert tablet.post("/pick-walk/scans", data={"code": "BADGE-x"}, headers=WALKING).status_code == 401


def test_an_item_goes_to_the_order_on_the_screen_else_to_ones_own_most_urgent(floor: Floor):
    maya, ben = floor.tablet(), floor.tablet("Ben Ash")
    first, second, third = accepted(floor, ben, "A-1") + accepted(floor, maya, "A-2", "A-3")
    with db.transaction() as session:
        session.get_one(PickupTask, third).promised_at -= timedelta(minutes=30)

    maya.post("/scans", data={"code": MILK}, headers=HTMX)
    on_page = {**HTMX, "HX-Current-URL": f"http://localhost/pickup-tasks/{second}"}
    maya.post("/scans", data={"code": MILK}, headers=on_page)

    assert [floor.task(task_id).order.lines[0].picked for task_id in (first, second, third)] == [0, 1, 1]


def test_an_item_nobody_ordered_is_named(floor: Floor):
    refused = floor.tablet().post("/scans", data={"code": MILK}, headers=HTMX)

    assert refused.status_code == 409
    assert "That&#39;s Milk. No accepted order needs it." in refused.text


def test_what_is_not_there_and_what_is_skipped_lets_the_walk_go_on(floor: Floor):
    tablet = floor.tablet()
    task_id = accepted(floor, tablet, "A-1")[0]
    milk, bread = (line.item_id for line in floor.task(task_id).order.lines)

    skipped = tablet.get(f"/pick-walk?skip={milk}")
    said = tablet.post("/pick-walk/shorts", data={"item_id": bread, "reason": "not found"}, headers=WALKING)

    assert '<h2 id="p-h"><bdi>Bread</bdi></h2>' in skipped.text
    assert said.status_code == 200
    assert floor.task(task_id).order.lines[1].short == 1


def test_any_scan_anywhere_does_what_the_code_says(floor: Floor):
    tablet = floor.tablet()
    task_id = accepted(floor, tablet, "A-1")[0]

    for code in (MILK, MILK, BREAD, "LOC-S-09"):
        assert tablet.post("/scans", data={"code": code}, headers=HTMX).status_code == 200
    opened = tablet.post("/scans", data={"code": f"PU-{floor.code(task_id)}"}, headers=HTMX)

    assert floor.task(task_id).status == "staged"
    assert opened.location.startswith(f"/pickup-tasks/{task_id}?code=PU-")
    assert tablet.post("/scans", data={"code": "BADGE-x"}, headers=HTMX).status_code == 401
    assert tablet.post("/scans", data={"code": "nonsense"}, headers=HTMX).status_code == 422
