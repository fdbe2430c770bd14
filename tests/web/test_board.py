import gzip
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app import db
from app.events import log
from tests.web.shop_floor import BREAD, HTMX, MILK, Floor, open_floor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def floor(database: db.Database, database_url: str) -> Iterator[Floor]:
    yield open_floor(database_url)
    log.react_with({})


def queries_for(tablet, address: str) -> int:
    said: list[str] = []

    def listen(_connection, _cursor, statement, *_rest) -> None:
        said.append(statement)

    sa.event.listen(db.current().engine, "before_cursor_execute", listen)
    assert tablet.get(address).status_code == 200
    sa.event.remove(db.current().engine, "before_cursor_execute", listen)
    return len(said)


def test_the_board_shows_each_order_in_its_lane(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()

    shown = tablet.get("/")

    assert shown.status_code == 200
    assert f'<li id="task-{task_id}"' in shown.text
    assert "Priya N." in shown.text
    assert "priya@example.org" not in shown.text


def test_a_full_board_asks_the_database_no_more_often_than_a_small_one(floor: Floor):
    tablet = floor.tablet()
    for number in range(5):
        floor.order(f"A-{number}")
    few = queries_for(tablet, "/")

    for number in range(5, 60):
        floor.order(f"A-{number}")

    assert queries_for(tablet, "/") == few


def test_a_board_of_sixty_cards_is_light(floor: Floor):
    tablet = floor.tablet()
    for number in range(60):
        floor.order(f"A-{number}")

    assert len(gzip.compress(tablet.get("/").data, 9)) <= 15 * 1024


def test_a_card_to_stage_says_which_shelf_has_room(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    for code in (MILK, MILK, BREAD):
        reply = tablet.post(f"/pickup-tasks/{task_id}/picks", data={"code": code}, headers=HTMX)

    assert "3 items, room on" in reply.text
    assert "3 items, room on" in tablet.get("/").text


def test_a_tablet_that_missed_nothing_gets_nothing(floor: Floor):
    tablet, _ = floor.tablet(), floor.order()
    with db.reading() as session:
        version = log.version(session, f"store/{floor.store_id}")

    assert tablet.get(f"/board?since={version}", headers=HTMX).status_code == 204
    behind = tablet.get(f"/board?since={version - 1}", headers=HTMX)

    assert f'data-version="{version}"' in behind.text
    assert behind.text.count("<hx-partial") == 2


def test_problems_are_listed_owned_and_ended_with_a_reason(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    line = floor.task(task_id).order.lines[1]
    tablet.post(f"/pickup-tasks/{task_id}/shorts", data={"line_id": line.id, "reason": "damaged"}, headers=HTMX)
    plain = {"Sec-Fetch-Site": "same-origin"}

    assert "Damaged: Bread" in tablet.get("/exceptions").text
    assert tablet.post("/exceptions/1/acknowledgement", headers=plain).status_code == 303
    assert "Maya R. is on it" in tablet.get("/exceptions").text
    assert tablet.post("/exceptions/1/dismissal", headers=plain).status_code == 422
    assert tablet.post("/exceptions/1/dismissal", data={"reason": "found"}, headers=plain).status_code == 303
    assert "No problems." in tablet.get("/exceptions").text
    assert tablet.post("/exceptions/1/resolution", headers=plain).status_code == 409
