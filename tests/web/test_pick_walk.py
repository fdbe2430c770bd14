from collections.abc import Iterator

import pytest

from app import db
from app.events import log
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
    assert tablet.post("/scans", data={"code": "BADGE-x"}, headers=HTMX).location == "/sign-in"
    assert tablet.post("/scans", data={"code": "nonsense"}, headers=HTMX).status_code == 422
