import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from app import clock, db
from app.clock import now
from app.events import log
from app.oms import inventory
from app.oms import order as orders
from app.people.associate import Role
from app.pickup.task import PickupTask
from tests.web.shop_floor import BREAD, HTMX, MILK, PLAIN, Floor, open_floor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def floor(database: db.Database, database_url: str, nine: datetime) -> Iterator[Floor]:
    clock.hold(lambda: nine)
    yield open_floor(database_url)
    clock.release()
    log.react_with({})


def post(tablet, task_id: int, noun: str, **form: object):
    reply = tablet.post(f"/pickup-tasks/{task_id}/{noun}", data=form, headers=HTMX)
    assert reply.status_code == 200, reply.text
    return reply


def take_back(tablet, task_id: int, noun: str):
    return tablet.delete(f"/pickup-tasks/{task_id}/{noun}", headers=HTMX).status_code


def staged(floor: Floor, tablet, name: str = "A-1") -> int:
    task_id = floor.order(name)
    for code in (MILK, MILK, BREAD):
        post(tablet, task_id, "picks", code=code)
    post(tablet, task_id, "staging", code="LOC-S-09")
    return task_id


def cancel(task_id: int) -> None:
    with db.transaction() as session:
        order_id = session.get_one(PickupTask, task_id).order_id
        orders.locked(session, order_id).cancel(session, reason="changed my mind", actor="customer", at=now())


def free(floor: Floor) -> tuple[int, int]:
    """Milk and bread that are for sale."""
    with db.reading() as session:
        milk = inventory.balance_of(session, item_id=floor.shop.milk, node_id=floor.store_id)
        bread = inventory.balance_of(session, item_id=floor.shop.bread, node_id=floor.store_id)
        assert milk
        assert bread
        return milk.free, bread.free


def actions(tablet) -> list[str]:
    """The addresses behind the buttons of My last 20 actions."""
    shown = tablet.get("/my-actions").text
    return re.findall(r'action="(/my-actions/\d+/undo)"', shown[shown.index('id="my-actions"') :])


def test_every_act_is_taken_back_where_it_was_done(floor: Floor):
    lead, task_id = floor.tablet(role=Role.STORE_LEAD), floor.order()

    post(lead, task_id, "acknowledgement")
    assert take_back(lead, task_id, "acknowledgement") == 200
    assert floor.task(task_id).status == "requested"
    for code in (MILK, MILK, BREAD):
        post(lead, task_id, "picks", code=code)
    assert take_back(lead, task_id, "picks") == 200
    assert floor.task(task_id).status == "picking"
    post(lead, task_id, "picks", code=BREAD)
    post(lead, task_id, "staging", code="LOC-S-09")
    assert take_back(lead, task_id, "staging") == 200
    assert floor.task(task_id).status == "picked"
    post(lead, task_id, "staging", code="LOC-S-09")
    post(lead, task_id, "handover", code=floor.code(task_id))
    assert take_back(lead, task_id, "handover") == 200
    assert floor.task(task_id).status == "staged"


def test_a_short_is_taken_back_where_it_was_said(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    line = floor.task(task_id).order.lines[1]

    post(tablet, task_id, "shorts", line_id=line.id, reason="damaged")
    assert free(floor)[1] == 499
    assert take_back(tablet, task_id, "shorts") == 200

    assert floor.task(task_id).order.lines[1].reserved == 1


def test_what_has_moved_on_is_not_taken_back(floor: Floor):
    tablet, task_id = floor.tablet(), staged(floor, floor.tablet("Ben Ash"))

    assert [take_back(tablet, task_id, noun) for noun in ("acknowledgement", "picks")] == [409, 409]
    assert take_back(tablet, task_id, "collection") == 404


def test_a_hand_off_is_taken_back_by_a_lead_and_for_ten_minutes(floor: Floor, nine: datetime):
    tablet, lead = floor.tablet(), floor.tablet("Lea Dunn", Role.STORE_LEAD)
    first, second = staged(floor, tablet), staged(floor, tablet, "A-2")
    for task_id in (first, second):
        post(tablet, task_id, "handover", code=floor.code(task_id))

    assert take_back(tablet, first, "handover") == 403
    assert "Take the hand-off back" not in tablet.get(f"/pickup-tasks/{first}").text
    assert "A lead can take it back" in tablet.get("/my-actions").text
    assert "Take the hand-off back" in lead.get(f"/pickup-tasks/{first}").text
    assert lead.post(f"/pickup-tasks/{first}/handover/undo", headers=PLAIN).status_code == 303
    assert floor.task(first).status == "staged"

    clock.hold(lambda: nine + timedelta(minutes=10, seconds=1))
    assert take_back(lead, second, "handover") == 409
    assert "Take the hand-off back" not in lead.get(f"/pickup-tasks/{second}").text


def test_the_slot_keeps_the_last_act_and_says_when_somebody_moved_it_on(floor: Floor):
    maya, ben, task_id = floor.tablet(), floor.tablet("Ben Ash"), floor.order()
    post(maya, task_id, "acknowledgement")
    (undo,) = actions(maya)

    post(ben, task_id, "picks", code=MILK)
    refused = maya.post(undo, headers=HTMX)

    assert refused.status_code == 409
    assert "Order 1001 has moved on since" in refused.text
    assert "1001 accepted" in maya.get("/").text
    assert actions(maya) == []
    assert "Moved on" in maya.get("/my-actions").text


def test_of_the_last_actions_each_is_taken_back_that_nobody_moved_on(floor: Floor):
    tablet, ids = floor.tablet(), [floor.order(f"A-{number}") for number in range(3)]
    for task_id in ids:
        post(tablet, task_id, "acknowledgement")

    newest, _, oldest = actions(tablet)
    reply = tablet.post(oldest, headers={**HTMX, "HX-Current-URL": "http://localhost/my-actions"})

    assert 'hx-target="#my-actions"' in reply.text
    assert "Taken back" in reply.text
    assert floor.task(ids[0]).status == "requested"
    assert len(actions(tablet)) == 2
    assert tablet.post(oldest, headers=HTMX).status_code == 409
    assert floor.tablet("Ben Ash").post(newest, headers=HTMX).status_code == 404


def test_accepting_all_is_taken_back_as_one_act(floor: Floor):
    tablet, ids = floor.tablet(), [floor.order(f"A-{number}") for number in range(3)]

    reply = tablet.post("/pickup-tasks/acknowledgements", data={"of": 3}, headers=HTMX)
    assert "3 orders accepted" in reply.text
    tablet.post(actions(tablet)[0], headers=HTMX)

    assert {floor.task(task_id).status for task_id in ids} == {"requested"}


@pytest.mark.parametrize("is_staged", [False, True])
def test_a_cancelled_bag_is_for_sale_unit_by_unit_as_it_is_put_back(floor: Floor, is_staged: bool):
    tablet = floor.tablet()
    task_id = staged(floor, tablet)
    if not is_staged:
        take_back(tablet, task_id, "staging")
    cancel(task_id)
    assert "3 items to put back" in tablet.get("/").text
    assert free(floor) == (498, 499)

    assert tablet.post(f"/pickup-tasks/{task_id}/put-back", data={"code": "LOC-S-09"}, headers=HTMX).status_code == 422
    post(tablet, task_id, "put-back", code=MILK)
    assert free(floor) == (499, 499)
    post(tablet, task_id, "put-back", code=BREAD)
    assert tablet.post(f"/pickup-tasks/{task_id}/put-back", data={"code": BREAD}, headers=HTMX).status_code == 409
    last = post(tablet, task_id, "put-back", code=MILK)

    assert free(floor) == (500, 500)
    assert floor.task(task_id).status == "put back"
    assert f'id="task-{task_id}"' in last.text
    assert 'data-lane="out"' in last.text
    assert "to put back" not in tablet.get("/").text


def test_nothing_is_put_back_of_an_order_that_stands(floor: Floor):
    tablet = floor.tablet()
    task_id = staged(floor, tablet)

    reply = tablet.post(f"/pickup-tasks/{task_id}/put-back", data={"code": MILK}, headers=HTMX)

    assert reply.status_code == 409
    assert free(floor) == (498, 499)


def test_the_page_of_an_order_counts_the_stores_problems(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    line = floor.task(task_id).order.lines[1]
    post(tablet, task_id, "shorts", line_id=line.id, reason="damaged")

    for address in (f"/pickup-tasks/{task_id}", "/my-actions", "/pick-walk", "/"):
        assert re.search(r'id="problems-n"[^>]*>1<', tablet.get(address).text), address
